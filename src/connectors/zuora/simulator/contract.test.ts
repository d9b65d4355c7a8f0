/** Sample answers of the simulator against the documents at hand (test/contract); some calls only the official one knows. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listDocuments } from '../../../../test/contract/documents.ts';
import { createTally } from '../../../../test/contract/tally.ts';
import type { Exchange } from './exchange.ts';
import { type Bench, INVOICE, startBench } from './test-kit.ts';

let bench: Bench;
let invoiceId = '';
let exchanges: Exchange[] = [];
beforeAll(async () => {
  bench = await startBench({ onExchange: (exchange) => exchanges.push(exchange) });
  await bench.account();
  invoiceId = String((await bench.invoice({ invoiceNumber: 'C-1' })).body['id']);
  await bench.payment(invoiceId, 20, { referenceId: 'ref' });
});
afterAll(() => bench.close());

/** What the calls are answered, as status and path, and what is wrong with it. */
async function watch(run: () => Promise<unknown>): Promise<{ statuses: number[]; wrong: unknown[] }> {
  exchanges = [];
  await run();
  const wrong = listDocuments().flatMap((document) => {
    const tally = createTally(document);
    for (const exchange of exchanges) tally.see(exchange);
    return tally.figures().violationsFound;
  });
  return { statuses: exchanges.map(({ answer }) => answer?.status ?? 0), wrong };
}

const allTaken = (count: number) => ({ statuses: Array.from({ length: count }, () => 200), wrong: [] });

test.each([
  '/v1/accounts/FB-1',
  '/object-query/taxation-items',
  '/v1/invoices/C-1',
  '/v1/invoices/C-1/items',
  '/v1/payments',
  '/v1/payments/P-00000001',
  '/v1/payments/P-00000001/parts',
  '/v1/invoices/C-1/application-parts',
  '/v1/accounting-periods',
  '/object-query/accounts?expand[]=billto',
  '/object-query/contacts',
  '/object-query/invoices?expand[]=account',
  '/object-query/payments?expand[]=paymentapplications',
  '/object-query/payment-applications',
])('GET %s', async (url) => {
  expect(await watch(() => bench.call('GET', url))).toEqual(allTaken(1));
});

test('POST token, account, contact, invoice, batch, bulk-post, payment and refund', async () => {
  const watched = await watch(async () => {
    await bench.signIn();
    await bench.account({ accountNumber: 'FB-2' });
    await bench.call('POST', '/v1/contacts', { accountNumber: 'FB-1', firstName: 'A', lastName: 'B' });
    await bench.invoice();
    const batch = await bench.call('POST', '/v1/invoices/batch', {
      invoices: [{ ...INVOICE, status: 'Draft' }],
    });
    const [member] = batch.body['invoices'] as [{ id: string }];
    await bench.call('POST', '/v1/invoices/bulk-post', { invoices: [{ id: member.id }] });
    const payment = await bench.payment(invoiceId, 30, { invoices: [] });
    await bench.call('POST', `/v1/payments/${payment.body['number']}/refunds`, {
      type: 'External',
      methodType: 'Check',
      totalAmount: 5,
    });
  });
  expect(watched).toEqual(allTaken(8));
});

test('PUT invoice, apply, unapply, cancel, reverse and unpost', async () => {
  const watched = await watch(async () => {
    const draft = await bench.invoice({ status: 'Draft', invoiceNumber: 'C-2' });
    await bench.call('PUT', '/v1/invoices/C-2', { comments: 'x' });
    await bench.call('PUT', '/v1/invoices/C-2/post', {});
    await bench.call('PUT', '/v1/invoices/C-2/unpost');
    await bench.call('PUT', '/v1/invoices/C-2/post', {});
    const payment = await bench.payment('', 30, { invoices: [] });
    const on = `/v1/payments/${payment.body['number']}`;
    const invoices = [{ invoiceId: draft.body['id'], amount: 30 }];
    await bench.call('PUT', `${on}/apply`, { invoices });
    await bench.call('PUT', `${on}/unapply`, { invoices });
    await bench.call('PUT', `${on}/cancel`, {});
    await bench.call('PUT', '/v1/invoices/C-2/reverse', {});
  });
  expect(watched).toEqual(allTaken(10));
});

test('errors', async () => {
  const watched = await watch(async () => {
    await bench.call('GET', '/v1/invoices/none');
    await bench.call('GET', '/object-query/invoices?pageSize=0');
  });
  expect(watched).toEqual({ statuses: [404, 400], wrong: [] });
});
