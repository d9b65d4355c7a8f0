/** The mapping tables of a connection, end to end: from now on, and what is there stays. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld();
  client = await world.makeClient();
});
afterAll(() => world.close());

const books = () => world.simulators.tenant.tenant.books;
const fieldsOf = async (invoice: number) =>
  (await world.copiesOf(invoice)).map(({ id }) => books().invoices.get(id)?.fields);
const methodOf = async (payment: number) =>
  (await world.paymentsOf(payment)).map(({ id }) => books().findPayment(id)?.methodType);

test('a table that cannot be is refused with field, pair and rule, and nothing is changed', async () => {
  const before = await world.parts.db.selectFrom('connections').selectAll().execute();
  await expect(
    world.configure({ paymentMethods: 'cheque=Check', customFields: 'poNumber=Po' }),
  ).rejects.toThrow(
    /paymentMethods: "cheque=Check": cheque is none of ach.*\n.*customFields: "poNumber=Po": Po is no API name/,
  );
  expect(await world.parts.db.selectFrom('connections').selectAll().execute()).toEqual(before);
});

test('tables count from the next copy or change on; setting them looks at nothing again', async () => {
  const [old, later] = [
    await world.makeInvoice(client, '100', { poNumber: 'PO-1' }),
    await world.makeInvoice(client, '100', { poNumber: 'PO-2' }),
  ];
  const paid = await world.pay(old, '10', { type: 'Cash' });
  await world.settle();
  const writes = await world.writes();
  await world.tenant('features', { customFields: { invoice: ['PoNumber__c'] } });
  await world.configure({ customFields: 'poNumber=PoNumber__c', paymentMethods: 'cash=Other' });
  for (const invoice of [old, later]) await world.replay('invoice', invoice);
  await world.replay('payment', paid);
  await world.poll();
  expect(await world.writes()).toBe(writes);
  expect([await fieldsOf(old), await methodOf(paid)]).toEqual([[{}], ['Cash']]);

  const fresh = await world.makeInvoice(client, '50', { poNumber: 'PO-3' });
  const cash = await world.pay(old, '20', { type: 'Cash' });
  await world.editInvoice(later, { poNumber: 'PO-2b' });
  await world.settle();
  expect(await fieldsOf(fresh)).toEqual([{ PoNumber__c: 'PO-3' }]);
  expect(await fieldsOf(later)).toEqual([{ PoNumber__c: 'PO-2b' }]);
  expect([await fieldsOf(old), await methodOf(paid), await methodOf(cash)]).toEqual([
    [{}],
    ['Cash'],
    ['Other'],
  ]);
  expect(await world.stateOf('payment', paid)).toBe('synced');
});

test('a field that is not there parks the invoice with the setting to correct; corrected and replayed it goes', async () => {
  await world.configure({ customFields: 'poNumber=Gone__c' });
  const invoice = await world.makeInvoice(client, '70', { poNumber: 'PO-4' });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['parked refused']);
  expect((await world.reasonOf('invoice', invoice))?.message).toMatch(
    /Create Gone__c .* setting customFields/,
  );
  await world.configure({ customFields: '' });
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['posted 70.00 owes 70.00']);
});
