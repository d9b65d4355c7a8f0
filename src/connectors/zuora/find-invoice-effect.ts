/** Whether what a step does to an invoice has been done. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { DestinationRequest, StepResult } from '../../core/ports.ts';
import type { StepOf } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { isDead, readIfThere, taken } from './lookups.ts';
import { invoiceComments, isMarked } from './marks.ts';
import { isReversed, listItems } from './read-back.ts';
import { invoiceSchema, queriedMemoSchema } from './wire.ts';

type InvoiceChange = StepOf<
  | 'replace-lines'
  | 'change-invoice-date'
  | 'change-due-date'
  | 'change-texts'
  | 'post-invoice'
  | 'unpost-invoice'
  | 'reverse-invoice'
  | 'cancel-invoice'
  | 'delete-invoice'
>;

type Found = { invoice: ReturnType<typeof invoiceSchema.parse>; raw: JsonValue };
/** `impossible`: neither as before the step nor as after it. */
type Verdict = 'done' | 'not-done' | 'impossible';

export async function findInvoice(
  client: ZuoraClient,
  number: string,
  externalKey: string,
): Promise<StepResult | undefined> {
  const found = await readInvoiceIfThere(client, number);
  if (found === undefined) return undefined;
  const { invoice, raw } = found;
  if (!isMarked(invoice.comments, externalKey)) {
    const mark = invoice.comments ? `it is marked "${invoice.comments.slice(0, 100)}"` : 'it carries no mark';
    throw taken(`invoice ${number} exists already but is not the copy of ${externalKey}: ${mark}`);
  }
  if (isDead(invoice.status) || (await isReversed(client, invoice))) {
    const status = isDead(invoice.status) ? invoice.status : 'reversed';
    throw taken(`invoice ${number}, the copy of ${externalKey}, is ${status} and keeps its number`);
  }
  return { counterpart: { id: invoice.id, number: invoice.invoiceNumber }, raw };
}

export async function findInvoiceChange(
  client: ZuoraClient,
  step: InvoiceChange,
  sent?: DestinationRequest,
): Promise<StepResult | undefined> {
  const found = await readInvoiceIfThere(client, step.invoice.id);
  if (found === undefined) {
    if (step.kind === 'delete-invoice') return { counterpart: step.invoice, raw: null };
    throw new OperatingError('conflict', `invoice ${step.invoice.number} is not in Zuora any more`);
  }
  const { invoice, raw } = found;
  switch (await verdictOn(client, step, invoice, sent)) {
    case 'done':
      return { counterpart: { id: invoice.id, number: invoice.invoiceNumber }, raw };
    case 'not-done':
      return undefined;
    case 'impossible':
      throw new OperatingError(
        'conflict',
        `invoice ${invoice.invoiceNumber} is ${invoice.status}, which ${step.kind} neither expects nor leaves`,
      );
  }
}

async function verdictOn(
  client: ZuoraClient,
  step: InvoiceChange,
  invoice: Found['invoice'],
  sent: DestinationRequest | undefined,
): Promise<Verdict> {
  const { status } = invoice;
  const isDraft = status === 'Draft';
  switch (step.kind) {
    case 'replace-lines':
      return linesReplaced(client, step, isDraft);
    case 'change-invoice-date':
      return invoice.invoiceDate === step.bookedOn ? 'done' : notDoneIf(isDraft);
    case 'change-due-date':
      return invoice.dueDate === step.dueOn ? 'done' : notDoneIf(isDraft);
    case 'change-texts': {
      // What was sent then: the table of custom fields may be another one by now.
      const texts = sent?.body ?? { comments: invoiceComments(step.externalKey, step.from) };
      const isDone = Object.entries(texts).every(([name, text]) => (invoice[name] ?? '') === text);
      return isDone ? 'done' : notDoneIf(isDraft || status === 'Posted');
    }
    case 'post-invoice':
      return status === 'Posted' ? 'done' : notDoneIf(isDraft);
    case 'unpost-invoice':
      if (isDraft) return 'done';
      return notDoneIf(status === 'Posted' && !(await isReversed(client, invoice)));
    case 'reverse-invoice':
      if (status !== 'Posted') return 'impossible';
      return (await isReversed(client, invoice)) || (await hasOwnReversal(client, step))
        ? 'done'
        : 'not-done';
    case 'cancel-invoice':
      return isDead(status) ? 'done' : notDoneIf(isDraft);
    case 'delete-invoice':
      return notDoneIf(isDraft || isDead(status));
  }
}

/** A reversal may not be shown yet: its memo carries the mark that was sent with it, and no other memo has that alone. */
async function hasOwnReversal(
  client: ZuoraClient,
  { invoice, externalKey }: StepOf<'reverse-invoice'>,
): Promise<boolean> {
  const rows = await client.query('credit-memos', [['filter[]', `invoiceid.EQ:${invoice.id}`]]);
  return rows
    .map((row) => readAnswer(queriedMemoSchema, row, 'GET object-query credit-memos'))
    .some(({ comment, status }) => comment === externalKey && status === 'Posted');
}

/** By the old items: new ones have ids that nobody can know beforehand. */
async function linesReplaced(
  client: ZuoraClient,
  { invoice, itemIds }: StepOf<'replace-lines'>,
  isDraft: boolean,
): Promise<Verdict> {
  const present = new Set((await listItems(client, invoice.id)).map(({ id }) => id));
  const left = itemIds.filter((id) => present.has(id)).length;
  if (left === 0 && itemIds.length > 0) return 'done';
  return notDoneIf(isDraft && left === itemIds.length);
}

function notDoneIf(isAsBefore: boolean): Verdict {
  return isAsBefore ? 'not-done' : 'impossible';
}

/** A memo has no number of ours, so its mark is looked for among the memos of the invoice. */
export async function findAdjustment(
  client: ZuoraClient,
  { invoice, direction, mark }: StepOf<'adjust-invoice'>,
): Promise<StepResult | undefined> {
  const object = direction === 'credit' ? 'credit-memos' : 'debit-memos';
  const rows = await client.query(object, [['filter[]', `invoiceid.EQ:${invoice.id}`]]);
  const living = rows
    .map((raw) => ({ raw, memo: readAnswer(queriedMemoSchema, raw, `GET object-query ${object}`) }))
    .filter(({ memo }) => (memo.comment ?? memo.comments) === mark && !isDead(memo.status));
  const [first, second] = living;
  if (second !== undefined) {
    const numbers = living.map(({ memo }) => memo.memoNumber).join(', ');
    throw taken(`several living memos carry the mark ${mark}: ${numbers}`);
  }
  return first && { counterpart: { id: first.memo.id, number: first.memo.memoNumber }, raw: first.raw };
}

async function readInvoiceIfThere(client: ZuoraClient, key: string): Promise<Found | undefined> {
  const raw = await readIfThere(client, 'GET invoice', `/v1/invoices/${encodeURIComponent(key)}`);
  if (raw === undefined) return undefined;
  return { invoice: readAnswer(invoiceSchema, raw, 'GET invoice'), raw };
}
