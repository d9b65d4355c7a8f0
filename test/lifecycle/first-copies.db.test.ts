/** D: numbers that are taken or odd, closed periods, and invoices that are too long. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';
import { choose } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
let client: number;
let account: string;
beforeAll(async () => {
  world = await createLifecycleWorld();
  client = await world.makeClient();
  const first = await world.makeInvoice(client, '1.00');
  await world.settle();
  account = (await world.copiesOf(first))[0]?.customer ?? '';
});
afterAll(() => world.close());
beforeEach(() => world.setPolicies({}));

/** Made by a person inside Zuora. */
const byHand = (invoiceNumber: string, amount: string, more = {}) =>
  world.tenant(
    'invoices',
    {
      accountNumber: account,
      invoiceNumber,
      invoiceDate: '2026-02-01',
      dueDate: '2026-02-01',
      status: 'Posted',
      invoiceItems: [{ chargeName: 'By hand', amount, serviceStartDate: '2026-02-01' }],
      ...more,
    },
    'POST',
  );
const under = async (number: string) =>
  (await world.ledger()).invoices
    .filter((invoice) => invoice.number.startsWith(number))
    .map((invoice) => `${invoice.number} ${invoice.state} ${invoice.total}`)
    .sort();

test('D6 the number was taken by hand: never a second one; a person gives the copy a number of its own', async () => {
  await byHand('D6-1', '99.00');
  const invoice = await world.makeInvoice(client, '100.00', { invoiceNumber: 'D6-1' });
  await world.settle();
  expect(await world.stateOf('invoice', invoice)).toBe('parked number-taken');
  const reason = await world.reasonOf('invoice', invoice);
  expect(reason?.message).toContain('D6-1');
  expect(reason?.choices?.map(({ choice }) => choice)).toEqual(['adopt', 'renumber', 'leave-out']);
  expect(reason?.figures).toEqual(
    expect.arrayContaining([
      { name: 'total', source: '100.00 USD', destination: '99.00 USD' },
      { name: 'due date', source: expect.any(String) as string, destination: '2026-02-01' },
      { name: 'state', source: 'issued', destination: 'posted' },
    ]),
  );
  await world.replay('invoice', invoice);
  expect(await under('D6-1')).toEqual(['D6-1 posted 99.00']);
  await choose(world, 'invoice', invoice, 'renumber');
  expect(await under('D6-1')).toEqual(['D6-1 posted 99.00', 'D6-1-R1 posted 100.00']);
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
  await world.reprice(invoice, '110.00');
  const payment = await world.pay(invoice, '110.00');
  await world.settle();
  expect(await under('D6-1')).toEqual(['D6-1 posted 99.00', 'D6-1-R1 posted 110.00']);
  expect(await world.payment(payment)).toEqual([`live 110.00: 110.00 on ${invoice}`]);
});

test('D6 a person adopts the invoice that was made by hand: it becomes the copy and is made equal', async () => {
  await byHand('D6-2', '99.00');
  const invoice = await world.makeInvoice(client, '100.00', {
    invoiceNumber: 'D6-2',
    createDate: '2026-02-01',
  });
  await world.settle();
  await choose(world, 'invoice', invoice, 'adopt');
  expect(await under('D6-2')).toEqual(['D6-2 posted 100.00']);
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
  const payment = await world.pay(invoice, '40.00');
  await world.settle();
  const copy = (await world.ledger()).invoices.find(({ number }) => number === 'D6-2');
  expect(copy).toMatchObject({ total: '100.00', outstanding: '60.00' });
  expect(await world.stateOf('payment', payment)).toBe('synced');
});

test('D6 an invoice of another customer cannot be adopted: the record says so, and still offers a way out', async () => {
  const other = await world.tenant('accounts', { name: 'Other', currency: 'USD' }, 'POST');
  await byHand('D6-4', '99.00', { accountNumber: String(other['accountNumber']) });
  const invoice = await world.makeInvoice(client, '100.00', { invoiceNumber: 'D6-4' });
  await world.settle();
  await choose(world, 'invoice', invoice, 'adopt');
  expect(await world.stateOf('invoice', invoice)).toBe('parked not-adoptable');
  expect((await world.reasonOf('invoice', invoice))?.message).toContain(account);
  expect(await under('D6-4')).toEqual(['D6-4 posted 99.00']);
  await choose(world, 'invoice', invoice, 'renumber');
  expect(await under('D6-4')).toEqual(['D6-4 posted 99.00', 'D6-4-R1 posted 100.00']);
});

test('D6 an adopted invoice that was paid by hand is not touched: a person is asked', async () => {
  const { id } = await byHand('D6-5', '99.00');
  const cash = {
    type: 'External',
    accountNumber: account,
    currency: 'USD',
    amount: 10,
    paymentMethodType: 'Check',
  };
  await world.tenant('payments', { ...cash, invoices: [{ invoiceId: id, amount: 10 }] }, 'POST');
  const invoice = await world.makeInvoice(client, '100.00', { invoiceNumber: 'D6-5' });
  await world.settle();
  await choose(world, 'invoice', invoice, 'adopt');
  expect(await world.stateOf('invoice', invoice)).toBe('parked settled-by-hand');
  expect((await world.reasonOf('invoice', invoice))?.message).toContain('10.00 USD');
  expect(await under('D6-5')).toEqual(['D6-5 posted 99.00']);
});

test('D6 a person leaves it out: nothing is booked, and the record says so', async () => {
  await byHand('D6-3', '99.00');
  const invoice = await world.makeInvoice(client, '100.00', { invoiceNumber: 'D6-3' });
  await world.settle();
  await choose(world, 'invoice', invoice, 'leave-out');
  expect(await world.stateOf('invoice', invoice)).toBe('ignored left-out');
  expect(await under('D6-3')).toEqual(['D6-3 posted 99.00']);
});

test.each([
  ['is too long', '2026-'.repeat(9)],
  ['has odd characters', 'RE 2026/07 ü'],
  ['has a reserved prefix', 'INV00000042'],
])(
  'D7 a number that %s becomes a valid one, for good; the original stays on the record',
  async (_, invoiceNumber) => {
    const invoice = await world.makeInvoice(client, '12.00', { invoiceNumber });
    await world.settle();
    const [copy] = await world.copiesOf(invoice);
    expect(copy?.number).toMatch(/^(?!INV)[A-Za-z0-9_-]{1,32}$/);
    expect((await world.document('invoice', invoice)).label).toBe(invoiceNumber);
    await sql`delete from links where kind = 'invoice' and source_id = ${String(invoice)}`.execute(
      world.parts.db,
    );
    await world.replay('invoice', invoice);
    expect((await world.copiesOf(invoice)).map(({ number }) => number)).toEqual([copy?.number]);
    expect(await world.invoice(invoice)).toEqual(['posted 12.00 owes 12.00']);
  },
);

test('D7 two invoices with one number in the source: both are copied, the second under a number of its own', async () => {
  await world.user('faults', { allowDuplicateNumbers: true }, 'PUT');
  const one = await world.makeInvoice(client, '10.00', { invoiceNumber: 'TWICE' });
  await world.settle();
  const two = await world.makeInvoice(client, '20.00', { invoiceNumber: 'TWICE' });
  await world.settle();
  expect(await world.invoice(one)).toEqual(['posted 10.00 owes 10.00']);
  expect(await world.invoice(two)).toEqual(['posted 20.00 owes 20.00']);
  expect((await world.copiesOf(one)).map(({ number }) => number)).toEqual(['TWICE']);
  expect((await world.document('invoice', two)).label).toBe('TWICE');
  await world.replay('invoice', two);
  expect(await under('TWICE')).toHaveLength(2);
});

test('D7 the number belongs to another company’s copy in the same tenant: a number of its own', async () => {
  await byHand('0007777', '99.00', { comments: 'FB-OTHER-invoice-5' });
  const invoice = await world.makeInvoice(client, '10.00', { invoiceNumber: '0007777' });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 10.00 owes 10.00']);
  expect(await under('0007777')).toContain('0007777 posted 99.00');
});

const CLOSED = { createDate: '2026-03-15', dueOffsetDays: 30 };

async function closeMarch<T>(act: () => Promise<T>): Promise<T> {
  await world.tenant('closed-periods', { periods: ['2026-03'] });
  // What is closed is read again after some minutes.
  world.clock.advance(600_000);
  try {
    return await act();
  } finally {
    await world.tenant('closed-periods', { periods: [] });
    world.clock.advance(600_000);
  }
}

test('D9 dated in a closed period: a person is asked, and may book it on the first open day', async () => {
  const invoice = await closeMarch(async () => {
    const id = await world.makeInvoice(client, '31.00', CLOSED);
    await world.settle();
    expect(await world.invoice(id)).toEqual(['parked closed-period']);
    const reason = await world.reasonOf('invoice', id);
    expect(reason?.message).toContain('2026-03-15');
    expect(reason?.choices?.map(({ choice }) => choice)).toEqual(['open-day', 'leave-out']);
    await choose(world, 'invoice', id, 'open-day');
    return id;
  });
  expect(await world.copiesOf(invoice)).toMatchObject([
    { state: 'posted', total: '31.00', issuedOn: '2026-04-01', dueOn: '2026-04-14' },
  ]);
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
  const before = await world.writes();
  await world.replay('invoice', invoice);
  expect(await world.writes()).toBe(before);
});

test('D9 the period is opened again: a replay books it on its own day', async () => {
  const invoice = await closeMarch(async () => {
    const id = await world.makeInvoice(client, '32.00', CLOSED);
    await world.settle();
    return id;
  });
  expect(await world.stateOf('invoice', invoice)).toBe('parked closed-period');
  await world.replay('invoice', invoice);
  expect(await world.copiesOf(invoice)).toMatchObject([{ issuedOn: '2026-03-15', dueOn: '2026-04-14' }]);
});

test('D9 policy closedPeriods = next-open-day: booked there with a note, and not moved again', async () => {
  await world.setPolicies({ closedPeriods: 'next-open-day' });
  const invoice = await closeMarch(async () => {
    const id = await world.makeInvoice(client, '33.00', { ...CLOSED, dueOffsetDays: 0 });
    await world.settle();
    return id;
  });
  const booked = { state: 'posted', issuedOn: '2026-04-01', dueOn: '2026-04-01', total: '33.00' };
  expect(await world.copiesOf(invoice)).toMatchObject([booked]);
  expect((await world.reasonOf('invoice', invoice))?.message).toContain('booked on 2026-04-01');
  await world.editInvoice(invoice, { notes: 'Later' });
  await world.settle();
  await world.replay('invoice', invoice);
  const [copy, ...others] = (await world.ledger()).invoices.filter(({ total }) => total === '33.00');
  expect(others).toEqual([]);
  expect(copy).toMatchObject(booked);
  expect((await world.reasonOf('invoice', invoice))?.message).toContain('booked on 2026-04-01');
});

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `Line ${i + 1}`, unitCost: '1' }));

test('D10 parks an invoice of more than 1,000 lines with the reason; it goes on once it is split in the source', async () => {
  const invoice = await world.makeInvoice(client, '0', { lines: many(1001) });
  await world.settle();
  expect(await world.copiesOf(invoice)).toEqual([]);
  const { state, reason } = await world.document('invoice', invoice);
  expect([state, reason?.code]).toEqual(['parked', 'unmappable']);
  expect(reason?.message).toMatch(/1001.*1000 items.*split it/);
  await world.editInvoice(invoice, { lines: many(1000) });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 1000.00 owes 1000.00']);
});
