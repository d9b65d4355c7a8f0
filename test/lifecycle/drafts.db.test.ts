/** D: drafts, and first copies of what is sent. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { showRecord } from '../../src/operations/show-record.ts';
import { ADMIN } from '../kit/engine.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';
import { accountsOf, itemsOf } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld();
  client = await world.makeClient();
});
afterAll(() => world.close());
beforeEach(() => world.setPolicies({}));

const makeDraft = (amount: string, fields = {}) =>
  world.makeInvoice(client, amount, { send: false, ...fields });
const send = (id: number, how = 'send') => world.user(`invoices/${id}/${how}`);
const idsOf = async (id: number) => (await world.copiesOf(id)).map((copy) => copy.id);

test('D1 D3 a draft is copied as a draft, and the same invoice is posted once it is sent', async () => {
  const invoice = await makeDraft('100.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['draft 100.00']);
  const ids = await idsOf(invoice);
  await send(invoice);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
  expect(await idsOf(invoice)).toEqual(ids);
  const before = await world.writes();
  await world.replay('invoice', invoice);
  expect(await world.writes()).toBe(before);
});

test('D1 D3 policy drafts = wait: nothing until the draft is sent, then it is posted at once', async () => {
  await world.setPolicies({ drafts: 'wait' });
  const invoice = await makeDraft('100.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['ignored draft-waits']);
  await send(invoice, 'mark-sent');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 100.00 owes 100.00']);
});

test('D3 a draft that was edited while it was being sent is posted as it is now', async () => {
  const invoice = await makeDraft('100.00');
  await world.settle();
  await world.reprice(invoice, '90.00');
  await send(invoice);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 90.00 owes 90.00']);
});

const line = (name: string, unitCost: string, percent?: string) => ({
  name,
  unitCost,
  ...(percent === undefined ? {} : { taxes: [{ name: 'VAT', percent }] }),
});

test.each([
  ['without taxes', undefined],
  ['with taxes', '10'],
] as const)(
  'D2 lines of a draft %s are added, changed, put in another order and removed: the same draft',
  async (_, percent) => {
    const invoice = await makeDraft('0', { lines: [line('One', '10', percent), line('Two', '20', percent)] });
    await world.settle();
    const number = (await world.copiesOf(invoice)).at(-1)?.number;
    const total = (net: number) => `draft ${(percent === undefined ? net : (net * 11) / 10).toFixed(2)}`;
    for (const lines of [
      [line('One', '10', percent), line('Two', '20', percent), line('Three', '30', percent)],
      [line('One', '10', percent), line('Two', '25', percent), line('Three', '30', percent)],
      [line('Three', '30', percent), line('One', '10', percent), line('Two', '25', percent)],
      [line('Two', '25', percent)],
    ]) {
      await world.editInvoice(invoice, { lines });
      await world.settle();
      const net = lines.reduce((sum, { unitCost }) => sum + Number(unitCost), 0);
      const living = (await world.copiesOf(invoice)).filter(({ state }) => state !== 'deleted');
      expect(living.map((copy) => [copy.number, `${copy.state} ${copy.total}`])).toEqual([
        [number, total(net)],
      ]);
      expect(await itemsOf(world, invoice)).toEqual(
        lines.map(({ name, unitCost }) => `${name} ${unitCost}.00`),
      );
      expect(await world.stateOf('invoice', invoice)).toBe('synced');
    }
  },
);

test.each(['send', 'mark-sent'])(
  'D4 an invoice that is created and sent at once (%s) is posted',
  async (how) => {
    const invoice = await makeDraft('77.70');
    await send(invoice, how);
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(['posted 77.70 owes 77.70']);
    expect(await world.stateOf('invoice', invoice)).toBe('synced');
  },
);

const sourceStatusOf = async (invoice: number) => {
  const { fields } = await showRecord(world.parts, ADMIN, {
    recordId: (await world.document('invoice', invoice)).id,
  });
  return fields.find(({ field }) => field === 'sourceStatus')?.value;
};

test('D5 marked as sent, viewed, disputed and resolved: no call that writes, the word stays on the record', async () => {
  const invoice = await world.makeInvoice(client, '50.00');
  await world.settle();
  const before = await world.writes();
  for (const [act, word] of [
    ['mark-sent', 'sent'],
    ['view', 'viewed'],
    ['dispute', 'disputed'],
    ['resolve', 'resolved'],
  ] as const) {
    await world.user(`invoices/${invoice}/${act}`);
    await world.settle();
    expect(await world.invoice(invoice)).toEqual(['posted 50.00 owes 50.00']);
    expect(await sourceStatusOf(invoice)).toBe(word);
  }
  expect(await world.writes()).toBe(before);
});

test('D5 an overdue invoice is posted with its due date', async () => {
  const invoice = await world.makeInvoice(client, '50.00', {
    createDate: daysFromNow(-60),
    dueOffsetDays: 10,
  });
  await world.settle();
  expect(await world.copiesOf(invoice)).toMatchObject([
    { state: 'posted', outstanding: '50.00', issuedOn: daysFromNow(-60), dueOn: daysFromNow(-50) },
  ]);
  expect(await sourceStatusOf(invoice)).toBe('overdue');
});

function daysFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

test.each([
  [0, 'Due Upon Receipt'],
  [30, 'Net 30'],
  [60, 'Net 60'],
])(
  'D8 due in %i days: the due date to the day, and the account gets the term “%s”',
  async (dueOffsetDays, term) => {
    const payer = await world.makeClient({ email: `net${dueOffsetDays}@d8.test` });
    const invoice = await world.makeInvoice(payer, '10.00', { createDate: '2026-02-10', dueOffsetDays });
    await world.settle();
    const dueOn = new Date(Date.UTC(2026, 1, 10 + dueOffsetDays)).toISOString().slice(0, 10);
    expect(await world.copiesOf(invoice)).toMatchObject([{ issuedOn: '2026-02-10', dueOn }]);
    expect(accountsOf(world, payer)).toMatchObject([{ paymentTerm: term }]);
  },
);

test('D8 a term that the tenant does not have: the due date is the source’s, the account keeps the tenant’s default', async () => {
  const payer = await world.makeClient({ email: 'net45@d8.test' });
  const invoice = await world.makeInvoice(payer, '10.00', { createDate: '2026-02-10', dueOffsetDays: 45 });
  await world.settle();
  expect(await world.copiesOf(invoice)).toMatchObject([{ dueOn: '2026-03-27' }]);
  expect(accountsOf(world, payer)).toMatchObject([{ paymentTerm: 'Due Upon Receipt' }]);
});

test('D11 an invoice of a recurring profile is posted once, however often it is told of', async () => {
  await world.user('faults', { webhookDuplicate: 2, webhookShuffle: true }, 'PUT');
  const invoice = await world.makeInvoice(client, '15.00', { parent: 4711 });
  await world.settle();
  await world.user('faults', { webhookDuplicate: 0, webhookShuffle: false }, 'PUT');
  await world.poll();
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['posted 15.00 owes 15.00']);
});

test('D1 a draft without lines asks nobody and makes nothing, not even an account; with lines it is copied, without them taken back', async () => {
  const other = await world.makeClient({ organization: 'Beginner', email: 'begin@d1.test' });
  const invoice = await world.makeInvoice(other, '0.00', { send: false, lines: [] });
  await world.settle();
  expect(await world.stateOf('invoice', invoice)).toBe('ignored no-lines');
  expect(accountsOf(world, other)).toEqual([]);
  await world.reprice(invoice, '12.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['draft 12.00']);
  await world.editInvoice(invoice, { lines: [] });
  await world.settle();
  expect((await world.invoice(invoice)).filter((told) => told.startsWith('draft'))).toEqual([]);
  await world.reprice(invoice, '13.00');
  await send(invoice);
  await world.settle();
  expect((await world.invoice(invoice)).at(-1)).toBe('posted 13.00 owes 13.00');
});
