/** What an invoice is made of and settled by, and what was given back of a payment. */
import type { InvoiceParts } from '../../core/ports.ts';
import type { Counterpart } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { isDead } from './lookups.ts';
import { markOf } from './marks.ts';
import { listItems, listRefundRows, moneyOf } from './read-back.ts';
import { applicationPartsSchema, creditMemoSchema, invoiceSchema, paymentSchema } from './wire.ts';

export async function readInvoiceParts(client: ZuoraClient, { id }: Counterpart): Promise<InvoiceParts> {
  const path = `/v1/invoices/${encodeURIComponent(id)}`;
  const { currency } = readAnswer(invoiceSchema, await client.get('GET invoice', path), 'GET invoice');
  // A discount goes with the item that it is applied to.
  const items = (await listItems(client, id)).filter(({ appliedToItemId }) => !appliedToItemId);
  return {
    itemIds: items.map((item) => item.id),
    items: items.map((item) => ({
      id: item.id,
      name: item.chargeName ?? '',
      amount: moneyOf(item.availableToCreditAmount ?? item.chargeAmount, currency),
    })),
    settledBy: await readSettledBy(client, path, currency),
  };
}

async function readSettledBy(
  client: ZuoraClient,
  path: string,
  currency: string,
): Promise<InvoiceParts['settledBy']> {
  const pages = await client.pages(
    'GET invoice application-parts',
    `${path}/application-parts`,
    applicationPartsSchema,
    [],
  );
  const sums = new Map<string, { kind: 'payment' | 'credit'; amountMinor: bigint }>();
  for (const { paymentId, creditMemoId, appliedAmount } of pages.flatMap((page) => page.applicationParts)) {
    const id = paymentId ?? creditMemoId;
    if (!id) continue;
    const { amountMinor } = moneyOf(appliedAmount, currency);
    const sum = (sums.get(id)?.amountMinor ?? 0n) + amountMinor;
    sums.set(id, { kind: paymentId ? 'payment' : 'credit', amountMinor: sum });
  }
  const settledBy = [];
  for (const [id, { kind, amountMinor }] of sums) {
    if (amountMinor === 0n) continue;
    settledBy.push({ kind, ...(await readHolder(client, kind, id)), amount: { amountMinor, currency } });
  }
  return settledBy;
}

/** The parts name ids only. */
async function readHolder(
  client: ZuoraClient,
  kind: 'payment' | 'credit',
  id: string,
): Promise<{ counterpart: Counterpart; date: string; mark: string }> {
  if (kind === 'payment') {
    const raw = await client.get('GET payment', `/v1/payments/${encodeURIComponent(id)}`);
    const { number, effectiveDate, referenceId } = readAnswer(paymentSchema, raw, 'GET payment');
    return { counterpart: { id, number }, date: effectiveDate, mark: referenceId ?? '' };
  }
  const raw = await client.get('GET credit-memo', `/v1/credit-memos/${encodeURIComponent(id)}`);
  const { number, creditMemoDate, comment } = readAnswer(creditMemoSchema, raw, 'GET credit-memo');
  return { counterpart: { id, number }, date: creditMemoDate, mark: markOf(comment) };
}

export async function listRefunds(client: ZuoraClient, { id }: Counterpart) {
  const raw = await client.get('GET payment', `/v1/payments/${encodeURIComponent(id)}`);
  const { currency } = readAnswer(paymentSchema, raw, 'GET payment');
  const living = (await listRefundRows(client, id)).filter(({ status }) => !isDead(status));
  return living.map((refund) => ({
    refund: { id: refund.id, number: refund.number },
    amount: moneyOf(refund.amount, currency),
  }));
}
