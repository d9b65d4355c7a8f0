/** P8, P10-P12: payments that are edited, deleted, reduced and moved. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { OnCheckpoint } from '../../src/engine/checkpoints.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let client: number;
beforeAll(async () => void (world = await createLifecycleWorld()));
afterAll(() => world.close());
beforeEach(async () => {
  await world.setPolicies({});
  client = await world.makeClient();
});

async function paid(amount = '60', fields: Record<string, unknown> = {}) {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, amount, { type: 'Check', date: '2026-11-02', ...fields });
  await world.settle();
  return { invoice, payment };
}

async function edited(payment: number, fields: Record<string, unknown>) {
  await world.editPayment(payment, fields);
  await world.settle();
}

async function livingCopy(payment: number) {
  const copies = await world.paymentsOf(payment);
  const [copy, other] = copies.filter(({ state }) => state === 'live');
  expect(other).toBeUndefined();
  const { methodType } = world.simulators.tenant.tenant.books.findPayment(copy?.id ?? '') ?? {};
  return { paidOn: copy?.paidOn, methodType };
}

test.each([
  ['amount', { amount: '75' }, '75.00', '25.00'],
  ['date', { date: '2026-11-05' }, '60.00', '40.00'],
  ['method', { type: 'Cash' }, '60.00', '40.00'],
  ['everything', { amount: '20', date: '2026-11-05', type: 'Cash' }, '20.00', '80.00'],
])('P8 an edited %s: the old one cancelled, one made anew', async (_what, fields, amount, owes) => {
  const { invoice, payment } = await paid();
  await edited(payment, fields);
  expect(await world.payment(payment)).toEqual([
    'cancelled 60.00',
    `live ${amount}: ${amount} on ${invoice}`,
  ]);
  expect(await world.invoice(invoice)).toEqual([`posted 100.00 owes ${owes}`]);
  expect(await livingCopy(payment)).toEqual({
    paidOn: 'date' in fields ? '2026-11-05' : '2026-11-02',
    methodType: 'type' in fields ? 'Cash' : 'Check',
  });
  const writes = await world.writes();
  await world.replay('payment', payment);
  expect(await world.writes()).toBe(writes);
});

test('P8 edited twice, and with other payments beside it', async () => {
  const { invoice, payment } = await paid('60');
  const other = await world.pay(invoice, '40');
  await world.settle();
  await edited(payment, { date: '2026-11-03' });
  await edited(payment, { date: '2026-11-04', amount: '55' });
  expect(await world.payment(payment)).toEqual([
    'cancelled 60.00',
    'cancelled 60.00',
    `live 55.00: 55.00 on ${invoice}`,
  ]);
  expect(await world.payment(other)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 5.00']);
});

test.each(['PUT payment unapply', 'PUT payment cancel', 'POST payment'])(
  'P8 the answer to %s is lost, or it never arrives: one living payment',
  async (match) => {
    const { invoice, payment } = await paid();
    for (const [fault, amount, owes] of [
      ['loseAnswerAfter', '70.00', '30.00'],
      ['loseRequestBefore', '80.00', '20.00'],
    ] as const) {
      await world.tenant('faults', { [fault]: [{ match, times: 1 }] });
      await edited(payment, { amount });
      expect((await world.payment(payment)).at(-1)).toBe(`live ${amount}: ${amount} on ${invoice}`);
      expect(await world.invoice(invoice)).toEqual([`posted 100.00 owes ${owes}`]);
      await livingCopy(payment);
    }
  },
);

test('P10 a deleted payment: unapplied and cancelled, the balance is open again; restored, it comes back once', async () => {
  const { invoice, payment } = await paid('100');
  await world.remove('payments', payment);
  await world.settle();
  expect(await world.payment(payment)).toEqual(['cancelled 100.00']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  const writes = await world.writes();
  await world.replay('payment', payment);
  expect(await world.writes()).toBe(writes);
  await world.user(`payments/${payment}/undelete`);
  await world.settle();
  expect(await world.payment(payment)).toEqual(['cancelled 100.00', `live 100.00: 100.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});

test('P10 a payment deleted before it was copied is noted; an archived one stays', async () => {
  const invoice = await world.makeInvoice(client, '100');
  const payment = await world.pay(invoice, '100');
  await world.remove('payments', payment);
  await world.settle();
  expect(await world.payment(payment)).toEqual(['ignored deleted-before-copy']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  const kept = await world.pay(invoice, '100');
  await world.settle();
  const writes = await world.writes();
  await world.user(`payments/${kept}/archive`);
  await world.settle();
  expect(await world.payment(kept)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await world.writes()).toBe(writes);
});

test.each([
  ['refund', (on: number) => [`live 60.00: 35.50 on ${on}, 24.50 refunded`]],
  ['replace', (on: number) => ['cancelled 60.00', `live 35.50: 35.50 on ${on}`]],
] as const)('P11 a reduced payment (reducedPayments: %s)', async (reducedPayments, lines) => {
  await world.setPolicies({ reducedPayments });
  const { invoice, payment } = await paid();
  await edited(payment, { amount: '35.50' });
  expect(await world.payment(payment)).toEqual(lines(invoice));
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 64.50']);
  const writes = await world.writes();
  await world.replay('payment', payment);
  expect(await world.writes()).toBe(writes);
});

test('P11 reduced twice: two refunds', async () => {
  const { invoice, payment } = await paid();
  await edited(payment, { amount: '50' });
  await edited(payment, { amount: '30' });
  expect(await world.payment(payment)).toEqual([`live 60.00: 30.00 on ${invoice}, 30.00 refunded`]);
  const { refunds } = await world.ledger();
  const ours = refunds?.filter(({ reference }) => reference.startsWith(world.keyOf('payment', payment)));
  expect(ours?.map(({ amount, state }) => `${state} ${amount}`)).toEqual(['live 10.00', 'live 20.00']);
});

test.each(['loseAnswerAfter', 'loseRequestBefore'])(
  'P11 the refund meets %s: refunded once',
  async (fault) => {
    const { invoice, payment } = await paid();
    await world.tenant('faults', { [fault]: [{ match: 'POST refund', times: 1 }] });
    await edited(payment, { amount: '50' });
    expect(await world.payment(payment)).toEqual([`live 60.00: 50.00 on ${invoice}, 10.00 refunded`]);
  },
);

test('P8 P11 reduced, then raised, then reduced to the same again, then deleted', async () => {
  const { invoice, payment } = await paid();
  await edited(payment, { amount: '50' });
  await edited(payment, { amount: '80' });
  expect(await world.payment(payment)).toEqual(['cancelled 60.00', `live 80.00: 80.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 20.00']);
  await edited(payment, { amount: '50' });
  expect(await world.payment(payment)).toEqual([
    'cancelled 60.00',
    `live 80.00: 50.00 on ${invoice}, 30.00 refunded`,
  ]);
  await world.remove('payments', payment);
  await world.settle();
  expect(await world.payment(payment)).toEqual(['cancelled 60.00', 'cancelled 80.00']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  const { refunds } = await world.ledger();
  const ours = refunds?.filter(({ reference }) => reference.startsWith(world.keyOf('payment', payment)));
  expect(ours?.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
});

test('P11 reduced, raised to what it was, reduced to the same amount: refunded again', async () => {
  const { invoice, payment } = await paid();
  await edited(payment, { amount: '50' });
  await edited(payment, { amount: '60' });
  await edited(payment, { amount: '50' });
  const live = (await world.payment(payment)).filter((line) => line.startsWith('live'));
  expect(live).toEqual([`live 60.00: 50.00 on ${invoice}, 10.00 refunded`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 50.00']);
});

test('P12 moved to another invoice of the client: unapplied there, applied here', async () => {
  const { invoice, payment } = await paid();
  const other = await world.makeInvoice(client, '200');
  await world.settle();
  await edited(payment, { invoiceId: other });
  expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${other}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  expect(await world.invoice(other)).toEqual(['posted 200.00 owes 140.00']);
});

test('P12 moved to an invoice that is not copied yet, and to another client', async () => {
  const { invoice, payment } = await paid();
  const fresh = await world.makeInvoice(client, '80');
  await world.editPayment(payment, { invoiceId: fresh });
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${fresh}`]);
  expect(await world.invoice(fresh)).toEqual(['posted 80.00 owes 20.00']);
  const elsewhere = await world.makeInvoice(await world.makeClient({ email: '' }), '90', { send: false });
  await edited(payment, { invoiceId: elsewhere });
  expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${elsewhere}`]);
  expect(await world.invoice(elsewhere)).toEqual(['posted 90.00 owes 30.00']);
  expect(await world.invoice(fresh)).toEqual(['posted 80.00 owes 80.00']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('P12 moved to an invoice that is parked: it comes off the one before, and goes on by itself', async () => {
  const { invoice, payment } = await paid();
  const stranger = await world.makeClient({ email: '', country: 'Atlantis' });
  const elsewhere = await world.makeInvoice(stranger, '90');
  await world.settle();
  await edited(payment, { invoiceId: elsewhere });
  expect(await world.payment(payment)).toEqual(['live 60.00: 60.00 free', 'parked waits-for-invoice']);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  await world.user(`clients/${stranger}`, { country: 'Canada' }, 'PUT');
  await world.settle();
  expect(await world.invoice(elsewhere)).toEqual(['posted 90.00 owes 30.00']);
  expect(await world.stateOf('payment', payment)).toBe('synced');
});

test('P12 moved and lowered at once, with the answer to the transfer lost', async () => {
  const { invoice, payment } = await paid();
  const elsewhere = await world.makeInvoice(await world.makeClient({ email: '' }), '90');
  await world.settle();
  await world.tenant('faults', { loseAnswerAfter: [{ match: 'PUT payment transfer', times: 1 }] });
  await edited(payment, { invoiceId: elsewhere, amount: '45' });
  expect(await world.payment(payment)).toEqual([`live 60.00: 45.00 on ${elsewhere}, 15.00 refunded`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  expect(await world.invoice(elsewhere)).toEqual(['posted 90.00 owes 45.00']);
});

/** A payment that goes to another client's invoice, and the next one on the invoice that it leaves: two lanes. */
async function replaced(how: 'cash' | 'credit' = 'cash') {
  const { invoice, payment } = await paid();
  const credit = how === 'credit' ? { creditId: await world.makeCredit(client, '100') } : {};
  const elsewhere = await world.makeInvoice(await world.makeClient({ email: '' }), '90');
  await world.settle();
  await world.editPayment(payment, { invoiceId: elsewhere });
  await world.arrived();
  const next = await world.pay(invoice, '100', { type: 'Check', date: '2026-11-03', ...credit });
  await world.arrived();
  const isPlanned = async (about: number) =>
    (await world.timeline('payment', about)).some(({ entry }) => entry === 'plan');
  /** From the lane in which it is found to its own; `act` once its plan or its first intent is there. */
  const bring = async (about: number, act: () => Promise<void> = async () => {}, at = 'after intent') => {
    const { connectionId, parts } = world;
    let acts = 0;
    const checkpoint: OnCheckpoint = async (reached) => {
      if (reached === at && acts === 0 && (await isPlanned(about)) && acts++ === 0) await act();
    };
    for (let lanes = 0; lanes < 2; lanes += 1) {
      const { lane } = await world.document('payment', about);
      await drainLane({ ...parts, checkpoint }, parts.runtime, { connectionId, lane });
    }
  };
  return { invoice, payment, next, bring };
}

test('P12 a payment that looks for room just before another lane makes it looks again afterwards', async () => {
  const { invoice, payment, next, bring } = await replaced();
  await bring(next);
  expect(await world.payment(next)).toEqual([`live 100.00: 40.00 on ${invoice}, 60.00 free`]);
  await bring(payment, () => bring(next));
  await world.settle();
  expect(await world.payment(next)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});

test('P12 room that another lane makes while a payment is being booked is taken', async () => {
  const { invoice, payment, next, bring } = await replaced();
  await bring(next, () => bring(payment));
  await world.settle();
  expect(await world.payment(next)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});

test('P6 P12 room that another lane makes while a payment out of a credit is being planned is taken', async () => {
  const { invoice, payment, next, bring } = await replaced('credit');
  await bring(next, () => bring(payment), 'after note');
  await world.settle();
  expect(await world.payment(next)).toEqual([]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});
