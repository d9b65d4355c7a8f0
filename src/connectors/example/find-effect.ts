/** Whether a step's effect is there: by natural key, or by the state it leaves. */
import { OperatingError } from '../../core/errors.ts';
import type { Counterpart, Step, StepOf } from '../../core/steps.ts';
import type { Billing, BillingInvoice, BillingPayment } from './billing.ts';
import { commentOf } from './effects.ts';

export function findEffect(billing: Billing, step: Step): Counterpart | undefined {
  switch (step.kind) {
    case 'create-account':
      return billing.accounts.find(({ number }) => number === step.accountNumber);
    case 'update-account':
      return doneIf(there(billing.accounts, step.account), ({ name, email }) => {
        return name === (step.client.organization ?? '') && email === (step.client.email ?? '');
      });
    case 'create-invoice':
      // Under the same number somebody else may have made another one.
      return billing.invoices.find(
        ({ number, comment }) => number === step.number && isMarked(comment, step.externalKey),
      );
    case 'create-payment':
      return billing.payments.find(
        ({ reference, stage }) => reference === step.externalKey && stage !== 'cancelled',
      );
    case 'create-credit':
      return billing.credits.find(
        ({ number, reference }) => number === step.number && reference === step.externalKey,
      );
    case 'adjust-invoice':
      return billing.memos.find(({ mark }) => mark === step.mark);
    case 'refund-payment':
      return there(billing.payments, step.payment).refunds.find(({ mark }) => mark === step.mark);
    case 'cancel-refund':
      return doneIf(there(there(billing.payments, step.payment).refunds, step.refund), isCancelled);
    case 'update-payment':
      return doneIf(there(billing.payments, step.payment), ({ comment }) => comment === step.from.note);
    case 'transfer-payment':
      return doneIf(there(billing.payments, step.payment), ({ account }) => account === step.account.id);
    case 'cancel-payment':
      return doneIf(there(billing.payments, step.payment), isCancelled);
    case 'apply-payment':
    case 'unapply-payment':
      return doneIf(there(billing.payments, step.payment), (payment) => isApplied(payment, step));
    case 'apply-credit':
    case 'unapply-credit':
      return doneIf(there(billing.credits, step.credit), (credit) => isApplied(credit, step));
    case 'unpost-credit':
      return doneIf(there(billing.credits, step.credit), ({ stage }) => stage !== 'posted');
    case 'cancel-credit':
      return doneIf(there(billing.credits, step.credit), isCancelled);
    default:
      return doneIf(there(billing.invoices, step.invoice), (invoice) => isChanged(invoice, step));
  }
}

function isMarked(comment: string, mark: string): boolean {
  return comment === mark || comment.startsWith(`${mark} | `);
}

type InvoiceChange = Exclude<
  Extract<Step, { invoice: Counterpart; externalKey: string }>,
  { kind: 'adjust-invoice' }
>;

function isChanged({ stage, issued, due, comment, items }: BillingInvoice, step: InvoiceChange): boolean {
  switch (step.kind) {
    case 'replace-lines':
      return !items.some(({ id }) => step.itemIds.includes(id));
    case 'change-invoice-date':
      return issued === step.bookedOn;
    case 'change-due-date':
      return due === step.dueOn;
    case 'change-texts':
      return comment === commentOf(step.externalKey, step.from.notes);
    case 'post-invoice':
      return stage === 'posted';
    case 'unpost-invoice':
      return stage === 'draft';
    case 'reverse-invoice':
      return stage === 'reversed';
    case 'cancel-invoice':
      return stage === 'cancelled';
    case 'delete-invoice':
      return stage === 'deleted';
  }
}

function isApplied(
  { applied }: BillingPayment,
  {
    kind,
    invoice,
    amount,
    after,
  }: StepOf<'apply-payment' | 'unapply-payment' | 'apply-credit' | 'unapply-credit'>,
): boolean {
  const isMinor = applied.find(({ invoiceId }) => invoiceId === invoice.id)?.amount.amountMinor ?? 0n;
  const isApplying = kind === 'apply-payment' || kind === 'apply-credit';
  return isMinor === (after?.amountMinor ?? (isApplying ? amount.amountMinor : 0n));
}

const isCancelled = ({ stage }: { stage: string }) => stage === 'cancelled';

function doneIf<Row>(row: Row, isDone: (row: Row) => boolean): Row | undefined {
  return isDone(row) ? row : undefined;
}

function there<Row extends Counterpart>(rows: readonly Row[], { id }: Counterpart): Row {
  const row = rows.find((other) => other.id === id);
  if (!row) throw new OperatingError('conflict', `${id} is not there`);
  return row;
}
