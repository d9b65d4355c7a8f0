/** Reads copies back, to be compared with the source to the minor unit. */
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import { type Money, MoneyError, parseMoney } from '../../core/money.ts';
import type { CopyState } from '../../core/ports.ts';
import { PAGE_ONE, type Query, readAnswer, type ZuoraClient } from './client.ts';
import {
  creditMemoSchema,
  debitMemoSchema,
  invoiceItemsSchema,
  invoiceSchema,
  partsSchema,
  paymentSchema,
  queriedInvoiceSchema,
  refundsSchema,
} from './wire.ts';

type Stages = ReadonlyMap<string, CopyState['stage']>;

const DOCUMENT_STAGES: Stages = new Map([
  ['Draft', 'draft'],
  ['Posted', 'posted'],
  ['Canceled', 'cancelled'],
]);

const PAYMENT_STAGES: Stages = new Map([
  ['Draft', 'draft'],
  ['Pending', 'draft'],
  ['Processing', 'draft'],
  ['Processed', 'posted'],
  ['Posted', 'posted'],
  ['Canceled', 'cancelled'],
]);

/** By id or number. */
export async function readInvoice(client: ZuoraClient, key: string): Promise<CopyState> {
  const raw = await client.get('GET invoice', `/v1/invoices/${encodeURIComponent(key)}`);
  const invoice = readAnswer(invoiceSchema, raw, 'GET invoice');
  const { currency } = invoice;
  const stage = stageOf(DOCUMENT_STAGES, invoice.status, `invoice ${invoice.invoiceNumber}`);
  return {
    counterpart: { id: invoice.id, number: invoice.invoiceNumber },
    accountId: invoice.accountId,
    stage: (await isReversed(client, invoice)) ? 'reversed' : stage,
    amount: moneyOf(invoice.amount, currency),
    balance: moneyOf(invoice.balance, currency),
    refunded: moneyOf('0', currency),
    date: invoice.dueDate,
    issuedOn: invoice.invoiceDate,
    comment: invoice.comments ?? '',
    applied: [],
    raw,
  };
}

/** Only Object Query tells it; it is asked only where it can be so: posted, nothing owed, and by a credit memo. */
export async function isReversed(
  client: ZuoraClient,
  invoice: {
    id: string;
    status: string;
    balance: string;
    amount: string;
    creditMemoAmount?: string | null | undefined;
  },
): Promise<boolean> {
  const { id, status, balance, amount, creditMemoAmount } = invoice;
  if (status !== 'Posted' || balance !== '0') return false;
  if (creditMemoAmount === '0' && amount !== '0') return false;
  const [row] = await client.query('invoices', [['filter[]', `id.EQ:${id}`]]);
  return (
    row !== undefined && readAnswer(queriedInvoiceSchema, row, 'GET object-query invoices').reversed === true
  );
}

export async function listItems(client: ZuoraClient, invoiceId: string) {
  const path = `/v1/invoices/${encodeURIComponent(invoiceId)}/items`;
  const pages = await client.pages('GET invoice items', path, invoiceItemsSchema);
  return pages.flatMap(({ invoiceItems }) => invoiceItems);
}

export async function readPayment(client: ZuoraClient, id: string): Promise<CopyState> {
  const raw = await client.get('GET payment', `/v1/payments/${encodeURIComponent(id)}`);
  const payment = readAnswer(paymentSchema, raw, 'GET payment');
  const stage = stageOf(PAYMENT_STAGES, payment.status, `payment ${payment.number}`);
  const applied = await readApplied(client, 'payment', id, payment.currency);
  return settlement({ ...payment, stage, date: payment.effectiveDate, applied, raw });
}

export async function readCredit(client: ZuoraClient, id: string): Promise<CopyState> {
  const raw = await client.get('GET credit-memo', `/v1/credit-memos/${encodeURIComponent(id)}`);
  const memo = readAnswer(creditMemoSchema, raw, 'GET credit-memo');
  const stage = stageOf(DOCUMENT_STAGES, memo.status, `credit memo ${memo.number}`);
  const applied = await readApplied(client, 'credit', id, memo.currency);
  return settlement({ ...memo, stage, date: memo.creditMemoDate, applied, raw });
}

type Settlement = Pick<CopyState, 'stage' | 'date' | 'applied'> & {
  id: string;
  number: string;
  accountId?: string | null | undefined;
  currency: string;
  amount: string;
  unappliedAmount: string;
  refundAmount?: string | null | undefined;
  comment?: string | null | undefined;
  raw: JsonValue;
};

function settlement(read: Settlement): CopyState {
  const { id, number, currency, stage, date, applied, raw } = read;
  return {
    counterpart: { id, number },
    accountId: read.accountId ?? '',
    stage,
    amount: moneyOf(read.amount, currency),
    balance: moneyOf(read.unappliedAmount, currency),
    refunded: moneyOf(read.refundAmount ?? '0', currency),
    date,
    comment: read.comment ?? '',
    applied,
    raw,
  };
}

/** A debit memo for the difference to an invoice: owed beside it. */
export async function readDebit(client: ZuoraClient, id: string): Promise<CopyState> {
  const raw = await client.get('GET debit-memo', `/v1/debit-memos/${encodeURIComponent(id)}`);
  const { balance, ...memo } = readAnswer(debitMemoSchema, raw, 'GET debit-memo');
  const stage = stageOf(DOCUMENT_STAGES, memo.status, `debit memo ${memo.number}`);
  const read = settlement({
    ...memo,
    unappliedAmount: balance,
    stage,
    date: memo.debitMemoDate,
    applied: [],
    raw,
  });
  return { ...read, counterpart: { ...read.counterpart, isDebit: true } };
}

/** What of a payment or credit memo is applied to which invoice or debit memo. */
export async function readApplied(
  client: ZuoraClient,
  kind: 'payment' | 'credit',
  id: string,
  currency: string,
): Promise<CopyState['applied']> {
  const key = encodeURIComponent(id);
  const pages = await (kind === 'payment'
    ? client.pages('GET payment parts', `/v1/payments/${key}/parts`, partsSchema)
    : client.pages('GET credit-memo parts', `/v1/credit-memos/${key}/parts`, partsSchema));
  const parts = pages.flatMap((page) => page.parts);
  const sums = new Map<string, bigint>();
  for (const { invoiceId, debitMemoId, amount } of parts) {
    // A part on neither is the unapplied rest.
    const owed = invoiceId || debitMemoId;
    if (owed) sums.set(owed, (sums.get(owed) ?? 0n) + moneyOf(amount, currency).amountMinor);
  }
  const debits = new Set(parts.map(({ debitMemoId }) => debitMemoId));
  return [...sums]
    .filter(([, amountMinor]) => amountMinor !== 0n)
    .map(([invoiceId, amountMinor]) => ({
      invoiceId,
      ...(debits.has(invoiceId) ? { isDebit: true as const } : {}),
      amount: { amountMinor, currency },
    }));
}

export async function listRefundRows(client: ZuoraClient, paymentId: string) {
  const query: Query = [['paymentId', paymentId], ...PAGE_ONE];
  const pages = await client.pages('GET refunds', '/v1/refunds', refundsSchema, query);
  return pages.flatMap(({ refunds }) => refunds);
}

/** An unknown status is no default: a person has to look. */
function stageOf(stages: Stages, status: string, what: string): CopyState['stage'] {
  const stage = stages.get(status);
  if (stage !== undefined) return stage;
  throw new OperatingError('rejected', `${what} has the status ${status} in Zuora`, {
    code: 'unexpected-status',
  });
}

export function moneyOf(text: string, currency: string): Money {
  try {
    return parseMoney(text, currency);
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    throw new OperatingError('rejected', `Zuora shows an amount that cannot be: ${error.message}`, {
      code: 'unexpected-answer',
      cause: error,
    });
  }
}
