/** What a step was done to, or made, as the answer tells. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { Counterpart, Step } from '../../core/steps.ts';
import { readAnswer } from './client.ts';
import {
  createdAccountSchema,
  createdInvoiceSchema,
  createdNumberSchema,
  jobSchema,
  postedSchema,
} from './wire.ts';

/** A success whose answer cannot be read did happen: only a look-up may decide. */
export function counterpartOf(step: Step, raw: JsonValue, call: string): Counterpart {
  try {
    return counterpartIn(step, raw, call);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    // No code: the same key gives this very answer again, while a new one could make a second document.
    throw new OperatingError('ambiguous', error.message, { field: error.field, cause: error });
  }
}

function counterpartIn(step: Step, raw: JsonValue, call: string): Counterpart {
  switch (step.kind) {
    case 'create-account': {
      const { accountId, accountNumber } = readAnswer(createdAccountSchema, raw, call);
      return { id: accountId, number: accountNumber };
    }
    case 'create-invoice': {
      const { id, invoiceNumber } = readAnswer(createdInvoiceSchema, raw, call);
      return { id, number: invoiceNumber };
    }
    case 'create-payment':
    case 'create-credit':
    case 'refund-payment':
    case 'adjust-invoice': {
      const { id, number } = readAnswer(createdNumberSchema, raw, call);
      return { id, number };
    }
    case 'post-invoice':
      requirePosted(step.invoice, raw, call);
      return step.invoice;
    case 'update-account':
      return step.account;
    case 'cancel-refund':
      return step.refund;
    case 'reverse-invoice':
    case 'delete-invoice':
      requireDone(raw, call);
      return step.invoice;
    case 'replace-lines':
    case 'change-invoice-date':
    case 'change-due-date':
    case 'change-texts':
    case 'unpost-invoice':
    case 'cancel-invoice':
      return step.invoice;
    case 'update-payment':
    case 'apply-payment':
    case 'unapply-payment':
    case 'cancel-payment':
    case 'transfer-payment':
      return step.payment;
    case 'apply-credit':
    case 'unapply-credit':
    case 'unpost-credit':
    case 'cancel-credit':
      return step.credit;
  }
}

/** A batch that says nothing of the one invoice in it has not said that it was posted. */
function requirePosted({ id, number }: Counterpart, raw: JsonValue, call: string): void {
  const { invoices } = readAnswer(postedSchema, raw, call);
  if (!invoices || invoices.some((one) => one.id === id && one.success !== false)) return;
  throw new OperatingError('ambiguous', `${call}: the answer does not speak of invoice ${number}`);
}

/** Invoices of many items go on as a job: until it is seen to be done, nobody knows. */
function requireDone(raw: JsonValue, call: string): void {
  const { jobId, jobStatus } = readAnswer(jobSchema, raw, call);
  if (!jobId || jobStatus === 'Completed') return;
  throw new OperatingError('ambiguous', `${call}: job ${jobId} is ${jobStatus ?? 'not told'}`);
}
