/** Every step that changes, undoes or settles, with its look-up before and after and what is read back. */

import {
  client,
  createAccount,
  createCredit,
  createInvoice,
  createPayment,
  invoiceOf,
} from '../../src/connectors/zuora/test-documents.ts';
import type { TestTenant } from '../../src/connectors/zuora/test-tenant.ts';
import { OperatingError } from '../../src/core/errors.ts';
import { parseMoney } from '../../src/core/money.ts';
import type { Counterpart, Step } from '../../src/core/steps.ts';

const ON = '2026-11-10';
const usd = (text: string) => parseMoney(text, 'USD');

/** The tenant does not know the first way of posting. */
async function expectConflict(run: () => Promise<unknown>): Promise<void> {
  const error = await run().then(
    () => undefined,
    (refused: unknown) => refused,
  );
  if (!(error instanceof OperatingError) || error.kind !== 'conflict')
    throw new Error('a conflict was expected');
}

export async function exerciseLifecycle(tenant: TestTenant): Promise<void> {
  const { destination } = await tenant.connect({ taxation: 'off' });
  const run = async (step: Step): Promise<Counterpart> => {
    await destination.find(step);
    const { counterpart } = await tenant.send(destination, step);
    await destination.find(step);
    return counterpart;
  };
  await destination.facts();
  const person = client({
    organization: 'Life',
    email: 'life@example.com',
    address: { country: 'FR', city: 'Lyon' },
  });
  const account = await run({ ...createAccount(person), accountNumber: 'FB-life' });
  await run({ kind: 'update-account', account, client: { ...person, address: {} } });
  await destination.findAccount(account.number);

  const lines = [
    { quantity: '2', unitPrice: '50', taxes: [{ name: 'GST', ratePercent: '5' }] },
    { unitPrice: '9.99' },
  ];
  const from = { ...invoiceOf('USD', lines, '10', 1n), notes: 'Thanks', terms: 'Net 30', poNumber: '7' };
  const externalKey = 'FB-life-invoice-1';
  const copy = createInvoice(from, { account, post: false, number: 'LIFE-1', externalKey });
  const invoice = await run(copy);
  const { itemIds } = await destination.readInvoiceParts(invoice);
  const { breakdown } = copy;
  await run({
    kind: 'replace-lines',
    invoice,
    from,
    breakdown,
    externalKey,
    itemIds,
    bookedOn: '2026-03-02',
  });
  await run({ kind: 'change-invoice-date', invoice, externalKey, bookedOn: '2026-03-02' });
  await run({ kind: 'change-due-date', invoice, externalKey, dueOn: '2026-05-02' });
  await run({ kind: 'change-texts', invoice, externalKey, from: { ...from, notes: '' } });
  await run({ kind: 'post-invoice', invoice, externalKey });
  await run({ kind: 'unpost-invoice', invoice, externalKey });
  await tenant.order('features', { absentEndpoints: ['POST invoice bulk-post'] });
  await expectConflict(() => run({ kind: 'post-invoice', invoice, externalKey }));
  await run({ kind: 'post-invoice', invoice, externalKey });
  await tenant.order('features', { absentEndpoints: [] });

  const cash = createPayment('70', 'check', { account, invoice, externalKey: 'FB-life-payment-1' });
  const payment = await run({ ...cash, apply: [] });
  await run({ kind: 'update-payment', payment, externalKey, from: { ...cash.payment, note: '' } });
  await run({ kind: 'apply-payment', payment, invoice, amount: usd('40'), on: ON });
  await destination.readInvoiceParts(invoice);
  await run({ kind: 'unapply-payment', payment, invoice, amount: usd('40'), on: ON });
  const refund = await run({
    kind: 'refund-payment',
    payment,
    amount: usd('20'),
    method: 'cash',
    mark: 'r-1',
    on: ON,
  });
  await destination.listRefunds(payment);
  await run({ kind: 'cancel-refund', payment, refund });
  const other = await run({ ...createAccount(client({})), accountNumber: 'FB-life-2' });
  await run({ kind: 'transfer-payment', payment, account: other, on: ON });
  await run({ kind: 'cancel-payment', payment });
  await destination.readBack('payment', payment);

  const credit = await run(createCredit('30', { account, externalKey: 'FB-life-credit-1' }));
  await run({ kind: 'apply-credit', credit, invoice, amount: usd('10'), on: ON });
  await destination.readInvoiceParts(invoice);
  await destination.readBack('credit', credit);
  await run({ kind: 'unapply-credit', credit, invoice, amount: usd('10'), on: ON });
  await run({ kind: 'unpost-credit', credit });
  await run({ kind: 'cancel-credit', credit });

  await run({ kind: 'reverse-invoice', invoice, externalKey, on: ON });
  await destination.readBack('invoice', invoice);
  const again = await run({
    ...copy,
    number: 'LIFE-1-R1',
    externalKey: `${externalKey}-again`,
    generation: 1,
    post: true,
  });
  const { items } = await destination.readInvoiceParts(again);
  const adjust = { kind: 'adjust-invoice', invoice: again, externalKey, items, on: ON } as const;
  await run({ ...adjust, direction: 'credit', amount: usd('5'), mark: 'memo-1' });
  const debit = await run({ ...adjust, direction: 'debit', amount: usd('6'), mark: 'memo-2' });
  await destination.readBack('debit', debit);
  const draft = await run({ ...copy, number: 'LIFE-2', externalKey: 'FB-life-invoice-2' });
  await run({ kind: 'cancel-invoice', invoice: draft, externalKey });
  await run({ kind: 'delete-invoice', invoice: draft, externalKey });
  await destination.findInvoice('LIFE-2');
}
