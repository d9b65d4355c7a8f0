/** What the simulated tenant guarantees about accounts, invoices and payments. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, codeOf, INVOICE, ITEM, PAYMENT, startBench, TAX } from './test-kit.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  await bench.account();
});
afterAll(() => bench.close());

describe('accounts', () => {
  test('an account number is unique and never starts with the default prefix', async () => {
    expect(codeOf(await bench.account())).toBe(53_100_020);
    expect(codeOf(await bench.account({ accountNumber: 'ACME' }))).toBe(53_100_020);
  });
  test('a missing name is category 22 and an unknown field category 21, both told at once', async () => {
    const answer = await bench.account({ accountNumber: 'x', name: undefined, nonsense: 1 });
    expect(answer.status).toBe(400);
    expect(answer.body['reasons']).toMatchObject([{ code: 53_100_021 }, { code: 53_100_022 }]);
  });
  test('country and state are validated', async () => {
    const contact = { firstName: 'a', lastName: 'b' };
    const at = (place: object) =>
      bench.account({ accountNumber: undefined, billToContact: { ...contact, ...place } });
    expect((await at({ country: 'Atlantis' })).status).toBe(400);
    expect((await at({ country: 'Canada', state: 'Texas' })).status).toBe(400);
    expect((await at({ country: 'DEU', state: 'whatever' })).status).toBe(200);
  });
  test('a new bill-to e-mail switches invoice e-mails on unless the request says otherwise', async () => {
    await bench.account({ accountNumber: 'FB-mail' });
    await bench.call('PUT', '/v1/accounts/FB-mail', { billToContact: { workEmail: 'new@example.com' } });
    const { body } = await bench.call('GET', '/v1/accounts/FB-mail');
    expect(body['billingAndPayment']).toMatchObject({ invoiceDeliveryPrefsEmail: true });
  });
  test('an unknown account is 404 with category 40', async () => {
    const answer = await bench.call('GET', '/v1/accounts/none');
    expect([answer.status, codeOf(answer)]).toEqual([404, 50_000_040]);
  });
});

describe('invoices', () => {
  test('the total is items plus taxes plus discounts, exact to the cent', async () => {
    const items = [
      { ...ITEM, amount: 0.1, discountItems: [{ chargeName: 'd', amount: -0.05 }] },
      { ...ITEM, amount: 0.2, taxItems: [{ ...TAX, taxAmount: '0.04' }] },
    ];
    const answer = await bench.invoice({ invoiceItems: items });
    expect(answer.text).toContain('"amount":0.29,');
    expect(answer.text).toContain('"amountWithoutTax":0.25,');
    const listed = await bench.call('GET', `/v1/invoices/${answer.body['id']}/items`);
    expect(listed.body['invoiceItems']).toHaveLength(3);
  });
  test('invoice numbers are unique, also across cases of one request', async () => {
    expect((await bench.invoice({ invoiceNumber: 'U-1' })).status).toBe(200);
    expect(codeOf(await bench.invoice({ invoiceNumber: 'U-1' }))).toBe(58_490_020);
    const batch = await bench.call('POST', '/v1/invoices/batch', {
      useSingleTransaction: true,
      invoices: [
        { ...INVOICE, invoiceNumber: 'U-2' },
        { ...INVOICE, invoiceNumber: 'U-2' },
      ],
    });
    expect(batch.status).toBe(400);
    expect((await bench.call('GET', '/v1/invoices/U-2')).status).toBe(404);
  });
  test('a batch without single transaction keeps the good members and names the failed one', async () => {
    const { status, body } = await bench.call('POST', '/v1/invoices/batch', {
      invoices: [
        { ...INVOICE, invoiceNumber: 'B-1' },
        { ...INVOICE, accountNumber: 'none' },
      ],
    });
    expect([status, body['success']]).toEqual([200, true]);
    expect(body['invoices']).toMatchObject([{ success: true }, { success: false, objectIndex: 1 }]);
  });
  test.each([
    ['a number with a blank', { invoiceNumber: 'A B' }, 20],
    ['an unknown field', { nonsense: true }, 21],
    ['an unknown account', { accountNumber: 'none' }, 20],
    ['another currency than the account', { currency: 'EUR' }, 20],
    ['a negative total', { invoiceItems: [{ ...ITEM, amount: -1 }] }, 30],
    ['half a cent', { invoiceItems: [{ ...ITEM, amount: 0.005 }] }, 20],
    ['no items', { invoiceItems: [] }, 22],
    ['a payment term without Flexible Billing Attributes', { paymentTerm: 'Net 30' }, 20],
    [
      'a positive discount',
      { invoiceItems: [{ ...ITEM, discountItems: [{ chargeName: 'd', amount: 1 }] }] },
      20,
    ],
    ['an emoji', { comments: 'paid \u{1F600}' }, 20],
    ['a date that does not exist', { invoiceDate: '2026-02-30' }, 20],
  ])('%s is refused', async (_what, extra, category) => {
    const answer = await bench.invoice(extra);
    expect(answer.status).toBe(400);
    expect((codeOf(answer) ?? 0) % 100).toBe(category);
  });
  test('tax items are refused while Taxation is off', async () => {
    await bench.control('PUT', '/features', { taxation: false });
    expect((await bench.invoice()).status).toBe(403);
    await bench.control('PUT', '/features', { taxation: true });
    expect((await bench.invoice()).status).toBe(200);
  });
  test('a date in a closed period is refused', async () => {
    await bench.control('PUT', '/closed-periods', { periods: ['2026-09'] });
    expect(codeOf(await bench.invoice({ invoiceDate: '2026-09-30' }))).toBe(58_490_030);
  });
  test('only drafts can be edited and posted', async () => {
    const draft = await bench.invoice({ status: 'Draft', invoiceNumber: 'D-1' });
    expect(draft.body['status']).toBe('Draft');
    const [item] = (await itemsOf('D-1')) as [{ id: string }];
    const edited = await bench.call('PUT', '/v1/invoices/D-1', {
      invoiceItems: [{ id: item.id, amount: 50 }],
    });
    expect(edited.body).toMatchObject({ number: 'D-1', amount: 70 });
    expect((await bench.call('PUT', '/v1/invoices/D-1/post', {})).body).toMatchObject({ status: 'Posted' });
    expect(codeOf(await bench.call('PUT', '/v1/invoices/D-1/post', {}))).toBe(59_210_020);
    expect(codeOf(await bench.call('PUT', '/v1/invoices/D-1', { dueDate: '2027-01-01' }))).toBe(59_210_030);
    expect((await bench.call('PUT', '/v1/invoices/D-1/unpost')).body).toMatchObject({ status: 'Draft' });
  });
  test('a deleted invoice frees its number', async () => {
    await bench.invoice({ status: 'Draft', invoiceNumber: 'X-1' });
    expect((await bench.call('DELETE', '/v1/invoices/X-1')).status).toBe(200);
    expect((await bench.invoice({ invoiceNumber: 'X-1' })).status).toBe(200);
  });
  test('an action without a JSON body is 415 with code 50000045', async () => {
    const answer = await bench.call('PUT', '/v1/invoices/X-1/reverse');
    expect([answer.status, codeOf(answer)]).toEqual([415, 50_000_045]);
  });
  test('bulk-post answers member by member', async () => {
    const draft = await bench.invoice({ status: 'Draft' });
    const { body } = await bench.call('POST', '/v1/invoices/bulk-post', {
      invoices: [{ id: draft.body['id'] }, { id: 'none' }],
    });
    expect(body['invoices']).toMatchObject([
      { success: true },
      { success: false, reasons: [{ code: 50_000_040 }] },
    ]);
  });
});

describe('payments', () => {
  test('more than the balance is refused and leaves no trace', async () => {
    const { id } = (await bench.invoice({ invoiceNumber: 'P-over' })).body;
    const answer = await bench.payment(String(id), 120.01);
    expect((codeOf(answer) ?? 0) % 100).toBe(30);
    expect(await bench.balanceOf('P-over')).toBe('120');
  });
  test('applying more than the payment is refused', async () => {
    const { id } = (await bench.invoice()).body;
    const answer = await bench.payment(String(id), 50, { invoices: [{ invoiceId: id, amount: 60 }] });
    expect(answer.status).toBe(400);
  });
  test('an over-payment stays as unapplied amount', async () => {
    const { id } = (await bench.invoice()).body;
    const answer = await bench.payment(String(id), 150, { invoices: [{ invoiceId: id, amount: 120 }] });
    expect(answer.body).toMatchObject({ appliedAmount: 120, unappliedAmount: 30, status: 'Processed' });
  });
  test('a balance reopens after unapply, and only then the payment can be cancelled and the invoice reversed', async () => {
    const { id, invoiceNumber } = (await bench.invoice()).body;
    const { number } = (await bench.payment(String(id), 120)).body;
    expect(await bench.balanceOf(String(invoiceNumber))).toBe('0');
    expect((await bench.call('PUT', `/v1/payments/${number}/cancel`, {})).status).toBe(400);
    expect((await bench.call('PUT', `/v1/invoices/${id}/reverse`, {})).status).toBe(400);
    expect((await bench.call('PUT', `/v1/payments/${number}/unapply`, {})).status).toBe(200);
    expect(await bench.balanceOf(String(invoiceNumber))).toBe('120');
    expect((await bench.call('PUT', `/v1/payments/${number}/cancel`, {})).body).toMatchObject({
      status: 'Canceled',
    });
    expect((await bench.call('PUT', `/v1/invoices/${id}/reverse`, {})).body).toMatchObject({ success: true });
    const row = await query('invoices', `invoicenumber.EQ:${invoiceNumber}`);
    expect(row).toMatchObject([{ status: 'Posted', balance: 0, reversed: true }]);
  });
  test('a draft takes no payment', async () => {
    const { id } = (await bench.invoice({ status: 'Draft' })).body;
    expect((await bench.payment(String(id), 1)).status).toBe(400);
  });
  test('a payment can be applied later, by number, and refunded from what is left', async () => {
    const { invoiceNumber } = (await bench.invoice()).body;
    const { number } = (await bench.payment('', 100, { invoices: [] })).body;
    const applied = await bench.call('PUT', `/v1/payments/${number}/apply`, {
      invoices: [{ invoiceNumber, amount: 60 }],
    });
    expect(applied.body).toMatchObject({ appliedAmount: 60, unappliedAmount: 40 });
    const refund = (totalAmount: number) =>
      bench.call('POST', `/v1/payments/${number}/refunds`, {
        type: 'External',
        methodType: 'Check',
        totalAmount,
      });
    expect((await refund(40.01)).status).toBe(400);
    expect((await refund(40)).body).toMatchObject({ amount: 40, status: 'Processed' });
    expect((await bench.call('GET', `/v1/payments/${number}`)).body).toMatchObject({
      unappliedAmount: 0,
      refundAmount: 40,
    });
  });
  test('payments need Invoice Settlement and an enabled method', async () => {
    await bench.control('PUT', '/features', { invoiceSettlement: false });
    expect((await bench.call('POST', '/v1/payments', { ...PAYMENT, amount: 1 })).status).toBe(403);
    await bench.control('PUT', '/features', { invoiceSettlement: true, paymentMethodsEnabled: ['Cash'] });
    expect((await bench.call('POST', '/v1/payments', { ...PAYMENT, amount: 1 })).status).toBe(400);
    await bench.control('PUT', '/features', { paymentMethodsEnabled: ['Cash', 'Check'] });
  });
});

describe('object query', () => {
  test('EQ ignores case, an empty hit is an empty list and an unknown filter is refused', async () => {
    expect(await query('contacts', 'workemail.EQ:JO@EXAMPLE.COM')).not.toHaveLength(0);
    expect(await query('invoices', 'invoicenumber.EQ:none')).toEqual([]);
    const refused = await bench.call('GET', `/object-query/invoices?filter[]=comments.EQ:x`);
    expect([refused.status, codeOf(refused)]).toEqual([400, 60_500_027]);
    expect(refused.body['success']).toBeUndefined();
  });
  test('the cursor walks over everything once', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await bench.call('GET', `/object-query/invoices?pageSize=3${cursor}`);
      seen.push(...(body['data'] as { id: string }[]).map(({ id }) => id));
      cursor = body['nextPage'] === undefined ? '' : `&cursor=${body['nextPage']}`;
    } while (cursor !== '');
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe((await query('invoices', 'amount.GE:0', 99)).length);
    expect((await bench.call('GET', '/object-query/invoices?pageSize=100')).status).toBe(400);
  });
  test('applications tell which payment settles which invoice', async () => {
    const { id } = (await bench.invoice()).body;
    await bench.payment(String(id), 20, { referenceId: 'fb-pay-77' });
    const [payment] = await query('payments', 'referenceid.EQ:fb-pay-77');
    const rows = await query('payment-applications', `paymentid.EQ:${payment?.['id']}`);
    expect(rows).toMatchObject([{ invoiceId: id, applyAmount: 20 }]);
  });
});

test('the ledger adds up after everything above', async () => {
  bench.simulator.tenant.books.assertAll();
  const { body } = await bench.control('GET', '/ledger');
  const invoices = body['invoices'] as { state: string }[];
  expect(invoices.some(({ state }) => state === 'deleted')).toBe(true);
  expect(Object.keys(body).sort()).toEqual([
    'account',
    'applications',
    'calls',
    'credits',
    'customers',
    'debits',
    'invoices',
    'payments',
    'rateLimited',
    'refunds',
  ]);
});

async function query(name: string, filter: string, pageSize = 10): Promise<Record<string, unknown>[]> {
  const { body } = await bench.call(
    'GET',
    `/object-query/${name}?pageSize=${pageSize}&filter[]=${encodeURIComponent(filter)}`,
  );
  return body['data'] as Record<string, unknown>[];
}

async function itemsOf(key: string): Promise<unknown> {
  return (await bench.call('GET', `/v1/invoices/${key}/items`)).body['invoiceItems'];
}
