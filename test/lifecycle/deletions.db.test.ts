/** X: what is deleted, restored and archived. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  client = await world.makeClient();
});

const act = async (path: string, id: number, how: string) => {
  await world.user(`${path}/${id}/${how}`);
  await world.settle();
};
const noteOf = async (kind: 'invoice' | 'payment', id: number) =>
  (await world.reasonOf(kind, id))?.message ?? '';

async function paidInvoice(...amounts: string[]): Promise<{ invoice: number; payments: number[] }> {
  const invoice = await world.makeInvoice(client, '100.00');
  const payments: number[] = [];
  for (const amount of amounts) payments.push(await world.pay(invoice, amount));
  await world.settle();
  return { invoice, payments };
}

/** Nothing may move any more, however often one looks. */
async function expectAtRest(invoice: number, payments: readonly number[] = []): Promise<void> {
  const before = await world.writes();
  await world.replay('invoice', invoice);
  for (const id of payments) await world.replay('payment', id);
  await world.poll();
  expect(await world.writes()).toBe(before);
}

test.each([true, false])(
  'X1 a draft is deleted: the draft is gone (Zuora deletes drafts at once: %s)',
  async (deleteDraftInvoices) => {
    await world.tenant('features', { deleteDraftInvoices });
    const invoice = await world.makeInvoice(client, '100.00', { send: false });
    await world.settle();
    await act('invoices', invoice, 'delete');
    expect(await world.invoice(invoice)).toEqual(['deleted 100.00']);
    await expectAtRest(invoice);
    await world.tenant('features', { deleteDraftInvoices: true });
  },
);

test('X1 X5 a deleted draft that is restored is a draft again, under the same number', async () => {
  const invoice = await world.makeInvoice(client, '100.00', { send: false });
  await world.settle();
  const [before] = await world.copiesOf(invoice);
  await act('invoices', invoice, 'delete');
  await act('invoices', invoice, 'undelete');
  expect(await world.invoice(invoice)).toEqual(['deleted 100.00', 'draft 100.00']);
  expect((await world.copiesOf(invoice)).at(-1)?.number).toBe(before?.number);
});

test('X2 an unpaid posted invoice is deleted: reversed, nothing is owed', async () => {
  const { invoice } = await paidInvoice();
  await act('invoices', invoice, 'delete');
  expect(await world.invoice(invoice)).toEqual(['reversed 100.00']);
  expect(await world.copiesOf(invoice)).toMatchObject([{ outstanding: '0.00' }]);
  expect(await noteOf('invoice', invoice)).toContain('reversed');
  await expectAtRest(invoice);
});

test('X2 an invoice over zero is deleted: it is gone, though nothing can be credited', async () => {
  const invoice = await world.makeInvoice(client, '0.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 0.00 owes 0.00']);
  await act('invoices', invoice, 'delete');
  expect(await world.invoice(invoice)).toEqual(['deleted 0.00']);
  await expectAtRest(invoice);
});

test.each([
  ['in full', ['100.00']],
  ['in part', ['30.00']],
  ['twice', ['30.00', '70.00']],
])('X3 an invoice paid %s is deleted, its payments are not: unapplied cash', async (_, amounts) => {
  const { invoice, payments } = await paidInvoice(...amounts);
  await act('invoices', invoice, 'delete');
  expect(await world.invoice(invoice)).toEqual(['reversed 100.00']);
  for (const [index, id] of payments.entries())
    expect(await world.payment(id)).toEqual([`live ${amounts[index]}: ${amounts[index]} free`]);
  await expectAtRest(invoice, payments);
});

test.each([
  ['the payment first', ['payments', 'invoices']],
  ['the invoice first', ['invoices', 'payments']],
] as const)('X4 a paid invoice and its payment are deleted, %s: reversed and cancelled', async (_, order) => {
  for (const between of [true, false]) {
    const { invoice, payments } = await paidInvoice('100.00');
    const [payment = 0] = payments;
    for (const path of order) {
      await world.remove(path, path === 'invoices' ? invoice : payment);
      if (between) await world.settle();
    }
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(['reversed 100.00']);
    expect(await world.payment(payment)).toEqual(['cancelled 100.00']);
    await expectAtRest(invoice, payments);
  }
});

test('X3 a payment dated in the future comes off its deleted invoice on that date', async () => {
  const { invoice, payments } = await paidInvoice('100.00');
  const [payment = 0] = payments;
  await world.user(`payments/${payment}`, { date: '2031-04-12' }, 'PUT');
  await world.settle();
  await act('invoices', invoice, 'delete');
  expect(await world.invoice(invoice)).toEqual(['reversed 100.00']);
  expect(await world.payment(payment)).toEqual(['cancelled 100.00', 'live 100.00: 100.00 free']);
});

test('X5 a deleted invoice is restored, twice: issued anew with a suffix, its payments are applied again', async () => {
  const { invoice, payments } = await paidInvoice('30.00', '50.00');
  const [first] = await world.copiesOf(invoice);
  const reversed: string[] = [];
  for (const suffix of ['-R1', '-R2']) {
    await act('invoices', invoice, 'delete');
    await act('invoices', invoice, 'undelete');
    reversed.push(`${reversed.length === 0 ? '' : '-R1 '}reversed 100.00`);
    expect(await world.invoice(invoice)).toEqual([...reversed, `${suffix} posted 100.00 owes 20.00`]);
    expect((await world.copiesOf(invoice)).at(-1)?.number).toBe(`${first?.number}${suffix}`);
    expect(await world.payment(payments[0] ?? 0)).toEqual([`live 30.00: 30.00 on ${invoice}`]);
    expect(await world.payment(payments[1] ?? 0)).toEqual([`live 50.00: 50.00 on ${invoice}`]);
  }
  await expectAtRest(invoice, payments);
});

test('X5 a deleted payment is restored: made anew and applied', async () => {
  const { invoice, payments } = await paidInvoice('100.00');
  const [payment = 0] = payments;
  await act('payments', payment, 'delete');
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  await act('payments', payment, 'undelete');
  expect(await world.payment(payment)).toEqual(['cancelled 100.00', `live 100.00: 100.00 on ${invoice}`]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
  await expectAtRest(invoice, payments);
});

test('X5 deleted and restored before anybody looked: nothing happens', async () => {
  const { invoice, payments } = await paidInvoice('40.00');
  const before = await world.writes();
  await world.remove('invoices', invoice);
  await world.user(`invoices/${invoice}/undelete`);
  await world.settle();
  expect(await world.writes()).toBe(before);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 60.00']);
  expect(await world.payment(payments[0] ?? 0)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
});

test('X6 archived and unarchived: nothing changes, with a note while it is archived', async () => {
  const { invoice, payments } = await paidInvoice('40.00');
  const draft = await world.makeInvoice(client, '7.00', { send: false });
  await world.settle();
  const before = await world.writes();
  for (const id of [invoice, draft]) {
    await act('invoices', id, 'archive');
    expect(await noteOf('invoice', id)).toContain('Archived in the source');
    await act('invoices', id, 'unarchive');
    expect(await noteOf('invoice', id)).toBe('');
  }
  expect(await world.writes()).toBe(before);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 60.00']);
  expect(await world.payment(payments[0] ?? 0)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
  await act('invoices', invoice, 'archive');
  await world.pay(invoice, '60.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 0.00']);
});

test('X7 deleted before it was ever copied: nothing is booked, with a note', async () => {
  const before = await world.writes();
  const invoice = await world.makeInvoice(client, '100.00');
  const payment = await world.pay(invoice, '100.00');
  await world.remove('payments', payment);
  await world.remove('invoices', invoice);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['ignored deleted-before-copy']);
  expect(await world.payment(payment)).toEqual(['ignored deleted-before-copy']);
  expect(await world.writes()).toBe(before);
});

test('X7 X5 deleted before it was ever copied, then restored: copied', async () => {
  const invoice = await world.makeInvoice(client, '100.00');
  await world.remove('invoices', invoice);
  await world.settle();
  await act('invoices', invoice, 'undelete');
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

const DAY_MS = 86_400_000;

test('X8 a deletion that no webhook tells of, and that leaves no trace in the changes, is found by the next poll', async () => {
  const polled = await createLifecycleWorld({ webhooks: false, seed: 8 });
  try {
    const payer = await polled.makeClient();
    const unpaid = await polled.makeInvoice(payer, '100.00');
    const paid = await polled.makeInvoice(payer, '50.00');
    const payment = await polled.pay(paid, '50.00');
    const draft = await polled.makeInvoice(payer, '7.00', { send: false });
    await polled.poll();
    // Long enough for them to be in no list of changes any more.
    await polled.user('clock', { advanceMs: 5 * DAY_MS });
    polled.clock.advance(5 * DAY_MS);
    await polled.poll();
    for (const id of [unpaid, paid, draft]) await polled.remove('invoices', id);
    await polled.poll();
    expect(await polled.invoice(unpaid)).toEqual(['reversed 100.00']);
    expect(await polled.invoice(paid)).toEqual(['reversed 50.00']);
    expect(await polled.payment(payment)).toEqual(['live 50.00: 50.00 free']);
    const before = await polled.writes();
    await polled.poll();
    expect(await polled.writes()).toBe(before);
  } finally {
    await polled.close();
  }
});
