/** P16: Zuora has booked a payment and its answer is lost; it is tried again at any time, also after a restored backup. */
import { sql } from 'kysely';
import { afterEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
afterEach(() => world.close());

const HOUR = 3_600_000;
const DELAYS = {
  'at once': 0,
  'after 25 hours': 25 * HOUR,
  'after 7 days': 168 * HOUR,
  'after 90 days': 2160 * HOUR,
};
const FAULTS = {
  'the answer is lost': { loseAnswerAfter: [{ match: 'POST payment', times: 1 }] },
  'the gateway gives up, the write is done': {
    gatewayTimeoutWithWriteDone: [{ match: 'POST payment', times: 1, afterMs: 1 }],
  },
  'the request never arrived': { loseRequestBefore: [{ match: 'POST payment', times: 1 }] },
} as const;

const cases = Object.keys(DELAYS).flatMap((delay) =>
  Object.keys(FAULTS).map((fault) => [fault, delay] as const),
);

async function started() {
  world = await createLifecycleWorld({ oneClock: true });
  const invoice = await world.makeInvoice(await world.makeClient(), '100');
  await world.settle();
  return invoice;
}

async function tryOnce(fault: keyof typeof FAULTS): Promise<void> {
  await world.tenant('faults', FAULTS[fault]);
  await world.step();
  await world.tenant('faults', {}, 'DELETE');
}

test.each(cases)('P16 %s, tried again %s: one payment', async (fault, delay) => {
  const invoice = await started();
  const payment = await world.pay(invoice, '60');
  await tryOnce(fault as keyof typeof FAULTS);
  world.clock.advance(DELAYS[delay as keyof typeof DELAYS]);
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 40.00']);
});

test.each(Object.keys(DELAYS))(
  'P16 a backup from before the payment is restored, %s: one payment',
  async (delay) => {
    const invoice = await started();
    const backup = await world.backup();
    const payment = await world.pay(invoice, '60');
    await world.settle();
    expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
    world.clock.advance(DELAYS[delay as keyof typeof DELAYS]);
    await world.restore(backup);
    await world.poll();
    await world.tell('payment', payment);
    expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
    const { rows } = await sql<{ state: string }>`select state from deliveries where state = 'open'`.execute(
      world.parts.db,
    );
    expect(rows).toEqual([]);
  },
);

test('P16 a backup from between intent and answer is restored after more was paid: nothing is doubled', async () => {
  const invoice = await started();
  const first = await world.pay(invoice, '60');
  await tryOnce('the answer is lost');
  const backup = await world.backup();
  await world.settle();
  await world.editPayment(first, { note: 'seen' });
  const second = await world.pay(invoice, '40');
  await world.settle();
  world.clock.advance(DELAYS['after 7 days']);
  await world.restore(backup);
  for (const payment of [first, second]) await world.tell('payment', payment);
  await world.tell('invoice', invoice);
  expect(await world.payment(first)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
  expect(await world.payment(second)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});
