/** What the simulated tenant guarantees about credit and debit memos, reversals, unposting, and people at work in it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, INVOICE, ITEM, startBench } from './test-kit.ts';

let bench: Bench;
let chargeId = '';
let invoiceId = '';
let itemId = '';
let made = 0;

beforeAll(async () => {
  bench = await startBench();
  await bench.account();
  const { features } = (await bench.control('GET', '')).body as { features: { catalogCharges: [string] } };
  chargeId = features.catalogCharges[0];
});
afterAll(() => {
  bench.simulator.tenant.books.assertAll();
  return bench.close();
});
beforeEach(async () => {
  made += 1;
  const invoice = await bench.invoice({ invoiceNumber: `M-${made}`, invoiceItems: [ITEM] });
  invoiceId = String(invoice.body['id']);
  const { body } = await bench.call('GET', `/v1/invoices/${invoiceId}/items`);
  itemId = (body['invoiceItems'] as [{ id: string }])[0].id;
});

const charge = (amount: number, extra: Record<string, unknown> = {}) =>
  bench.call('POST', '/v1/credit-memos', {
    accountNumber: 'FB-1',
    effectiveDate: '2026-11-02',
    autoPost: true,
    charges: [{ productRatePlanChargeId: chargeId, amount }],
    ...extra,
  });
const memoOn = (kind: 'credit' | 'debit', amount: number, extra: Record<string, unknown> = {}) =>
  bench.call('POST', `/v1/${kind}-memos/invoice/${invoiceId}`, {
    invoiceId,
    effectiveDate: '2026-11-02',
    autoPost: true,
    taxAutoCalculation: false,
    items: [{ invoiceItemId: itemId, skuName: 'Work', amount }],
    ...extra,
  });
const put = (path: string, body: unknown = {}) => bench.call('PUT', `/v1/${path}`, body);
const share = (amount: number) => ({ invoices: [{ invoiceId, amount }] });

describe('credit memos of their own', () => {
  test('need a charge of the catalog, a free number and an open period', async () => {
    const unknown = [{ productRatePlanChargeId: 'none', amount: 5 }];
    expect((await charge(5, { charges: unknown })).status).toBe(400);
    expect((await charge(5, { number: 'C-1' })).body).toMatchObject({ number: 'C-1', status: 'Posted' });
    expect((await charge(5, { number: 'C-1' })).status).toBe(400);
    await bench.control('PUT', '/closed-periods', { periods: ['2026-10'] });
    expect((await charge(5, { effectiveDate: '2026-10-31' })).text).toContain('closed Accounting Period');
    await bench.control('PUT', '/closed-periods', { periods: [] });
  });

  test('are applied and unapplied within what is owed and what is left', async () => {
    const { id } = (await charge(60)).body;
    expect((await put(`credit-memos/${id}/apply`, share(61))).status).toBe(400);
    expect((await put(`credit-memos/${id}/apply`, share(40))).body).toMatchObject({
      appliedAmount: 40,
      unappliedAmount: 20,
    });
    expect(await bench.balanceOf(invoiceId)).toBe('60');
    const { body } = await bench.call('GET', `/v1/invoices/${invoiceId}/application-parts`);
    expect(body['applicationParts']).toMatchObject([{ creditMemoId: id, appliedAmount: 40 }]);
    expect((await put(`credit-memos/${id}/unpost`)).status).toBe(400);
    expect((await put(`credit-memos/${id}/unapply`, share(41))).status).toBe(400);
    expect((await put(`credit-memos/${id}/unapply`, share(40))).body).toMatchObject({ appliedAmount: 0 });
    expect(await bench.balanceOf(invoiceId)).toBe('100');
  });

  test('are unposted, cancelled, then deleted, in that order only', async () => {
    const { id } = (await charge(7)).body;
    expect((await put(`credit-memos/${id}/cancel`)).status).toBe(400);
    await put(`credit-memos/${id}/unpost`);
    expect((await put(`credit-memos/${id}/apply`, share(1))).status).toBe(400);
    expect((await bench.call('DELETE', `/v1/credit-memos/${id}`)).status).toBe(400);
    const cancelled = await put(`credit-memos/${id}/cancel`);
    expect(cancelled.body).toMatchObject({ status: 'Canceled', unappliedAmount: 0 });
    expect((await bench.call('DELETE', `/v1/credit-memos/${id}`)).status).toBe(200);
    expect((await bench.call('GET', `/v1/credit-memos/${id}`)).status).toBe(404);
  });

  test('are reversed by a debit memo that they settle', async () => {
    const { id } = (await charge(9)).body;
    const { body } = await put(`credit-memos/${id}/reverse`);
    const debit = body['debitMemo'] as { id: string };
    expect((await bench.call('GET', `/v1/debit-memos/${debit.id}`)).body).toMatchObject({
      balance: 0,
      amount: 9,
    });
    expect((await put(`credit-memos/${id}/unapply`)).status).toBe(400);
  });
});

describe('memos from an invoice', () => {
  test('a credit takes at most what its item has, and settles the invoice when asked', async () => {
    expect((await memoOn('credit', 101)).status).toBe(400);
    const credit = await memoOn('credit', 30, { autoApplyToInvoiceUponPosting: true });
    expect(credit.body).toMatchObject({ appliedAmount: 30, referredInvoiceId: invoiceId });
    expect(await bench.balanceOf(invoiceId)).toBe('70');
    expect((await memoOn('credit', 71)).status).toBe(400);
    const { body } = await bench.call('GET', `/v1/invoices/${invoiceId}/items`);
    expect(body['invoiceItems']).toMatchObject([{ availableToCreditAmount: 70 }]);
  });

  test('a debit is owed beside the invoice and takes payments of its own', async () => {
    const { id } = (await memoOn('debit', 25)).body;
    expect(await bench.balanceOf(invoiceId)).toBe('100');
    const { number } = (await bench.payment('', 25, { invoices: [] })).body;
    const on = { debitMemos: [{ debitMemoId: id, amount: 25 }] };
    expect((await put(`payments/${number}/apply`, on)).body).toMatchObject({ unappliedAmount: 0 });
    expect((await put(`debit-memos/${id}/unpost`)).status).toBe(400);
    const parts = await bench.call('GET', `/v1/debit-memos/${id}/application-parts`);
    expect(parts.body['applicationParts']).toMatchObject([{ appliedAmount: 25 }]);
    await put(`payments/${number}/unapply`);
    await put(`debit-memos/${id}/unpost`);
    expect((await put(`debit-memos/${id}/cancel`)).body).toMatchObject({ balance: 0, status: 'Canceled' });
    expect((await bench.call('DELETE', `/v1/debit-memos/${id}`)).status).toBe(200);
  });

  test('an invoice that memos were made from is neither unposted nor reversed until they are cancelled', async () => {
    const { id } = (await memoOn('debit', 5)).body;
    expect((await put(`invoices/${invoiceId}/unpost`)).status).toBe(400);
    expect((await put(`invoices/${invoiceId}/reverse`)).status).toBe(400);
    await put(`debit-memos/${id}/unpost`);
    await put(`debit-memos/${id}/cancel`);
    expect((await put(`invoices/${invoiceId}/unpost`)).status).toBe(200);
  });
});

describe('undoing invoices', () => {
  test('a reversal is for good: its memo and the invoice cannot be touched again', async () => {
    const { body } = await put(`invoices/${invoiceId}/reverse`);
    const memo = body['creditMemo'] as { id: string };
    expect((await put(`credit-memos/${memo.id}/unapply`)).status).toBe(400);
    expect((await put(`invoices/${invoiceId}/unpost`)).status).toBe(400);
    expect((await memoOn('debit', 5)).status).toBe(400);
  });

  test('a write-off credits what is left of a part-paid invoice', async () => {
    await bench.payment(invoiceId, 80);
    await put(`invoices/${invoiceId}/write-off`);
    const { body } = await bench.call('GET', `/v1/invoices/${invoiceId}`);
    expect(body).toMatchObject({ balance: 0, paymentAmount: 80, creditMemoAmount: 20 });
  });

  test('unposting is forbidden, or open to the latest invoice only, as the tenant is set', async () => {
    await bench.control('PUT', '/features', { unposting: 'forbidden' });
    expect((await put(`invoices/${invoiceId}/unpost`)).status).toBe(403);
    await bench.control('PUT', '/features', { unposting: 'latest-only' });
    await bench.call('POST', '/v1/invoices', {
      ...INVOICE,
      invoiceNumber: 'later',
      invoiceDate: '2026-11-09',
    });
    expect((await put(`invoices/${invoiceId}/unpost`)).status).toBe(400);
    expect((await put('invoices/later/unpost')).status).toBe(200);
    await bench.control('PUT', '/features', { unposting: 'allowed', reversal: false });
    expect((await put(`invoices/${invoiceId}/reverse`)).status).toBe(403);
    await bench.control('PUT', '/features', { reversal: true });
  });
});

describe('the ledger', () => {
  test('shows memos, refunds and what settles what, and only the mark of a comment', async () => {
    const { id } = (await charge(12, { number: `L-${made}`, comment: 'key-1 | words' })).body;
    await put(`credit-memos/${id}/apply`, share(2));
    const { number } = (await bench.payment(invoiceId, 10, { amount: 50 })).body;
    await bench.call('POST', `/v1/payments/${number}/refunds`, {
      type: 'External',
      methodType: 'Cash',
      totalAmount: 15,
    });
    const { body } = await bench.control('GET', '/ledger');
    const rows = (name: string) => body[name] as Record<string, unknown>[];
    expect(rows('credits').find((row) => row['id'] === id)).toMatchObject({
      reference: 'key-1',
      creditType: 'charge',
      applied: '2.00',
      unapplied: '10.00',
      invoiceNumbers: [`M-${made}`],
      state: 'live',
    });
    expect(rows('payments').find((row) => row['number'] === number)).toMatchObject({
      applied: '10.00',
      unapplied: '25.00',
      refunded: '15.00',
    });
    expect(rows('refunds')).toMatchObject([{ paymentNumber: number, amount: '15.00', state: 'live' }]);
    const settling = rows('applications').filter((row) => row['toNumber'] === `M-${made}`);
    expect(settling).toMatchObject([
      { from: 'credit', fromNumber: `L-${made}`, amount: '2.00' },
      { from: 'payment', fromNumber: number, amount: '10.00' },
    ]);
  });

  test('a person at work inside Zuora edits, reverses and unapplies without a token', async () => {
    const { number } = (await bench.payment(invoiceId, 10)).body;
    const byHand = (method: string, path: string, body: unknown = {}) =>
      bench.control('POST', '/by-hand', { method, path, body });
    expect((await byHand('PUT', `/v1/invoices/${invoiceId}/reverse`)).status).toBe(400);
    expect((await byHand('PUT', `/v1/payments/${number}/unapply`)).status).toBe(200);
    await byHand('PUT', `/v1/invoices/${invoiceId}`, { comments: 'mine now' });
    await byHand('PUT', `/v1/invoices/${invoiceId}/reverse`);
    const { body } = await bench.control('GET', '/ledger');
    const invoices = body['invoices'] as { id: string }[];
    expect(invoices.find(({ id }) => id === invoiceId)).toMatchObject({
      state: 'reversed',
      reference: 'mine now',
    });
    expect((await byHand('PUT', '/v1/nothing')).status).toBe(400);
  });
});
