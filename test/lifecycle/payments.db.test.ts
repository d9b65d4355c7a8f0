/** P1-P5, P7, P9, P13-P15, P17, P18: payments as they come in. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => void (world = await createLifecycleWorld()));
afterAll(() => world.close());
beforeEach(async () => {
  await world.setPolicies({});
  client = await world.makeClient();
});

const today = () => world.simulators.tenant.tenant.today();

test('P1 a payment of the full amount: one external payment, nothing left to pay', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '100', { type: 'Check', date: today(), note: 'No. 4711' });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  const [copy] = await world.paymentsOf(payment);
  expect(copy).toMatchObject({ paidOn: today(), currency: 'USD' });
  expect(world.simulators.tenant.tenant.books.findPayment(copy?.id ?? '')).toMatchObject({
    methodType: 'Check',
    comment: 'Check: No. 4711',
  });
  const writes = await world.writes();
  await world.replay('payment', payment);
  await world.poll();
  expect(await world.writes()).toBe(writes);
});

test('P2 several payments: each is applied, the balance equals what FreshBooks calls outstanding', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payments: number[] = [];
  for (const [amount, owes] of [
    ['10.01', '89.99'],
    ['39.99', '50.00'],
    ['50', '0.00'],
  ] as const) {
    payments.push(await world.pay(invoice, amount));
    await world.settle();
    expect(await world.invoice(invoice)).toEqual([`posted 100.00 owes ${owes}`]);
  }
  const lines = await Promise.all(payments.map((id) => world.payment(id)));
  expect(lines).toEqual([
    [`live 10.01: 10.01 on ${invoice}`],
    [`live 39.99: 39.99 on ${invoice}`],
    [`live 50.00: 50.00 on ${invoice}`],
  ]);
});

test('P3 a payment that is told before its invoice brings it along', async () => {
  const own = await createLifecycleWorld({ webhooks: false });
  const invoice = await own.makeInvoice(await own.makeClient(), '100');
  const payment = await own.pay(invoice, '30');
  await own.tell('payment', payment);
  expect(await own.invoice(invoice)).toEqual(['posted 100.00 owes 70.00']);
  expect(await own.payment(payment)).toEqual([`live 30.00: 30.00 on ${invoice}`]);
  await own.poll();
  expect(await own.invoice(invoice)).toEqual(['posted 100.00 owes 70.00']);
  await own.close();
});

test.each(['mirror', 'wait'] as const)(
  'P4 a payment on a draft: posted, then paid (drafts: %s)',
  async (drafts) => {
    await world.setPolicies({ drafts });
    const invoice = await world.makeInvoice(client, '100', { send: false });
    await world.settle();
    const waits = ['ignored draft-waits'];
    expect(await world.invoice(invoice)).toEqual(drafts === 'mirror' ? ['draft 100.00'] : waits);
    const payment = await world.pay(invoice, '40');
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 60.00']);
    expect(await world.payment(payment)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  },
);

test('P5 an overpayment: the cash received, its surplus free', async () => {
  const invoice = await world.makeInvoice(client, '180');
  const payment = await world.pay(invoice, '300');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 180.00 owes 0.00']);
  expect(await world.payment(payment)).toEqual([`live 300.00: 180.00 on ${invoice}, 120.00 free`]);
  const { payments, credits } = await world.ledger();
  expect(payments.filter(({ amount }) => amount === '120.00')).toEqual([]);
  expect(credits?.filter(({ amount }) => amount === '120.00')).toEqual([]);
});

test('P7 one sum over several invoices: one payment each, sums equal', async () => {
  const invoices = [await world.makeInvoice(client, '100'), await world.makeInvoice(client, '60')];
  const rows = invoices.map((invoiceId, index) => ({ invoiceId, amount: index === 0 ? '100' : '45.50' }));
  const { payments } = (await world.user('payments/bulk', { rows })) as { payments: { id: number }[] };
  await world.settle();
  const [first, second] = invoices;
  expect(await world.invoice(first ?? 0)).toEqual(['posted 100.00 owes 0.00']);
  expect(await world.invoice(second ?? 0)).toEqual(['posted 60.00 owes 14.50']);
  expect(await Promise.all(payments.map(({ id }) => world.payment(id)))).toEqual([
    [`live 100.00: 100.00 on ${first}`],
    [`live 45.50: 45.50 on ${second}`],
  ]);
  await world.remove('payments', payments[0]?.id ?? 0);
  await world.settle();
  expect(await world.invoice(first ?? 0)).toEqual(['posted 100.00 owes 100.00']);
  expect(await world.invoice(second ?? 0)).toEqual(['posted 60.00 owes 14.50']);
});

test('P9 an edited note: the comment, and nothing else', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '100', { type: 'Cash' });
  await world.settle();
  const writes = await world.writes();
  await world.editPayment(payment, { note: 'by Ada' });
  await world.settle();
  const [copy] = await world.paymentsOf(payment);
  expect(world.simulators.tenant.tenant.books.findPayment(copy?.id ?? '')?.comment).toBe('Cash: by Ada');
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await world.writes()).toBe(writes + 1);
});

test('P13 an unknown type is booked as Other, its word kept in the comment', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '100', { type: 'Barter' });
  await world.settle();
  const [copy] = await world.paymentsOf(payment);
  const booked = world.simulators.tenant.tenant.books.findPayment(copy?.id ?? '');
  expect(booked).toMatchObject({ methodType: 'Other', comment: 'Barter' });
});

test('P13 a method that the tenant has not enabled: parked with the setting to enable, then copied once', async () => {
  const own = await createLifecycleWorld();
  await own.tenant('features', { paymentMethodsEnabled: ['Check'] });
  const invoice = await own.makeInvoice(await own.makeClient(), '100');
  const payment = await own.pay(invoice, '100', { type: 'PayPal' });
  await own.settle();
  expect(await own.payment(payment)).toEqual(['parked refused']);
  const reason = await own.reasonOf('payment', payment);
  expect(`${reason?.message} ${reason?.wayOut}`).toMatch(/PayPal.*enable/is);
  await own.tenant('features', { paymentMethodsEnabled: ['Check', 'PayPal'] });
  await own.replay('payment', payment);
  expect(await own.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  await own.close();
});

test.each([
  ['before its invoice', '2026-03-01', '2026-03-10'],
  ['in the future', '2031-01-01', 'today'],
])('P14 dated %s: kept, moved or parked by policy', async (_what, date, moved) => {
  const pays = async (policy: 'keep' | 'move' | 'park') => {
    await world.setPolicies({ paymentDates: policy });
    const invoice = await world.makeInvoice(client, '100', { createDate: '2026-03-10' });
    const payment = await world.pay(invoice, '100', { date });
    await world.settle();
    return payment;
  };
  const dayOf = async (payment: number) => (await world.paymentsOf(payment)).map(({ paidOn }) => paidOn);
  const instead = moved === 'today' ? today() : moved;
  const kept = await pays('keep');
  expect(await dayOf(kept)).toEqual([date]);
  expect((await world.reasonOf('payment', kept))?.message).toContain(date);
  const put = await pays('move');
  expect(await dayOf(put)).toEqual([instead]);
  expect((await world.reasonOf('payment', put))?.message).toContain(instead);
  const asked = await pays('park');
  expect(await world.payment(asked)).toEqual(['parked odd-payment-date']);
  await world.resolve('payment', asked, 'open-day');
  expect(await dayOf(asked)).toEqual([instead]);
  expect(await world.stateOf('payment', asked)).toBe('synced');
});

test.each(['park', 'next-open-day'] as const)(
  'P14 in a closed period (closedPeriods: %s)',
  async (policy) => {
    await world.setPolicies({ closedPeriods: policy });
    const invoice = await world.makeInvoice(client, '100', { createDate: '2026-01-05' });
    await world.settle();
    await world.tenant('closed-periods', { periods: ['2026-02', '2026-03'] });
    world.clock.advance(3_600_000);
    const payment = await world.pay(invoice, '100', { date: '2026-02-10' });
    await world.settle();
    if (policy === 'park') {
      expect(await world.payment(payment)).toEqual(['parked closed-period']);
      await world.resolve('payment', payment, 'open-day');
    }
    expect((await world.paymentsOf(payment)).map(({ paidOn }) => paidOn)).toEqual(['2026-04-01']);
    expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
    expect((await world.reasonOf('payment', payment))?.message).toContain('2026-04-01');
    const writes = await world.writes();
    await world.replay('payment', payment);
    expect(await world.writes()).toBe(writes);
    await world.tenant('closed-periods', { periods: [] });
    world.clock.advance(3_600_000);
  },
);

test('P15 a payment in another currency than its invoice is parked with both', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '40');
  const row = world.simulators.books.simulator.books.payments.find(payment);
  if (!row) throw new Error('no payment');
  row.amount = { amountMinor: 4000n, currency: 'CAD' };
  await world.settle();
  expect(await world.payment(payment)).toEqual(['parked other-currency']);
  expect((await world.reasonOf('payment', payment))?.message).toMatch(/CAD.*USD/);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('P17 the same payment by webhook, poll and backfill at once is one payment', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '100');
  await Promise.all([world.arrived(), world.poll(), world.backfill()]);
  await world.settleAtOnce();
  await world.replay('payment', payment);
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  const { rows } = await sql<{ origin: string }>`
    select distinct e.origin from events e join documents d on d.id = e.document_id
    where d.kind = 'payment' and d.source_id = ${String(payment)} order by 1`.execute(world.parts.db);
  expect(rows.map(({ origin }) => origin)).toEqual(expect.arrayContaining(['backfill', 'poll', 'webhook']));
});

test('P18 a payment of nothing is noted, without a call', async () => {
  const invoice = await world.makeInvoice(client, '100');
  await world.settle();
  const writes = await world.writes();
  const payment = await world.pay(invoice, '0');
  await world.settle();
  expect(await world.payment(payment)).toEqual(['ignored zero-amount']);
  expect(await world.writes()).toBe(writes);
  await world.editPayment(payment, { amount: '20' });
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 20.00: 20.00 on ${invoice}`]);
  await world.editPayment(payment, { amount: '0' });
  await world.settle();
  expect(await world.payment(payment)).toEqual(['cancelled 20.00']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});
