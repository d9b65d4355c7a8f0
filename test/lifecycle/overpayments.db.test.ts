/** P5, P6: what an overpayment leaves over is the free part of its payment, and is used from there. */
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

/** 300 paid on an invoice over 180: the rest, 120, is a credit. */
async function overpaid() {
  const invoice = await world.makeInvoice(client, '180');
  const payment = await settled(world.pay(invoice, '300', { date: '2026-11-02' }));
  const { credits = [] } = await world.booksLedger();
  const credit = Number(credits.at(-1)?.id);
  const spend = (on: number, amount: string) => settled(world.pay(on, amount, { creditId: credit }));
  return { invoice, payment, credit, spend };
}

/** Of the rest, 70 and 50 are used for two other invoices. */
async function spent() {
  const over = await overpaid();
  const first = await settled(world.makeInvoice(client, '100'));
  const second = await settled(world.makeInvoice(client, '50'));
  const spending = [await over.spend(first, '70'), await over.spend(second, '50')] as const;
  return { ...over, first, second, spending };
}

const synced = async (...payments: readonly number[]) =>
  expect(await Promise.all(payments.map((id) => world.stateOf('payment', id)))).toEqual(
    payments.map(() => 'synced'),
  );

test('P6 the rest of an overpayment settles other invoices: no new cash', async () => {
  const { invoice, payment, credit, first, second, spending } = await spent();
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 180.00 on ${invoice}, 70.00 on ${first}, 50.00 on ${second}`,
  ]);
  expect(await world.invoice(first)).toEqual(['posted 100.00 owes 30.00']);
  expect(await world.invoice(second)).toEqual(['posted 50.00 owes 0.00']);
  for (const id of spending) expect(await world.payment(id)).toEqual([]);
  expect(await world.credit(credit)).toEqual([]);
  const writes = await world.writes();
  for (const id of [payment, ...spending]) await world.replay('payment', id);
  await world.replay('credit', credit);
  expect(await world.writes()).toBe(writes);
});

test('P6 the credit payment is edited, moved and deleted', async () => {
  const { invoice, payment, first, second, spending } = await spent();
  await settled(world.editPayment(spending[0], { amount: '40' }));
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 180.00 on ${invoice}, 40.00 on ${first}, 50.00 on ${second}, 30.00 free`,
  ]);
  await settled(world.remove('payments', spending[1]));
  await settled(world.editPayment(spending[0], { invoiceId: second }));
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 180.00 on ${invoice}, 40.00 on ${second}, 80.00 free`,
  ]);
  expect(await world.invoice(first)).toEqual(['posted 100.00 owes 100.00']);
  expect(await world.invoice(second)).toEqual(['posted 50.00 owes 10.00']);
});

test('P5 P6 the overpaid invoice is raised, and the rest then pays it, too', async () => {
  const { invoice, payment, spend } = await overpaid();
  await settled(world.reprice(invoice, '280'));
  expect(await world.payment(payment)).toEqual([`live 300.00: 180.00 on ${invoice}, 120.00 free`]);
  const more = await spend(invoice, '90');
  expect(await world.payment(payment)).toEqual([`live 300.00: 270.00 on ${invoice}, 30.00 free`]);
  expect(await world.invoice(invoice)).toEqual(['posted 280.00 owes 10.00']);
  await settled(world.reprice(invoice, '200'));
  expect(await world.payment(payment)).toEqual([`live 300.00: 200.00 on ${invoice}, 100.00 free`]);
  await settled(world.reprice(invoice, '280'));
  expect(await world.invoice(invoice)).toEqual(['posted 280.00 owes 10.00']);
  await settled(world.remove('payments', more));
  expect(await world.payment(payment)).toEqual([`live 300.00: 180.00 on ${invoice}, 120.00 free`]);
  await synced(payment, more);
});

test('P5 P6 the overpaid invoice is lowered: what the rest has paid elsewhere stays', async () => {
  const { invoice, payment, first, second, spending } = await spent();
  await settled(world.reprice(invoice, '150'));
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 70.00 on ${first}, 50.00 on ${second}, 150.00 on ${invoice}, 30.00 free`,
  ]);
  await settled(world.reprice(first, '60'));
  expect(await world.invoice(first)).toEqual(['posted 60.00 owes 0.00']);
  await synced(payment, ...spending);
  await settled(world.reprice(first, '110'));
  expect(await world.invoice(first)).toEqual(['posted 110.00 owes 40.00']);
  await synced(payment, ...spending);
});

test('P5 P6 the date of the overpayment is edited: cancelled, made anew, and everything is settled again', async () => {
  const { invoice, payment, first, second, spending } = await spent();
  await settled(world.editPayment(payment, { date: '2026-11-04' }));
  const [old, live] = await world.payment(payment);
  expect(old).toBe('cancelled 300.00');
  expect(live).toBe(`live 300.00: 180.00 on ${invoice}, 70.00 on ${first}, 50.00 on ${second}`);
  await synced(...spending);
});

test('P5 P6 the overpayment is reduced: the difference is refunded, the rest stays', async () => {
  const { invoice, payment, first, second } = await spent();
  await settled(world.editPayment(payment, { amount: '100' }));
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 100.00 on ${invoice}, 70.00 on ${first}, 50.00 on ${second}, 80.00 refunded`,
  ]);
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 80.00']);
});

test('P5 P6 the overpayment is deleted: FreshBooks keeps its rest, so that much cash stays', async () => {
  const { invoice, payment, first, second, spending } = await spent();
  await settled(world.remove('payments', payment));
  const lines = await world.payment(payment);
  expect(lines).toEqual(['cancelled 300.00', `live 120.00: 70.00 on ${first}, 50.00 on ${second}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 180.00']);
  expect(await world.invoice(first)).toEqual(['posted 100.00 owes 30.00']);
  await synced(...spending);
  for (const id of spending) await settled(world.remove('payments', id));
  expect((await world.payment(payment)).at(-1)).toBe('live 120.00: 120.00 free');
});

test('P5 P10 the rest is deleted, then the payment: nothing is left', async () => {
  const { invoice, payment, credit } = await overpaid();
  await settled(world.remove('credit-notes', credit));
  expect(await world.payment(payment)).toEqual([`live 300.00: 180.00 on ${invoice}, 120.00 refunded`]);
  await settled(world.remove('payments', payment));
  expect(await world.payment(payment)).toEqual(['cancelled 300.00']);
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 180.00']);
});

test('P5 the rest is edited: the cash follows', async () => {
  const { invoice, payment, credit } = await overpaid();
  await settled(world.user(`credit-notes/${credit}`, { amount: '100' }, 'PUT'));
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 180.00 on ${invoice}, 100.00 free, 20.00 refunded`,
  ]);
});

test('P5 P6 the credit is spent before anything was copied', async () => {
  const own = await createLifecycleWorld({ webhooks: false });
  const owner = await own.makeClient();
  const invoice = await own.makeInvoice(owner, '180');
  const payment = await own.pay(invoice, '300');
  const { credits = [] } = await own.booksLedger();
  const other = await own.makeInvoice(owner, '90');
  const spending = await own.pay(other, '90', { creditId: Number(credits.at(-1)?.id) });
  await own.poll();
  expect(await own.payment(payment)).toEqual([
    `live 300.00: 180.00 on ${invoice}, 90.00 on ${other}, 30.00 free`,
  ]);
  expect(await own.invoice(other)).toEqual(['posted 90.00 owes 0.00']);
  expect(await own.payment(spending)).toEqual([]);
  await own.close();
});

test('P6 the rest of an overpayment that nobody knows waits for its payment, or is left out', async () => {
  const own = await createLifecycleWorld({ webhooks: false });
  const invoice = await own.makeInvoice(await own.makeClient(), '180');
  await own.pay(invoice, '300');
  const { credits = [] } = await own.booksLedger();
  const credit = Number(credits.at(-1)?.id);
  await own.tell('credit', credit);
  expect(await own.credit(credit)).toEqual(['parked waits-for-payment']);
  await own.resolve('credit', credit, 'leave-out');
  expect(await own.credit(credit)).toEqual(['ignored left-out']);
  await own.replay('credit', credit);
  expect(await own.credit(credit)).toEqual(['parked waits-for-payment']);
  await own.poll();
  expect(await own.credit(credit)).toEqual([]);
  await own.close();
});

/** An overpaid invoice moves to another client; its rest stays with the first one. */
async function moved() {
  const over = await overpaid();
  const other = await world.makeClient({ email: '' });
  await settled(world.editInvoice(over.invoice, { clientId: other }));
  return over;
}

test('E6 P5 an overpaid invoice moves to another client while its rest stays: a person is asked about both', async () => {
  const { invoice, payment, credit } = await moved();
  expect(await world.payment(payment)).toEqual(['live 300.00: 300.00 free', 'parked rest-of-other-client']);
  expect(await world.stateOf('credit', credit)).toBe('parked waits-for-payment');
  expect((await world.invoice(invoice)).at(-1)).toBe('-R1 posted 180.00 owes 180.00');
});

test('E6 P5 the invoice moves back: the payment and its rest go on by themselves', async () => {
  const { invoice, payment, credit } = await moved();
  await settled(world.editInvoice(invoice, { clientId: client }));
  await synced(payment);
  expect(await world.stateOf('credit', credit)).toBe('synced');
});

test('P5 a payment is left out: its rest, which is not in the destination any more, is not called synced', async () => {
  const { payment, credit } = await moved();
  await world.resolve('payment', payment, 'leave-out');
  expect((await world.payment(payment))[0]).toBe('cancelled 300.00');
  expect(await world.stateOf('credit', credit)).toBe('parked waits-for-payment');
  await world.replay('payment', payment);
  expect(await world.stateOf('payment', payment)).toBe('parked rest-of-other-client');
  expect(await world.stateOf('credit', credit)).toBe('parked waits-for-payment');
});

test('P5 P12 an overpayment moves to another client’s invoice while its rest stays: it comes off the first one, and a person is asked', async () => {
  const { invoice, payment, credit } = await overpaid();
  const elsewhere = await world.makeInvoice(await world.makeClient({ email: '' }), '500');
  await settled(world.editPayment(payment, { invoiceId: elsewhere }));
  expect(await world.payment(payment)).toEqual(['live 300.00: 300.00 free', 'parked rest-of-other-client']);
  expect(await world.stateOf('credit', credit)).toBe('parked waits-for-payment');
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 180.00']);
  expect(await world.invoice(elsewhere)).toEqual(['posted 500.00 owes 500.00']);
});

test('P6 P12 the rest of an overpayment that has moved away pays a part of the invoice that it has left, and no more', async () => {
  const { invoice, payment, credit } = await overpaid();
  const elsewhere = await world.makeInvoice(await world.makeClient({ email: '' }), '500');
  await settled(world.editPayment(payment, { invoiceId: elsewhere }));
  await settled(world.pay(invoice, '120', { creditId: credit }));
  await world.replay('payment', payment);
  expect(await world.payment(payment)).toEqual([
    `live 300.00: 120.00 on ${invoice}, 180.00 free`,
    'parked rest-of-other-client',
  ]);
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 60.00']);
});
