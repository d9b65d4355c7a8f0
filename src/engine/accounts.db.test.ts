/** Clients and accounts: found, made once, never taken from another client. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../../test/kit/engine.ts';
import { replay } from '../operations/replay.ts';
import type { DB } from '../store/schema.ts';
import { drainLane } from './lane.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

function putClientWithInvoice(client: string, email?: string, currency = 'USD', id = client): void {
  kit.books.put('client', { id: client, name: `Client ${client}`, ...(email ? { email } : {}) });
  kit.books.put('invoice', invoiceOf({ id, client, currency }));
}

async function bring(...ids: string[]): Promise<void> {
  await kit.accept(...ids.map((sourceId) => ({ kind: 'invoice' as const, sourceId })));
  await kit.settle();
}

function putAccount(id: string, email: string, number = id): void {
  kit.billing.accounts.push({ id, number, name: `Account ${id}`, email, currency: 'USD' });
}

test('K1 the first invoice of a client makes one account under its own number', async () => {
  putClientWithInvoice('1', 'ada@example.com');
  await bring('1');
  expect(kit.billing.accounts).toMatchObject([{ number: `EX-${kit.books.account}-client-1-USD` }]);
  expect(await kit.stateOf('client', '1')).toBe('synced');
});

test('K2 the only account with the e-mail is linked instead of making one', async () => {
  putAccount('old', 'ada@example.com');
  putClientWithInvoice('1', 'ada@example.com');
  await bring('1');
  expect(kit.billing.accounts).toHaveLength(1);
  expect(kit.billing.invoices).toMatchObject([{ account: 'old' }]);
  const decision = (await kit.timeline('client', '1')).find(({ entry }) => entry === 'decision');
  expect(decision?.data.summary).toContain('found by e-mail');
});

test('K3 several accounts with the e-mail park with the candidates, and the lane goes on once one is left', async () => {
  putAccount('old', 'ada@example.com');
  putAccount('older', 'ada@example.com');
  putClientWithInvoice('1', 'ada@example.com');
  await bring('1');
  expect(await kit.stateOf('client', '1')).toBe('parked several-accounts');
  expect(await kit.stateOf('invoice', '1')).toBe('parked waits-for-client');
  expect((await kit.document('client', '1')).reason?.message).toMatch(/old .*older/);
  kit.billing.accounts.pop();
  await replay(kit.parts, ADMIN, { recordIds: [(await kit.document('client', '1')).id] });
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect(kit.billing.invoices).toMatchObject([{ account: 'old' }]);
});

test('K4 without an e-mail the own number decides', async () => {
  putClientWithInvoice('1');
  const number = `EX-${kit.books.account}-client-1-USD`;
  putAccount('ours', 'other@example.com', number);
  await bring('1');
  expect(kit.billing.accounts).toHaveLength(1);
  expect(kit.billing.invoices).toMatchObject([{ account: 'ours' }]);
});

test('K5 two clients with one e-mail get an account each', async () => {
  putClientWithInvoice('1', 'both@example.com');
  putClientWithInvoice('2', 'both@example.com');
  await bring('1', '2');
  expect(kit.billing.accounts.map(({ number }) => number)).toEqual([
    `EX-${kit.books.account}-client-1-USD`,
    `EX-${kit.books.account}-client-2-USD`,
  ]);
  expect(new Set(kit.billing.invoices.map(({ account }) => account)).size).toBe(2);
});

test('K6 a client with invoices in two currencies has one account for each', async () => {
  putClientWithInvoice('1', 'ada@example.com');
  kit.books.put('invoice', invoiceOf({ id: '2', client: '1', currency: 'EUR' }));
  await bring('1', '2');
  expect(kit.billing.accounts.map(({ currency }) => currency)).toEqual(['USD', 'EUR']);
  expect(new Set(kit.billing.invoices.map(({ account }) => account)).size).toBe(2);
});

test('K6 an account whose making was left open is never taken for one in another currency', async () => {
  kit.books.put('client', { id: '1', name: 'Client 1' });
  kit.books.put('invoice', invoiceOf({ id: '1', client: '1', currency: 'USD' }));
  kit.books.put('invoice', invoiceOf({ id: '2', client: '1', currency: 'EUR' }));
  // Five faults park the first invoice while the making of its account is still open; the second one comes next.
  kit.billing.faults.next('POST account', { what: 'fail-inside', done: false });
  kit.billing.faults.next('find create-account', { what: 'fail', error: new TypeError('x is undefined') }, 5);
  await bring('1', '2');
  expect(await kit.stateOf('invoice', '1')).toBe('parked fault');
  expect(await kit.stateOf('invoice', '2')).toBe('synced');
  const euro = kit.billing.accounts.find(({ currency }) => currency === 'EUR');
  expect(kit.billing.invoices).toMatchObject([{ account: euro?.id }]);
});

test('K11 two workers that meet a new client at once make one account (I2, I5)', async () => {
  putClientWithInvoice('1', 'ada@example.com');
  kit.books.put('invoice', invoiceOf({ id: '2', client: '1' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'invoice', sourceId: '2' });
  const workers = [kit.parts, kit.another('b'), kit.another('c')];
  for (let turn = 0; turn < 3; turn += 1) {
    const lanes = await kit.dueLanes();
    await Promise.all(workers.flatMap((parts) => lanes.map((lane) => drainLane(parts, parts.runtime, lane))));
  }
  await kit.settle();
  expect(kit.billing.accounts).toHaveLength(1);
  expect(kit.billing.invoices).toHaveLength(2);
  expect(kit.billing.faults.count('POST account')).toBe(1);
  expect(await kit.stateOf('invoice', '2')).toBe('synced');
});

test('a client that the source does not know parks its invoice, which goes on once the client is there', async () => {
  kit.books.put('invoice', invoiceOf({ id: '1', client: '1' }));
  await bring('1');
  expect(await kit.stateOf('client', '1')).toBe('parked client-missing');
  expect(await kit.stateOf('invoice', '1')).toBe('parked waits-for-client');
  kit.books.put('client', { id: '1', name: 'Late' });
  await kit.accept({ kind: 'client', sourceId: '1' });
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
});
