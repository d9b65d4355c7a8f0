/** P6, C1-C5: credit notes, and what is paid out of them. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld();
  await world.user('faults', { allowBelowPaid: 'negative' }, 'PUT');
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.setPolicies({});
  client = await world.makeClient();
});

async function settled<T>(act: Promise<T>): Promise<T> {
  const result = await act;
  await world.settle();
  return result;
}

test('C1 a credit note is a credit memo over its amount, free until it is used', async () => {
  const credit = await settled(world.makeCredit(client, '50', { createDate: '2026-11-03' }));
  expect(await world.credit(credit)).toEqual(['live 50.00: 50.00 free']);
  const { credits } = await world.ledger();
  const memo = credits?.find(({ reference }) => reference === world.keyOf('credit', credit));
  expect(memo).toMatchObject({
    issuedOn: '2026-11-03',
    creditType: 'charge',
    customer: expect.stringContaining('client'),
  });
  const writes = await world.writes();
  await world.replay('credit', credit);
  expect(await world.writes()).toBe(writes);
});

test('C2 without a credit charge it is parked with the setting to make, then copied', async () => {
  const own = await createLifecycleWorld({ zuora: { creditChargeId: '' } });
  const credit = await own.makeCredit(await own.makeClient(), '50');
  await own.settle();
  expect(await own.credit(credit)).toEqual(['parked no-credit-charge']);
  expect((await own.reasonOf('credit', credit))?.wayOut).toContain('credit charge');
  const [charge] = own.simulators.tenant.tenant.features.catalogCharges;
  await own.configure({ creditChargeId: charge ?? '' });
  await own.replay('credit', credit);
  expect(await own.credit(credit)).toEqual(['live 50.00: 50.00 free']);
  await own.close();
});

test('C3 a credit settles invoices: the memo is applied, in parts; taken back, it is free again', async () => {
  const first = await world.makeInvoice(client, '30');
  const second = await world.makeInvoice(client, '100');
  const credit = await settled(world.makeCredit(client, '50'));
  const whole = await settled(world.pay(first, '30', { creditId: credit }));
  expect(await world.payment(whole)).toEqual([]);
  const part = await settled(world.pay(second, '15', { creditId: credit }));
  expect(await world.credit(credit)).toEqual([
    `live 50.00: 30.00 on ${first}, 15.00 on ${second}, 5.00 free`,
  ]);
  expect(await world.invoice(first)).toEqual(['posted 30.00 owes 0.00']);
  expect(await world.invoice(second)).toEqual(['posted 100.00 owes 85.00']);
  await settled(world.editPayment(part, { amount: '20' }));
  expect(await world.credit(credit)).toEqual([`live 50.00: 30.00 on ${first}, 20.00 on ${second}`]);
  await settled(world.editPayment(part, { amount: '5' }));
  expect(await world.invoice(second)).toEqual(['posted 100.00 owes 95.00']);
  await settled(world.remove('payments', whole));
  expect(await world.credit(credit)).toEqual([`live 50.00: 5.00 on ${second}, 45.00 free`]);
  expect(await world.invoice(first)).toEqual(['posted 30.00 owes 30.00']);
  const writes = await world.writes();
  for (const payment of [whole, part]) await world.replay('payment', payment);
  expect(await world.writes()).toBe(writes);
});

test('C3 twice from one credit on the same invoice, and moved to another', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const other = await world.makeInvoice(client, '100');
  const credit = await settled(world.makeCredit(client, '50'));
  const first = await settled(world.pay(invoice, '20', { creditId: credit }));
  const second = await settled(world.pay(invoice, '10', { creditId: credit }));
  expect(await world.credit(credit)).toEqual([`live 50.00: 30.00 on ${invoice}, 20.00 free`]);
  await settled(world.editPayment(second, { invoiceId: other }));
  expect(await world.credit(credit)).toEqual([
    `live 50.00: 20.00 on ${invoice}, 10.00 on ${other}, 20.00 free`,
  ]);
  await settled(world.remove('payments', first));
  expect(await world.credit(credit)).toEqual([`live 50.00: 10.00 on ${other}, 40.00 free`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test.each(['PUT credit-memo apply', 'PUT credit-memo unapply'])(
  'C3 the answer to %s is lost',
  async (match) => {
    const invoice = await world.makeInvoice(client, '100');
    const credit = await settled(world.makeCredit(client, '50'));
    await world.tenant('faults', { loseAnswerAfter: [{ match, times: 1 }] });
    const payment = await settled(world.pay(invoice, '20', { creditId: credit }));
    expect(await world.credit(credit)).toEqual([`live 50.00: 20.00 on ${invoice}, 30.00 free`]);
    await settled(world.editPayment(payment, { amount: '12' }));
    expect(await world.credit(credit)).toEqual([`live 50.00: 12.00 on ${invoice}, 38.00 free`]);
    expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 88.00']);
  },
);

test('C3 the credit is told after the payment out of it', async () => {
  const own = await createLifecycleWorld({ webhooks: false });
  const owner = await own.makeClient();
  const invoice = await own.makeInvoice(owner, '100');
  const credit = await own.makeCredit(owner, '50');
  const payment = await own.pay(invoice, '20', { creditId: credit });
  await own.tell('payment', payment);
  expect(await own.credit(credit)).toEqual([`live 50.00: 20.00 on ${invoice}, 30.00 free`]);
  expect(await own.invoice(invoice)).toEqual(['posted 100.00 owes 80.00']);
  await own.close();
});

test('C4 a credit note that is edited or deleted: the memo cancelled, a new one under a suffix', async () => {
  const credit = await settled(world.makeCredit(client, '50'));
  await settled(world.user(`credit-notes/${credit}`, { amount: '65' }, 'PUT'));
  expect(await world.credit(credit)).toEqual(['cancelled 50.00', 'live 65.00: 65.00 free']);
  await settled(world.remove('credit-notes', credit));
  expect(await world.credit(credit)).toEqual(['cancelled 50.00', 'cancelled 65.00']);
  await settled(world.user(`credit-notes/${credit}/undelete`));
  expect(await world.credit(credit)).toEqual([
    'cancelled 50.00',
    'cancelled 65.00',
    'live 65.00: 65.00 free',
  ]);
});

test('C3 C4 payment and credit are both deleted: nobody is asked about the payment, however often it is looked at', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const credit = await settled(world.makeCredit(client, '50'));
  const payment = await settled(world.pay(invoice, '15', { creditId: credit }));
  await world.remove('payments', payment);
  await settled(world.remove('credit-notes', credit));
  expect((await world.credit(credit))[0]).toBe('cancelled 50.00');
  await world.replay('payment', payment);
  await world.replay('credit', credit);
  expect(await world.reasonOf('payment', payment)).toMatchObject({ code: 'removed' });
  expect(await world.reasonOf('credit', credit)).toMatchObject({ code: 'removed' });
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('C4 an edit of a credit that is applied: the new memo settles what the old one did', async () => {
  const first = await world.makeInvoice(client, '100');
  const second = await world.makeInvoice(client, '100');
  const credit = await settled(world.makeCredit(client, '50'));
  const payment = await settled(world.pay(first, '20', { creditId: credit }));
  const other = await settled(world.pay(second, '25', { creditId: credit }));
  await settled(world.user(`credit-notes/${credit}`, { amount: '60' }, 'PUT'));
  const after = `live 60.00: 20.00 on ${first}, 25.00 on ${second}, 15.00 free`;
  expect(await world.credit(credit)).toEqual(['cancelled 50.00', after]);
  expect(await world.invoice(first)).toEqual(['posted 100.00 owes 80.00']);
  await settled(world.remove('payments', payment));
  await settled(world.remove('payments', other));
  await settled(world.remove('credit-notes', credit));
  expect(await world.credit(credit)).toEqual(['cancelled 50.00', 'cancelled 60.00']);
  expect(await world.invoice(second)).toEqual(['posted 100.00 owes 100.00']);
});

test('C5 a prepayment is an unapplied payment; what is paid from it is applied from there', async () => {
  const credit = await settled(world.makeCredit(client, '200', { type: 'prepayment' }));
  expect(await world.credit(credit)).toEqual(['live 200.00: 200.00 free']);
  const invoice = await world.makeInvoice(client, '150');
  const payment = await settled(world.pay(invoice, '150', { creditId: credit }));
  expect(await world.credit(credit)).toEqual([`live 200.00: 150.00 on ${invoice}, 50.00 free`]);
  expect(await world.payment(payment)).toEqual([]);
  await settled(world.remove('payments', payment));
  await settled(world.user(`credit-notes/${credit}`, { amount: '220' }, 'PUT'));
  expect(await world.credit(credit)).toEqual(['cancelled 200.00', 'live 220.00: 220.00 free']);
  await settled(world.remove('credit-notes', credit));
  expect(await world.credit(credit)).toEqual(['cancelled 200.00', 'cancelled 220.00']);
  expect(
    (await world.ledger()).credits?.filter(({ reference }) => reference === world.keyOf('credit', credit)),
  ).toEqual([]);
});

test('E4 E5 an invoice paid by credit is raised, then lowered below it, then raised again', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const credit = await settled(world.makeCredit(client, '80'));
  const byCredit = await settled(world.pay(invoice, '60', { creditId: credit }));
  const cash = await settled(world.pay(invoice, '40'));
  await settled(world.reprice(invoice, '120'));
  expect(await world.credit(credit)).toEqual([`live 80.00: 60.00 on ${invoice}, 20.00 free`]);
  expect(await world.invoice(invoice)).toEqual(['posted 120.00 owes 20.00']);
  await settled(world.reprice(invoice, '50'));
  expect(await world.invoice(invoice)).toEqual(['posted 50.00 owes 0.00']);
  expect(await world.stateOf('payment', byCredit)).toBe('synced');
  expect(await world.stateOf('payment', cash)).toBe('synced');
  await settled(world.reprice(invoice, '100'));
  expect(await world.credit(credit)).toEqual([`live 80.00: 60.00 on ${invoice}, 20.00 free`]);
  expect(await world.payment(cash)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});
