/** Reads a copy back, to be compared with the source to the minor unit. */
import { OperatingError } from '../../core/errors.ts';
import { type Money, MoneyError, parseMoney } from '../../core/money.ts';
import type { CopyState } from '../../core/ports.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { invoiceSchema, paymentPartsSchema, paymentSchema } from './wire.ts';

const PAGE_SIZE = 40;
/** 1,000 applications are the most a payment can have. */
const MAX_PAGES = 25;

const INVOICE_STAGES: ReadonlyMap<string, CopyState['stage']> = new Map([
  ['Draft', 'draft'],
  ['Posted', 'posted'],
  ['Canceled', 'cancelled'],
]);

const PAYMENT_STAGES: ReadonlyMap<string, CopyState['stage']> = new Map([
  ['Draft', 'draft'],
  ['Pending', 'draft'],
  ['Processing', 'draft'],
  ['Processed', 'posted'],
  ['Posted', 'posted'],
  ['Canceled', 'cancelled'],
]);

export async function readInvoice(client: ZuoraClient, id: string): Promise<CopyState> {
  const raw = await client.get('GET invoice', `/v1/invoices/${encodeURIComponent(id)}`);
  const invoice = readAnswer(invoiceSchema, raw, 'GET invoice');
  return {
    counterpart: { id: invoice.id, number: invoice.invoiceNumber },
    stage: stageOf(INVOICE_STAGES, invoice.status, `invoice ${invoice.invoiceNumber}`),
    amount: moneyOf(invoice.amount, invoice.currency),
    balance: moneyOf(invoice.balance, invoice.currency),
    date: invoice.dueDate,
    applied: [],
    raw,
  };
}

export async function readPayment(client: ZuoraClient, id: string): Promise<CopyState> {
  const path = `/v1/payments/${encodeURIComponent(id)}`;
  const raw = await client.get('GET payment', path);
  const payment = readAnswer(paymentSchema, raw, 'GET payment');
  return {
    counterpart: { id: payment.id, number: payment.number },
    stage: stageOf(PAYMENT_STAGES, payment.status, `payment ${payment.number}`),
    amount: moneyOf(payment.amount, payment.currency),
    balance: moneyOf(payment.unappliedAmount, payment.currency),
    date: payment.effectiveDate,
    applied: await readApplied(client, path, payment.currency),
    raw,
  };
}

async function readApplied(
  client: ZuoraClient,
  paymentPath: string,
  currency: string,
): Promise<CopyState['applied']> {
  const byInvoice = new Map<string, bigint>();
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = [['page', String(page)] as const, ['pageSize', String(PAGE_SIZE)] as const];
    const answer = await client.get('GET payment parts', `${paymentPath}/parts`, query);
    const { parts, nextPage } = readAnswer(paymentPartsSchema, answer, 'GET payment parts');
    for (const { invoiceId, amount } of parts) {
      if (!invoiceId) continue;
      byInvoice.set(invoiceId, (byInvoice.get(invoiceId) ?? 0n) + moneyOf(amount, currency).amountMinor);
    }
    if (!nextPage) break;
  }
  return [...byInvoice]
    .filter(([, amountMinor]) => amountMinor !== 0n)
    .map(([invoiceId, amountMinor]) => ({ invoiceId, amount: { amountMinor, currency } }));
}

/** An unknown status is no default: a person has to look. */
function stageOf(
  stages: ReadonlyMap<string, CopyState['stage']>,
  status: string,
  what: string,
): CopyState['stage'] {
  const stage = stages.get(status);
  if (stage !== undefined) return stage;
  throw new OperatingError('rejected', `${what} has the status ${status} in Zuora`, {
    code: 'unexpected-status',
  });
}

function moneyOf(text: string, currency: string): Money {
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
