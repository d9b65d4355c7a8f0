/** E4, E5: edits of invoices that are paid in part or in full. */
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

/** Over 100, with payments of these amounts. */
async function paid(...amounts: string[]): Promise<{ invoice: number; payments: number[] }> {
  const invoice = await world.makeInvoice(client, '100');
  const payments: number[] = [];
  for (const amount of amounts) {
    payments.push(await world.pay(invoice, amount));
    await world.settle();
  }
  return { invoice, payments };
}

async function repriced(invoice: number, amount: string) {
  await world.reprice(invoice, amount);
  await world.settle();
}

const payments = (ids: readonly number[]) => Promise.all(ids.map((id) => world.payment(id)));

test.each([
  ['unpost', (owes: string) => [`posted 150.00 owes ${owes}`]],
  ['reissue', (owes: string) => ['reversed 100.00', `-R1 posted 150.00 owes ${owes}`]],
] as const)(
  'E4 a part-paid or paid invoice is raised: its payments come back (edits: %s)',
  async (edits, copies) => {
    await world.setPolicies({ edits });
    const partly = await paid('60');
    await repriced(partly.invoice, '150');
    expect(await world.invoice(partly.invoice)).toEqual(copies('90.00'));
    expect(await payments(partly.payments)).toEqual([[`live 60.00: 60.00 on ${partly.invoice}`]]);

    const fully = await paid('60', '40');
    await repriced(fully.invoice, '150');
    expect(await world.invoice(fully.invoice)).toEqual(copies('50.00'));
    const applied = (amount: string) => [`live ${amount}: ${amount} on ${fully.invoice}`];
    expect(await payments(fully.payments)).toEqual([applied('60.00'), applied('40.00')]);
    const writes = await world.writes();
    for (const id of fully.payments) await world.replay('payment', id);
    await world.replay('invoice', fully.invoice);
    expect(await world.writes()).toBe(writes);
  },
);

test('E4 texts and due date of a paid invoice: nothing is cancelled, the payment stays what it was', async () => {
  const { invoice, payments: ids } = await paid('100');
  await world.editInvoice(invoice, { notes: 'Paid, thank you' });
  await world.settle();
  const writes = await world.writes();
  await world.editInvoice(invoice, { dueOffsetDays: 30 });
  await world.settle();
  // Unapplied, unposted, due date, posted, applied.
  expect(await world.writes()).toBe(writes + 5);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  expect(await payments(ids)).toEqual([[`live 100.00: 100.00 on ${invoice}`]]);
});

test('E5 lowered below what was paid: the surplus stays on the payment', async () => {
  const { invoice, payments: ids } = await paid('100');
  await repriced(invoice, '70');
  expect(await world.invoice(invoice)).toEqual(['posted 70.00 owes 0.00']);
  expect(await payments(ids)).toEqual([[`live 100.00: 70.00 on ${invoice}, 30.00 free`]]);
});

test('E5 with several payments: the earlier ones keep what they settle', async () => {
  const { invoice, payments: ids } = await paid('30', '50', '20');
  await repriced(invoice, '60');
  expect(await world.invoice(invoice)).toEqual(['posted 60.00 owes 0.00']);
  expect(await payments(ids)).toEqual([
    [`live 30.00: 30.00 on ${invoice}`],
    [`live 50.00: 30.00 on ${invoice}, 20.00 free`],
    ['live 20.00: 20.00 free'],
  ]);
});

test('E5 then raised again: what was free settles it again', async () => {
  const { invoice, payments: ids } = await paid('30', '50', '20');
  await repriced(invoice, '60');
  await repriced(invoice, '90');
  expect(await world.invoice(invoice)).toEqual(['posted 90.00 owes 0.00']);
  expect(await payments(ids)).toEqual([
    [`live 30.00: 30.00 on ${invoice}`],
    [`live 50.00: 50.00 on ${invoice}`],
    [`live 20.00: 10.00 on ${invoice}, 10.00 free`],
  ]);
  await repriced(invoice, '110');
  expect(await world.invoice(invoice)).toEqual(['posted 110.00 owes 10.00']);
  expect((await payments(ids)).at(-1)).toEqual([`live 20.00: 20.00 on ${invoice}`]);
});

test('E5 then a payment is deleted: the others fill its place', async () => {
  const { invoice, payments: ids } = await paid('60', '40');
  await repriced(invoice, '70');
  await world.remove('payments', ids[0] ?? 0);
  await world.settle();
  // FreshBooks: 70 less 40.
  expect(await world.invoice(invoice)).toEqual(['posted 70.00 owes 30.00']);
  expect(await payments(ids)).toEqual([['cancelled 60.00'], [`live 40.00: 40.00 on ${invoice}`]]);
});

test('E5 then a payment is reduced: the others fill its place', async () => {
  const { invoice, payments: ids } = await paid('60', '40');
  await repriced(invoice, '70');
  await world.editPayment(ids[0] ?? 0, { amount: '20' });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 70.00 owes 10.00']);
  expect(await payments(ids)).toEqual([
    [`live 60.00: 20.00 on ${invoice}, 40.00 refunded`],
    [`live 40.00: 40.00 on ${invoice}`],
  ]);
});

test('E5 lowered to nothing: every payment is free, none is cancelled', async () => {
  const { invoice, payments: ids } = await paid('60', '40');
  await repriced(invoice, '0');
  expect(await world.invoice(invoice)).toEqual(['posted 0.00 owes 0.00']);
  expect(await payments(ids)).toEqual([['live 60.00: 60.00 free'], ['live 40.00: 40.00 free']]);
  await repriced(invoice, '100');
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});

test.each([
  'PUT payment unapply',
  'PUT invoice unpost',
  'PUT invoice',
  'POST invoice bulk-post',
  'PUT payment apply',
])('E4 the answer to %s is lost, or the call never arrives: the end is the same', async (match) => {
  const { invoice, payments: ids } = await paid('60', '40');
  for (const [fault, total, owes] of [
    ['loseAnswerAfter', '150', '50.00'],
    ['loseRequestBefore', '160', '60.00'],
  ] as const) {
    await world.tenant('faults', { [fault]: [{ match, times: 1 }] });
    await repriced(invoice, total);
    expect(await world.invoice(invoice)).toEqual([`posted ${total}.00 owes ${owes}`]);
    const applied = (amount: string) => [`live ${amount}: ${amount} on ${invoice}`];
    expect(await payments(ids)).toEqual([applied('60.00'), applied('40.00')]);
  }
});

test('E4 edited again between unapplying and applying: the engine finds its way from the copy as it is', async () => {
  const { invoice, payments: ids } = await paid('60', '40');
  await world.reprice(invoice, '150');
  await world.tenant('faults', { failNext: [{ match: 'PUT invoice', times: 1, status: 503 }] });
  const unsettled = world.settle();
  await world.reprice(invoice, '130');
  await world.remove('payments', ids[1] ?? 0);
  await unsettled;
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 130.00 owes 70.00']);
  expect(await payments(ids)).toEqual([[`live 60.00: 60.00 on ${invoice}`], ['cancelled 40.00']]);
});
