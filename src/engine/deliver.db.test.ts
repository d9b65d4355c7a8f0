/** Delivery under every kind of failure: one document of the source has one copy, or a reason. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../../test/kit/engine.ts';
import { limitedUntil, refusal, unreachable } from '../connectors/example/faults.ts';
import { OperatingError } from '../core/errors.ts';
import { replay } from '../operations/replay.ts';
import type { DB } from '../store/schema.ts';
import { drainLane } from './lane.ts';
import { inClosedPeriod } from './plan/plan.ts';

const HOUR_MS = 3_600_000;
const OPERATOR = { name: 'test:otto', role: 'operator' } as const;

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
  kit.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
});

const invoiceLane = { lane: 'client/7' };
const drainOnce = () =>
  drainLane(kit.parts, kit.parts.runtime, { connectionId: kit.connectionId, ...invoiceLane });

async function bringInvoice(): Promise<void> {
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
}

async function bringPayment(): Promise<void> {
  kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
  await kit.accept({ kind: 'payment', sourceId: '9' });
  await kit.settle();
}

test('an invoice arrives once, equal to the cent, with its account and a whole trail (I4, I8)', async () => {
  await bringInvoice();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect(kit.billing.accounts).toMatchObject([{ number: `EX-${kit.books.account}-client-7-USD` }]);
  expect(kit.billing.invoices).toMatchObject([
    { number: 'N-1', stage: 'posted', total: { amountMinor: 11_000n, currency: 'USD' } },
  ]);
  const entries = (await kit.timeline('invoice', '1')).map(({ entry }) => entry);
  expect(entries).toEqual([
    'event',
    'revision',
    'transformation',
    'plan',
    'intent',
    'outcome',
    'confirmation',
    'state',
  ]);
  expect(await kit.brokenTrails()).toEqual([]);
});

describe('an answer is lost', () => {
  test.each(['POST account', 'POST invoice', 'POST payment'])(
    'and %s has happened: there is still one of each (I2)',
    async (call) => {
      kit.billing.faults.next(call, { what: 'lose-answer' });
      await bringInvoice();
      await bringPayment();
      expect(await kit.stateOf('payment', '9')).toBe('synced');
      expect(
        [kit.billing.accounts, kit.billing.invoices, kit.billing.payments].map((all) => all.length),
      ).toEqual([1, 1, 1]);
      expect(kit.billing.invoices[0]?.balance.amountMinor).toBe(0n);
    },
  );

  test('and the commit comes late: the same key is sent again and gives the first result', async () => {
    await bringInvoice();
    kit.billing.faults.next('POST payment', { what: 'commit-late' });
    await bringPayment();
    kit.billing.commitLate();
    expect(kit.billing.payments).toHaveLength(1);
    const keys = kit.billing.keys.slice(-2);
    expect(keys[0]).toBe(keys[1]);
  });

  test.each([true, false])(
    'in an answer that says it failed inside (done: %s): looked up first, then a new key',
    async (done) => {
      await bringInvoice();
      kit.billing.faults.next('POST payment', { what: 'fail-inside', done });
      await bringPayment();
      expect(await kit.stateOf('payment', '9')).toBe('synced');
      expect(kit.billing.payments).toHaveLength(1);
    },
  );

  test.each([1, 25, 7 * 24, 90 * 24])(
    'P16 and the payment is tried again after %s hours: one payment',
    async (hours) => {
      await bringInvoice();
      kit.billing.faults.next('POST payment', { what: 'lose-answer' });
      kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
      await kit.accept({ kind: 'payment', sourceId: '9' });
      await kit.drain();
      expect(await kit.stateOf('payment', '9')).toBe('pending');
      await kit.clock.advance(hours * HOUR_MS);
      await kit.settle();
      expect(await kit.stateOf('payment', '9')).toBe('synced');
      expect(kit.billing.payments).toHaveLength(1);
    },
  );
});

test('a call that never arrived is repeated under a new key, since the old one may remember the failure', async () => {
  kit.billing.faults.next('POST invoice', unreachable());
  await bringInvoice();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  const [first, second] = kit.billing.keys.slice(-2);
  expect(first?.replace(/\d+$/, '')).toBe(second?.replace(/\d+$/, ''));
  expect(first).not.toBe(second);
});

test('past the time for which keys are remembered the look-up comes first and the key is new', async () => {
  kit.billing.faults.next('POST invoice', { what: 'commit-late' });
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.drain();
  await kit.clock.advance(25 * HOUR_MS);
  kit.billing.faults.calls.length = 0;
  await kit.settle();
  expect(kit.billing.faults.calls.slice(0, 2)).toEqual(['find create-invoice', 'POST invoice']);
  const [first, second] = kit.billing.keys.slice(-2);
  expect(first).not.toBe(second);
  expect(kit.billing.invoices).toHaveLength(1);
});

test('a payment is looked up before it is made, the first time as well', async () => {
  await bringInvoice();
  await bringPayment();
  const calls = kit.billing.faults.calls;
  expect(calls.indexOf('find create-payment')).toBeGreaterThan(-1);
  expect(calls.indexOf('find create-payment')).toBeLessThan(calls.indexOf('POST payment'));
});

test('P16 after our database was restored from an old backup a payment is found, not made again', async () => {
  await bringInvoice();
  await bringPayment();
  const { id } = await kit.document('payment', '9');
  await database.db.deleteFrom('links').where('kind', '=', 'payment').where('source_id', '=', '9').execute();
  await database.db.deleteFrom('documents').where('id', '=', id).execute();
  await kit.clock.advance(100 * 24 * HOUR_MS);
  await kit.accept({ kind: 'payment', sourceId: '9', origin: 'backfill' });
  await kit.settle();
  expect(await kit.stateOf('payment', '9')).toBe('synced');
  expect(kit.billing.payments).toHaveLength(1);
});

test('after our database was restored from an old backup invoice and account are found by their numbers', async () => {
  await bringInvoice();
  const { connectionId } = kit;
  await database.db.deleteFrom('links').where('connection_id', '=', connectionId).execute();
  await database.db.deleteFrom('documents').where('connection_id', '=', connectionId).execute();
  await kit.clock.advance(100 * 24 * HOUR_MS);
  await bringInvoice();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect([kit.billing.accounts.length, kit.billing.invoices.length]).toEqual([1, 1]);
});

test.each(['POST account', 'POST invoice', 'POST payment'])(
  'a process that dies between intent and outcome of %s leaves one copy (I3)',
  async (call) => {
    if (call === 'POST payment') await bringInvoice();
    const death = new Error('the process died');
    let calls = 0;
    // The effect happens, then the process is gone before it can write anything.
    kit.billing.faults.onCall((made) => {
      if (made !== call) return;
      calls += 1;
      if (calls === 1) kit.billing.faults.next(call, { what: 'lose-answer' });
    });
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await kit.accept({ kind: 'payment', sourceId: '9' });
    const dying = kit.another('dying');
    const transaction = dying.db.transaction.bind(dying.db);
    dying.db = new Proxy(dying.db, {
      get: (target, name, receiver: unknown) =>
        name === 'transaction'
          ? () => {
              if (calls > 0) throw death;
              return transaction();
            }
          : Reflect.get(target, name, receiver),
    });
    await expect(
      Promise.all((await kit.dueLanes()).map((lane) => drainLane(dying, dying.runtime, lane))).then(
        async () => {
          for (const lane of await kit.dueLanes()) await drainLane(dying, dying.runtime, lane);
          throw death;
        },
      ),
    ).rejects.toThrow();
    await database.db.updateTable('lanes').set({ holder: null, expires_at: null }).execute();
    await kit.settle();
    expect(await kit.stateOf('payment', '9')).toBe('synced');
    expect([kit.billing.accounts.length, kit.billing.invoices.length, kit.billing.payments.length]).toEqual([
      1, 1, 1,
    ]);
  },
);

test('no call that writes is made before its intent is stored (I3)', async () => {
  const intended: number[] = [];
  kit.billing.faults.onCall(async (call) => {
    if (!call.startsWith('POST')) return;
    const { connectionId } = kit;
    const open = await database.db
      .selectFrom('deliveries')
      .select('id')
      .where('connection_id', '=', connectionId)
      .where('state', '=', 'intended')
      .execute();
    intended.push(open.length);
  });
  await bringInvoice();
  await bringPayment();
  expect(intended).toEqual([1, 1, 1]);
});

describe('a refusal', () => {
  test('parks the record with the reason, and a replay goes on once the cause is gone (R2)', async () => {
    const error = new OperatingError('rejected', 'POST invoice: no such number', {
      code: '123',
      field: 'number',
    });
    kit.billing.faults.next('POST invoice', { what: 'fail', error });
    await bringInvoice();
    expect(await kit.stateOf('invoice', '1')).toBe('parked refused');
    const { reason, id } = await kit.document('invoice', '1');
    const system = kit.destination.label;
    expect(reason).toMatchObject({
      message: `${system} refused it: POST invoice: no such number`,
      problems: [{ field: 'number', value: 'N-1', rule: `${system} names this field` }],
      wayOut: expect.any(String),
    });
    await replay(kit.parts, OPERATOR, { recordIds: [id] });
    await kit.settle();
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
    expect(kit.billing.invoices).toHaveLength(1);
  });

  test('for a closed period says and offers what our own look at the periods would', async () => {
    kit.billing.faults.next('POST invoice', refusal('the period is closed', 'closed-period'));
    await bringInvoice();
    const { reason } = await kit.document('invoice', '1');
    expect(reason).toMatchObject(inClosedPeriod('invoice', invoiceOf({ id: '1' }).issued));
    expect(reason?.choices?.map(({ choice }) => choice)).toEqual(['open-day', 'leave-out']);
  });

  test('D6 a number that somebody else has used parks and never makes a second invoice', async () => {
    await bringInvoice();
    kit.books.put('client', { id: '8', name: 'Bob' });
    kit.books.put('invoice', invoiceOf({ id: '2', client: '8', number: 'N-1' }));
    await kit.accept({ kind: 'invoice', sourceId: '2' });
    await kit.settle();
    expect(await kit.stateOf('invoice', '2')).toBe('parked number-taken');
    expect(kit.billing.invoices).toHaveLength(1);
  });

  test('of the source parks the record instead of asking for ever', async () => {
    kit.books.faults.next('read invoice', refusal('no permission for this invoice'), 100);
    await kit.accept({ kind: 'invoice', sourceId: '1' });
    await kit.settle();
    expect(await kit.stateOf('invoice', '1')).toBe('parked refused');
    expect(kit.books.faults.count('read invoice')).toBe(1);
  });

  test('of a look-up of accounts parks the invoice instead of asking for ever', async () => {
    kit.billing.faults.next('find accounts', refusal('no permission for accounts'), 100);
    await bringInvoice();
    expect(await kit.stateOf('invoice', '1')).toBe('parked refused');
  });

  test('of the mapping parks with every problem', async () => {
    await bringInvoice();
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1', note: 'unspeakable' }));
    await kit.accept({ kind: 'payment', sourceId: '9' });
    await kit.settle();
    expect(await kit.stateOf('payment', '9')).toBe('parked unmappable');
    expect((await kit.document('payment', '9')).reason?.problems).toEqual([
      { field: 'note', value: 'unspeakable', rule: 'cannot be said' },
    ]);
  });
});

test('a limit puts the lane off until the time it names, and not before', async () => {
  const until = kit.clock.now() + 90_000;
  kit.billing.faults.next('POST invoice', limitedUntil(until));
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.drain();
  await kit.clock.advance(89_000);
  await drainOnce();
  expect(kit.billing.faults.count('POST invoice')).toBe(1);
  await kit.clock.advance(2_000);
  await drainOnce();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect(kit.billing.faults.count('POST invoice')).toBe(2);
});

test('a fault of ours parks after five tries, and the lane goes on', async () => {
  kit.billing.faults.next('POST invoice', { what: 'fail', error: new TypeError('x is undefined') }, 1);
  kit.books.put('invoice', invoiceOf({ id: '2' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
  // The failure is remembered under the key, and a fault never gets a new one.
  expect(await kit.stateOf('invoice', '1')).toBe('parked fault');
  expect(kit.billing.faults.count('POST invoice')).toBe(5);
  await kit.accept({ kind: 'invoice', sourceId: '2' });
  await kit.settle();
  expect(await kit.stateOf('invoice', '2')).toBe('synced');
});

test('an event that comes in during the last of the five tries gets a look of its own', async () => {
  kit.billing.faults.next('find accounts', { what: 'fail', error: new TypeError('x is undefined') }, 5);
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  kit.billing.faults.onCall(async (call) => {
    if (call === 'find accounts' && kit.billing.faults.count(call) === 5)
      await kit.accept({ kind: 'invoice', sourceId: '1' });
  });
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
});

test('an outage before it does not count towards the five tries', async () => {
  kit.billing.faults.next('read invoice', unreachable(), 10);
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  for (let turn = 0; turn < 10; turn += 1) {
    await kit.drain();
    await kit.clock.advance(61_000);
  }
  const [invoice] = kit.billing.invoices.splice(0);
  await kit.drain();
  expect(await kit.stateOf('invoice', '1')).toBe('pending');
  if (invoice) kit.billing.invoices.push(invoice);
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
});

test('M11 a copy whose total differs as soon as it is made is not synced: parked with both figures (I4)', async () => {
  kit.billing.faults.onCall((call) => {
    const [made] = kit.billing.invoices;
    const wrong = { amountMinor: 11_001n, currency: 'USD' };
    if (call === 'read invoice' && made) Object.assign(made, { total: wrong, balance: wrong });
  });
  await bringInvoice();
  expect(await kit.stateOf('invoice', '1')).toBe('parked read-back-differs');
  expect((await kit.document('invoice', '1')).reason?.figures).toEqual([
    { name: 'total', source: '110.00 USD', destination: '110.01 USD' },
  ]);
  kit.billing.faults.onCall(undefined);
  const [copy] = kit.billing.invoices;
  const right = { amountMinor: 11_000n, currency: 'USD' };
  if (copy) Object.assign(copy, { total: right, balance: right });
  await replay(kit.parts, OPERATOR, { recordIds: [(await kit.document('invoice', '1')).id] });
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
});

test('R2 a replay of everything doubles nothing', async () => {
  await bringInvoice();
  await bringPayment();
  const { connectionId } = kit;
  const { replayed } = await replay(kit.parts, OPERATOR, { filter: { connectionId } });
  await kit.settle();
  expect(replayed).toBe(3);
  expect([kit.billing.accounts.length, kit.billing.invoices.length, kit.billing.payments.length]).toEqual([
    1, 1, 1,
  ]);
  for (const [kind, id] of [
    ['client', '7'],
    ['invoice', '1'],
    ['payment', '9'],
  ] as const)
    expect(await kit.stateOf(kind, id)).toBe('synced');
});
