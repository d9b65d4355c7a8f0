/** E1-E3, E8-E10: edits of invoices that nobody has paid yet. */
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

async function copied(amount = '100'): Promise<number> {
  const invoice = await world.makeInvoice(client, amount);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual([`posted ${amount}.00 owes ${amount}.00`]);
  return invoice;
}

async function inZuora(invoice: number) {
  const [ledger] = (await world.copiesOf(invoice)).slice(-1);
  const found = world.simulators.tenant.tenant.books.findInvoice(ledger?.number ?? '');
  if (!ledger || !found) throw new Error(`no copy of ${invoice}`);
  return { number: ledger.number, issuedOn: ledger.issuedOn, dueOn: ledger.dueOn, comments: found.comments };
}

test('E1 notes, purchase order and terms of a posted invoice follow in place', async () => {
  const invoice = await copied();
  const before = await inZuora(invoice);
  await world.editInvoice(invoice, { notes: 'Thank you', poNumber: 'PO-77', terms: 'Net 30' });
  await world.settle();
  const after = await inZuora(invoice);
  expect(after).toEqual({
    ...before,
    comments: `${world.keyOf('invoice', invoice)} | PO PO-77 | Thank you | Net 30`,
  });
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  const writes = await world.writes();
  await world.editInvoice(invoice, { notes: '', poNumber: '', terms: '' });
  await world.settle();
  expect((await inZuora(invoice)).comments).toBe(world.keyOf('invoice', invoice));
  expect(await world.writes()).toBe(writes + 1);
});

test('E2 a due date of a posted invoice follows, under the same number', async () => {
  const invoice = await world.makeInvoice(client, '100', { createDate: '2026-03-01', dueOffsetDays: 10 });
  await world.settle();
  const before = await inZuora(invoice);
  expect(before.dueOn).toBe('2026-03-11');
  await world.editInvoice(invoice, { dueOffsetDays: 45 });
  await world.settle();
  expect(await inZuora(invoice)).toEqual({ ...before, dueOn: '2026-04-15' });
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('E2 the invoice date of a posted invoice follows, and its due date with it', async () => {
  const invoice = await world.makeInvoice(client, '100', { createDate: '2026-03-01', dueOffsetDays: 10 });
  await world.settle();
  await world.editInvoice(invoice, { createDate: '2026-05-20' });
  await world.settle();
  expect(await inZuora(invoice)).toMatchObject({ issuedOn: '2026-05-20', dueOn: '2026-05-30' });
  await world.editInvoice(invoice, { createDate: '2026-01-05', dueOffsetDays: 0 });
  await world.settle();
  expect(await inZuora(invoice)).toMatchObject({ issuedOn: '2026-01-05', dueOn: '2026-01-05' });
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

const lines = [
  { name: 'Work', unitCost: '120.50', qty: '2' },
  { name: 'Travel', unitCost: '10', taxes: [{ name: 'GST', percent: '5' }] },
];

test.each([
  // A draft takes no other tax items: it is deleted and made anew under its number.
  ['unpost', ['deleted 100.00', 'posted 251.50 owes 251.50'], ['deleted 100.00', 'posted 90.00 owes 90.00']],
  [
    'reissue',
    ['reversed 100.00', '-R1 posted 251.50 owes 251.50'],
    ['reversed 100.00', '-R1 reversed 251.50', '-R2 posted 90.00 owes 90.00'],
  ],
] as const)('E3 an unpaid posted invoice gets other lines (edits: %s)', async (edits, first, second) => {
  await world.setPolicies({ edits });
  const invoice = await copied();
  const { number } = await inZuora(invoice);
  await world.editInvoice(invoice, { lines });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(first);
  expect((await inZuora(invoice)).number).toBe(edits === 'unpost' ? number : `${number}-R1`);
  await world.reprice(invoice, '90');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(second);
  const writes = await world.writes();
  await world.replay('invoice', invoice);
  expect(await world.writes()).toBe(writes);
});

test('E3 lines that change without the total are brought, too', async () => {
  const invoice = await copied();
  await world.editInvoice(invoice, {
    lines: [
      { name: 'Design', unitCost: '60' },
      { name: 'Build', unitCost: '40' },
    ],
  });
  await world.settle();
  const { number } = await inZuora(invoice);
  const { items } = world.simulators.tenant.tenant.books.findInvoice(number) ?? {};
  expect(items?.map(({ fields, amountMinor }) => [fields['chargeName'], amountMinor])).toEqual([
    ['Design', 6000n],
    ['Build', 4000n],
  ]);
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('E3 a tenant that forbids unposting: reversed, and issued anew under a suffix', async () => {
  const own = await createLifecycleWorld({ zuora: { unposting: 'off' } });
  const invoice = await own.makeInvoice(await own.makeClient(), '100');
  await own.settle();
  await own.reprice(invoice, '130');
  await own.settle();
  expect(await own.invoice(invoice)).toEqual(['reversed 100.00', '-R1 posted 130.00 owes 130.00']);
  await own.editInvoice(invoice, { dueOffsetDays: 20 });
  await own.settle();
  expect((await own.invoice(invoice)).at(-1)).toBe('-R2 posted 130.00 owes 130.00');
  await own.close();
});

test('E3 a tenant that turns out to forbid unposting is planned around at once', async () => {
  const own = await createLifecycleWorld();
  await own.tenant('features', { unposting: 'forbidden' });
  const invoice = await own.makeInvoice(await own.makeClient(), '100');
  await own.settle();
  await own.reprice(invoice, '130');
  await own.settle();
  expect(await own.invoice(invoice)).toEqual(['reversed 100.00', '-R1 posted 130.00 owes 130.00']);
  await own.close();
});

test('E8 a new number in FreshBooks: Zuora keeps its own, and the record tells so', async () => {
  const invoice = await world.makeInvoice(client, '100', { invoiceNumber: 'OLD-1' });
  await world.settle();
  const before = await inZuora(invoice);
  expect(before.number).toBe('OLD-1');
  await world.editInvoice(invoice, { invoiceNumber: `NEW-${invoice}` });
  await world.settle();
  expect(await inZuora(invoice)).toEqual(before);
  const { label, reason, state } = await world.document('invoice', invoice);
  expect({ label, state }).toEqual({ label: `NEW-${invoice}`, state: 'synced' });
  expect(reason?.message).toContain(`to NEW-${invoice}`);
  await world.reprice(invoice, '70');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 70.00 owes 70.00']);
  expect((await inZuora(invoice)).number).toBe(before.number);
});

test('E9 two edits before the first is brought: the last one wins, nothing of the middle one is done', async () => {
  const invoice = await copied();
  const writes = await world.writes();
  await world.reprice(invoice, '150');
  await world.reprice(invoice, '175');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 175.00 owes 175.00']);
  // Back to draft, lines, posted: once.
  expect(await world.writes()).toBe(writes + 3);
});

test('E9 an edit while the first one is on its way: the answer is lost, the last state wins', async () => {
  const invoice = await copied();
  await world.reprice(invoice, '150');
  await world.tenant('faults', { loseAnswerAfter: [{ match: 'PUT invoice unpost', times: 1 }] });
  const unknown = world.settle();
  await world.reprice(invoice, '175');
  await unknown;
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 175.00 owes 175.00']);
});

test('E10 saved without a change: no call that writes', async () => {
  const invoice = await copied();
  const writes = await world.writes();
  await world.editInvoice(invoice, {});
  await world.settle();
  await world.poll();
  expect(await world.writes()).toBe(writes);
});
