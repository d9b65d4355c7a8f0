/** E6, E7: an invoice that goes to another client, or into another currency. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

let world: LifecycleWorld;
let from: number;
let to: number;
beforeAll(async () => void (world = await createLifecycleWorld()));
afterAll(() => world.close());
beforeEach(async () => {
  from = await world.makeClient({ organization: 'From', email: '' });
  to = await world.makeClient({ organization: 'To', email: '' });
});

const accountOf = (client: number, currency = 'USD') => `${world.keyOf('client', client)}-${currency}`;

/** Customer and words of every copy, the oldest first. */
async function whereAbouts(invoice: number): Promise<string[]> {
  const lines = await world.invoice(invoice);
  const copies = await world.copiesOf(invoice);
  return lines.map((line, index) => {
    const customer = copies[index]?.customer;
    return `${customer === accountOf(to) ? 'to' : customer === accountOf(from) ? 'from' : customer}: ${line}`;
  });
}

async function customersOf(...payments: number[]): Promise<(string | undefined)[]> {
  const live = await Promise.all(payments.map((id) => world.paymentsOf(id)));
  return live.map((copies) => copies.find(({ state }) => state === 'live')?.customer);
}

test('E6 an unpaid invoice moves to another client: reversed there, issued here', async () => {
  const invoice = await world.makeInvoice(from, '100');
  await world.settle();
  await world.editInvoice(invoice, { clientId: to });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual(['from: reversed 100.00', 'to: -R1 posted 100.00 owes 100.00']);
  const writes = await world.writes();
  await world.replay('invoice', invoice);
  expect(await world.writes()).toBe(writes);
});

test('E6 a draft moves: the old one is gone, the new one keeps the number', async () => {
  const invoice = await world.makeInvoice(from, '100', { send: false });
  await world.settle();
  const [before] = await world.copiesOf(invoice);
  await world.editInvoice(invoice, { clientId: to });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual(['from: deleted 100.00', 'to: draft 100.00']);
  expect((await world.copiesOf(invoice)).at(-1)?.number).toBe(before?.number);
});

test('E6 with payments: they go along, and settle it on the other account', async () => {
  const invoice = await world.makeInvoice(from, '100');
  const first = await world.pay(invoice, '60');
  const second = await world.pay(invoice, '30');
  await world.settle();
  await world.editInvoice(invoice, { clientId: to });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual(['from: reversed 100.00', 'to: -R1 posted 100.00 owes 10.00']);
  expect(await world.payment(first)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
  expect(await world.payment(second)).toEqual([`live 30.00: 30.00 on ${invoice}`]);
  expect(await customersOf(first, second)).toEqual([accountOf(to), accountOf(to)]);
});

test('E6 moved and raised in one edit, and back again', async () => {
  const invoice = await world.makeInvoice(from, '100');
  const payment = await world.pay(invoice, '100');
  await world.settle();
  await world.editInvoice(invoice, { clientId: to, lines: [{ name: 'More', unitCost: '140' }] });
  await world.settle();
  await world.editInvoice(invoice, { clientId: from });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual([
    'from: reversed 100.00',
    'to: -R1 reversed 140.00',
    'from: -R2 posted 140.00 owes 40.00',
  ]);
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await customersOf(payment)).toEqual([accountOf(from)]);
});

test('E6 the payment is edited while its invoice moves: two lanes meet, one payment and one living copy', async () => {
  const invoice = await world.makeInvoice(from, '100');
  const payment = await world.pay(invoice, '60');
  await world.settle();
  await world.editInvoice(invoice, { clientId: to });
  await world.editPayment(payment, { amount: '80' });
  await world.pay(await world.makeInvoice(from, '5'), '5');
  await world.settleAtOnce();
  expect(await whereAbouts(invoice)).toEqual(['from: reversed 100.00', 'to: -R1 posted 100.00 owes 20.00']);
  expect(await world.payment(payment)).toEqual(['cancelled 60.00', `live 80.00: 80.00 on ${invoice}`]);
  expect(await customersOf(payment)).toEqual([accountOf(to)]);
});

test('E6 the answers to the reversal, the new copy and the transfer are lost: the end is the same', async () => {
  const invoice = await world.makeInvoice(from, '100');
  const payment = await world.pay(invoice, '60');
  await world.settle();
  const lost = ['PUT invoice reverse', 'PUT payment transfer', 'POST invoice'];
  await world.tenant('faults', { loseAnswerAfter: lost.map((match) => ({ match, times: 1 })) });
  await world.editInvoice(invoice, { clientId: to });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual(['from: reversed 100.00', 'to: -R1 posted 100.00 owes 40.00']);
  expect(await world.payment(payment)).toEqual([`live 60.00: 60.00 on ${invoice}`]);
});

test('E7 another currency: reversed on the old account, issued on one in the new currency', async () => {
  const invoice = await world.makeInvoice(from, '100', { currency: 'USD' });
  await world.settle();
  await world.editInvoice(invoice, { currency: 'EUR' });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['reversed 100.00', '-R1 posted 100.00 owes 100.00']);
  const copies = await world.copiesOf(invoice);
  expect(copies.map(({ currency }) => currency)).toEqual(['USD', 'EUR']);
  const { customers } = await world.ledger();
  const accounts = copies.map(
    ({ customer }) => customers.find(({ number }) => number === customer)?.currency,
  );
  expect(accounts).toEqual(['USD', 'EUR']);
  const payment = await world.pay(invoice, '100');
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect((await world.paymentsOf(payment)).map(({ currency }) => currency)).toEqual(['EUR']);
});

test('E6 I3 an invoice that moves away from a refused step leaves no step without an end', async () => {
  await world.tenant('faults', { failNext: [{ match: 'POST account', times: 1000, status: 429 }] });
  const invoice = await world.makeInvoice(from, '100');
  await expect(world.settle()).rejects.toThrow('without an end state');
  await world.tenant('faults', {}, 'DELETE');
  await world.editInvoice(invoice, { clientId: to });
  await world.settle();
  expect(await whereAbouts(invoice)).toEqual(['to: posted 100.00 owes 100.00']);
  const open = await world.parts.db
    .selectFrom('deliveries')
    .select('id')
    .where('state', '=', 'intended')
    .execute();
  expect(open).toEqual([]);
});
