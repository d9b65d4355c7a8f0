/** What becomes of each document: order, drafts, edits, deletions, credits, and the ways in. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../../test/kit/engine.ts';
import { OperatingError } from '../core/errors.ts';
import { formatMoney } from '../core/money.ts';
import { findCursor } from '../store/cursors.ts';
import { setDocumentState } from '../store/documents.ts';
import { nextTick } from '../store/events.ts';
import type { DB } from '../store/schema.ts';
import { runBackfill, startBackfill } from './backfill.ts';
import { drainLane } from './lane.ts';
import { resumeConnection } from './pause.ts';
import { pollConnection } from './poll.ts';

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

type Kind = 'client' | 'invoice' | 'payment' | 'credit';

async function bring(kind: Kind, sourceId: string): Promise<void> {
  await kit.accept({ kind, sourceId });
  await kit.settle();
}

const poll = () => pollConnection(kit.parts, kit.parts.runtime, kit.connectionId);
const counts = () =>
  [kit.billing.accounts, kit.billing.invoices, kit.billing.payments].map((all) => all.length);

test('I9 one name with characters that no database text can hold does not hold up its list page', async () => {
  kit.books.change('client', '7', { name: 'Ada\0 \ud800 Ltd' });
  await poll();
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect((await kit.document('client', '7')).label).toBe('Ada\ufffd \ufffd Ltd');
});

describe('order', () => {
  test('P3 a payment that arrives before its invoice brings the invoice first', async () => {
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await bring('payment', '9');
    expect(await kit.stateOf('payment', '9')).toBe('synced');
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
    expect(counts()).toEqual([1, 1, 1]);
  });

  test('P4 a payment on an invoice that was copied as a draft posts the invoice first', async () => {
    kit.books.change('invoice', '1', { status: 'draft' });
    await bring('invoice', '1');
    expect(kit.billing.invoices[0]?.stage).toBe('draft');
    kit.books.change('invoice', '1', { status: 'sent' });
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await bring('payment', '9');
    expect(await kit.stateOf('payment', '9')).toBe('synced');
    expect(kit.billing.invoices).toMatchObject([{ stage: 'posted', balance: { amountMinor: 0n } }]);
  });

  test('D1 D3 a draft is copied as a draft and posted as the same invoice once it is sent', async () => {
    kit.books.change('invoice', '1', { status: 'draft' });
    await bring('invoice', '1');
    kit.books.change('invoice', '1', { status: 'sent' });
    await bring('invoice', '1');
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
    expect(kit.billing.invoices).toMatchObject([{ stage: 'posted' }]);
  });

  test('a payment whose invoice is parked waits, and goes on once the invoice is settled', async () => {
    kit.books.change('invoice', '1', { total: '170.00' });
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await bring('payment', '9');
    expect(await kit.stateOf('invoice', '1')).toBe('parked total-not-explained');
    expect(await kit.stateOf('payment', '9')).toBe('parked waits-for-invoice');
    kit.books.change('invoice', '1', { total: '110.00' });
    await bring('invoice', '1');
    expect(await kit.stateOf('payment', '9')).toBe('synced');
  });

  test('a payment that begins to wait for an invoice which another lane has settled meanwhile looks again', async () => {
    kit.books.change('invoice', '1', { total: '170.00' });
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    let settledElsewhere = 0;
    kit.parts.checkpoint = async (at) => {
      if (at !== 'after state' || settledElsewhere > 0) return;
      const { id, state } = await kit.document('invoice', '1');
      if (state !== 'parked') return;
      settledElsewhere += 1;
      kit.books.change('invoice', '1', { total: '110.00' });
      await setDocumentState(database.db, id, 'synced', null, new Date());
    };
    await bring('payment', '9');
    expect(settledElsewhere).toBe(1);
    expect(await kit.stateOf('payment', '9')).toBe('synced');
  });

  test('P2 partial payments are each applied, and the balance follows', async () => {
    await bring('invoice', '1');
    kit.books.put('payment', paymentOf({ id: '8', invoice: '1', amount: '10.00' }));
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1', amount: '30.00' }));
    await kit.accept({ kind: 'payment', sourceId: '9' }, { kind: 'payment', sourceId: '8' });
    await kit.settle();
    expect([await kit.stateOf('payment', '8'), await kit.stateOf('payment', '9')]).toEqual([
      'synced',
      'synced',
    ]);
    expect(kit.billing.invoices[0]?.balance.amountMinor).toBe(7_000n);
  });

  test('P15 a payment in another currency than its invoice parks', async () => {
    await bring('invoice', '1');
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1', currency: 'EUR' }));
    await bring('payment', '9');
    expect(await kit.stateOf('payment', '9')).toBe('parked other-currency');
    await bring('payment', '9');
    expect(await kit.stateOf('payment', '9')).toBe('parked other-currency');
    expect(kit.billing.payments).toEqual([]);
  });

  test('a document that moves to another client is worked in that client’s lane', async () => {
    kit.books.put('client', { id: '8', name: 'Bob' });
    await bring('client', '8');
    kit.books.change('invoice', '1', { client: '8' });
    await bring('invoice', '1');
    expect((await kit.document('invoice', '1')).lane).toBe('client/8');
    expect(kit.billing.accounts).toMatchObject([{ number: expect.stringContaining('client-8') }]);
  });
});

describe('changes reach the copy of any destination', () => {
  beforeEach(async () => {
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    await bring('payment', '9');
    kit.billing.faults.calls.length = 0;
  });

  test.each([
    ['E2 a due date', 'invoice', '1', { due: '2026-03-01' }, 'due 2026-03-01', 'refunds: '],
    ['P11 a refund', 'payment', '9', { amount: '100.00' }, 'due 2026-02-04', 'refunds: 10.00'],
    ['K7 a name', 'client', '7', { name: 'Ada Inc' }, 'due 2026-02-04', 'refunds: '],
  ] as const)('%s', async (_title, kind, id, change, due, refunds) => {
    kit.books.change(kind, id, change);
    await bring(kind, id);
    expect(await kit.stateOf(kind, id)).toBe('synced');
    const [invoice] = kit.billing.invoices;
    const [payment] = kit.billing.payments;
    expect(`due ${invoice?.due}`).toBe(due);
    expect(`refunds: ${payment?.refunds.map(({ amount }) => formatMoney(amount)).join()}`).toBe(refunds);
    expect(kit.billing.accounts).toMatchObject([{ name: kind === 'client' ? 'Ada Inc' : 'Ada Ltd' }]);
    expect(counts()).toEqual([1, 1, 1]);
  });

  test('X3 X4 a deleted invoice, then its payment', async () => {
    kit.books.delete('invoice', '1');
    await bring('invoice', '1');
    expect(kit.billing.invoices).toMatchObject([{ stage: 'reversed' }]);
    expect(kit.billing.payments).toMatchObject([{ stage: 'posted', applied: [] }]);
    kit.books.delete('payment', '9');
    await bring('payment', '9');
    expect(kit.billing.payments).toMatchObject([{ stage: 'cancelled' }]);
  });

  test('E10 a save without a change makes no call that writes', async () => {
    kit.books.change('invoice', '1', {});
    await bring('invoice', '1');
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
    expect(kit.billing.faults.calls).toEqual([]);
  });

  test('an edit that is taken back is synced again', async () => {
    kit.books.change('invoice', '1', { due: '2026-03-01' });
    await bring('invoice', '1');
    kit.books.change('invoice', '1', { due: '2026-02-04' });
    await bring('invoice', '1');
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
  });
});

test('C1 C2 a credit is copied where credits are configured, and parks where they are not', async () => {
  const credit = { client: '7', currency: 'USD', amount: '5.00', issued: '2026-01-05' };
  kit.books.put('credit', { id: '5', number: 'C-5', ...credit });
  await bring('credit', '5');
  expect(await kit.stateOf('credit', '5')).toBe('synced');
  expect(kit.billing.credits).toMatchObject([{ number: 'C-5', amount: { amountMinor: 500n } }]);
  kit.billing.facts.credits = false;
  kit.books.put('credit', { id: '6', number: 'C-6', ...credit });
  await bring('credit', '6');
  expect(await kit.stateOf('credit', '6')).toBe('parked no-credit-charge');
  expect(kit.billing.credits).toHaveLength(1);
});

test('P6 a payment from a credit that the source does not tell parks and books no cash', async () => {
  kit.books.put('payment', paymentOf({ id: '9', invoice: '1', fromCredit: true }));
  await bring('payment', '9');
  expect(await kit.stateOf('payment', '9')).toBe('parked credit-unknown');
  expect(kit.billing.payments).toEqual([]);
});

test('P18 a payment of nothing is noted without a call', async () => {
  kit.books.put('payment', paymentOf({ id: '9', invoice: '1', amount: '0.00' }));
  await bring('payment', '9');
  expect(await kit.stateOf('payment', '9')).toBe('ignored zero-amount');
  expect(counts()).toEqual([0, 0, 0]);
});

test.each([
  ['invoice', '1'],
  ['payment', '9'],
] as const)('X7 a deleted %s that was never copied is noted, once no copy is found', async (kind, id) => {
  kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
  kit.books.delete(kind, id);
  await bring(kind, id);
  expect(await kit.stateOf(kind, id)).toBe('ignored deleted-before-copy');
  expect(kit.billing.faults.calls).toEqual([`find create-${kind}`]);
});

test('M6 a total that its parts do not explain parks before anything is written', async () => {
  kit.books.change('invoice', '1', { total: '111.00' });
  await bring('invoice', '1');
  expect(await kit.stateOf('invoice', '1')).toBe('parked total-not-explained');
  expect(kit.billing.invoices).toEqual([]);
});

test('a currency that does not exist parks with the field and its rule', async () => {
  kit.books.change('invoice', '1', { currency: 'XQQ' });
  await bring('invoice', '1');
  expect((await kit.document('invoice', '1')).reason).toMatchObject({
    code: 'unmappable',
    problems: [{ field: 'currency', value: 'XQQ' }],
  });
});

test('something the source does not know is ignored, and something it knew before parks', async () => {
  await bring('invoice', 'nowhere');
  expect(await kit.stateOf('invoice', 'nowhere')).toBe('ignored unknown-in-source');
  await bring('invoice', '1');
  kit.books.forget('invoice', '1');
  await bring('invoice', '1');
  expect(await kit.stateOf('invoice', '1')).toBe('parked gone-from-source');
});

describe('ways in', () => {
  test('R1 polling alone and webhooks alone end in the same state', async () => {
    await kit.clock.advance(1_000);
    const write = ({ books }: EngineKit) => {
      books.put('client', { id: '7', name: 'Ada Ltd' });
      books.put('invoice', invoiceOf({ id: '1' }));
      books.put('payment', paymentOf({ id: '9', invoice: '1', amount: '40.00' }));
      books.put('invoice', invoiceOf({ id: '2' }));
      books.delete('invoice', '2');
    };
    const state = async (one: EngineKit) => ({
      records: await Promise.all(
        (['client/7', 'invoice/1', 'payment/9', 'invoice/2'] as const).map((name) => {
          const [kind, id] = name.split('/') as [Kind, string];
          return one.stateOf(kind, id);
        }),
      ),
      invoices: one.billing.invoices.map(({ number, balance, stage }) => ({ number, balance, stage })),
      payments: one.billing.payments.map(({ amount, date }) => ({ amount, date })),
    });
    const pushed = await createEngineKit(database);
    await pushed.connectCallbacks();
    write(pushed);
    await pushed.deliverOutbox();
    await pushed.settle();
    const polled = await createEngineKit(database);
    write(polled);
    await pollConnection(polled.parts, polled.parts.runtime, polled.connectionId);
    await polled.settle();
    expect(await state(polled)).toEqual(await state(pushed));
  });

  test('P17 webhook, poll and backfill of the same payment at once make one payment', async () => {
    kit.books.put('payment', paymentOf({ id: '9', invoice: '1' }));
    const id = await startBackfill(kit.parts, kit.parts.runtime, {
      connectionId: kit.connectionId,
      changedSince: null,
      actor: 'test',
    });
    await poll();
    for (let page = 0; page < 6; page += 1) await runBackfill(kit.parts, kit.parts.runtime, id);
    await kit.accept({ kind: 'payment', sourceId: '9' });
    await kit.settle();
    await poll();
    await kit.settle();
    expect(counts()).toEqual([1, 1, 1]);
  });

  test('I9 a poll cursor moves only after every page of its listing is stored', async () => {
    for (const id of ['2', '3', '4']) kit.books.put('invoice', invoiceOf({ id }));
    const key = { connectionId: kit.connectionId, kind: 'invoice' as const, deleted: false };
    kit.books.faults.onCall((call) => {
      if (call === 'list invoice' && kit.books.faults.count(call) === 2)
        throw new OperatingError('transient', 'cannot be reached');
    });
    await expect(poll()).rejects.toThrow('cannot be reached');
    expect(await findCursor(kit.parts.db, key)).toBeUndefined();
    kit.books.faults.onCall(undefined);
    await poll();
    expect(await findCursor(kit.parts.db, key)).toEqual(new Date(kit.clock.now()));
    await kit.settle();
    expect(kit.billing.invoices).toHaveLength(4);
  });

  test('a poll that finds nothing new stores nothing', async () => {
    await poll();
    await kit.settle();
    const count = () =>
      database.db
        .selectFrom('events')
        .select((eb) => eb.fn.countAll<bigint>().as('n'))
        .where('connection_id', '=', kit.connectionId)
        .executeTakeFirstOrThrow();
    const before = await count();
    await poll();
    expect(await count()).toEqual(before);
  });

  test('X8 a deletion that no webhook told of is found by polling', async () => {
    await poll();
    await kit.settle();
    await kit.clock.advance(1_000);
    kit.books.delete('invoice', '1');
    await poll();
    await kit.settle();
    expect(kit.billing.invoices).toMatchObject([{ stage: 'reversed' }]);
  });

  test('a change that is taken back while the first one still waits ends in the last state (E9)', async () => {
    await poll();
    await kit.settle();
    await kit.clock.advance(1_000);
    kit.books.change('invoice', '1', { due: '2026-03-01' });
    await poll();
    kit.books.change('invoice', '1', { due: '2026-02-04' });
    await poll();
    await kit.settle();
    expect(await kit.stateOf('invoice', '1')).toBe('synced');
  });

  test('an event between the reading of a list and its storing is not lost', async () => {
    await bring('invoice', '1');
    const readSeq = await nextTick(kit.parts.db);
    const stale = kit.books.read('invoice', '1');
    kit.books.change('invoice', '1', { due: '2026-03-01' });
    await kit.accept({ kind: 'invoice', sourceId: '1' });
    await kit.accept({
      kind: 'invoice',
      sourceId: '1',
      origin: 'poll',
      readSeq,
      ...(stale ? { record: { ...stale, note: 'as listed' } } : {}),
    });
    await kit.settle();
    expect(kit.billing.invoices).toMatchObject([{ due: '2026-03-01' }]);
  });

  test('an event that comes in while its document is read is looked at again', async () => {
    kit.books.faults.onCall(async (call) => {
      if (call === 'read invoice' && kit.books.faults.count(call) === 1) {
        kit.books.change('invoice', '1', { due: '2026-03-01' });
        await kit.accept({ kind: 'invoice', sourceId: '1' });
      }
    });
    await bring('invoice', '1');
    expect(kit.books.faults.count('read invoice')).toBe(2);
    expect(await kit.unsettled('invoice', '1')).toBe(0);
  });

  test('R6 a backfill that is stopped midway goes on where it was, and lists everything once', async () => {
    for (const id of ['2', '3', '4', '5']) kit.books.put('invoice', invoiceOf({ id }));
    const id = await startBackfill(kit.parts, kit.parts.runtime, {
      connectionId: kit.connectionId,
      changedSince: null,
      actor: 'test',
    });
    const chunk = () => runBackfill(kit.parts, kit.parts.runtime, id);
    await chunk();
    await chunk();
    kit.books.faults.next('list invoice', { what: 'lose-answer' });
    await expect(chunk()).rejects.toThrow('no answer');
    // A second worker of the same chunk changes nothing.
    await Promise.all([chunk(), chunk()]);
    for (let page = 0; page < 4; page += 1) await chunk();
    const row = await database.db
      .selectFrom('backfills')
      .select(['state', 'listed'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ state: 'listed', listed: { client: 1, invoice: 5, payment: 0, credit: 0 } });
    await kit.settle();
    expect(kit.billing.invoices).toHaveLength(5);
  });
});

test('R4 a revoked consent pauses the connection once, and a resume goes on where it stopped', async () => {
  kit.books.put('client', { id: '8', name: 'Bob' });
  kit.books.put('invoice', invoiceOf({ id: '2', client: '8' }));
  kit.books.faults.onCall(() => {
    throw new OperatingError('unauthorized', 'the consent was revoked');
  });
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'invoice', sourceId: '2' });
  const lanes = await kit.dueLanes();
  const others = [kit.parts, kit.another('b')];
  await Promise.all(
    lanes.map((lane, index) => drainLane(others[index] ?? kit.parts, kit.parts.runtime, lane)),
  );
  const { connectionId } = kit;
  const pauses = await database.db
    .selectFrom('trail')
    .select('payload')
    .where('subject', '=', `connection:${connectionId}`)
    .where('payload', 'like', '%paused:%')
    .execute();
  expect(pauses).toHaveLength(1);
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  expect(await kit.unsettled('invoice', '1')).toBe(2);
  kit.books.faults.onCall(undefined);
  await resumeConnection(kit.parts, connectionId, 'test');
  await kit.settle();
  expect(kit.billing.invoices).toHaveLength(2);
});

test('a connection that is paused by hand is left alone after the document in hand', async () => {
  kit.books.put('invoice', invoiceOf({ id: '2' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'invoice', sourceId: '2' });
  await kit.settle();
  for (const id of ['1', '2']) kit.books.change('invoice', id, { due: '2026-03-01' });
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'invoice', sourceId: '2' });
  kit.books.faults.onCall(async () => {
    await database.db
      .updateTable('connections')
      .set({ state: 'paused', pause_reason: 'by hand' })
      .where('id', '=', kit.connectionId)
      .execute();
  });
  for (const lane of await kit.dueLanes()) await drainLane(kit.parts, kit.parts.runtime, lane);
  expect([await kit.unsettled('invoice', '1'), await kit.unsettled('invoice', '2')]).toEqual([0, 1]);
});

test('stopping finishes the document in hand and leaves no lease', async () => {
  kit.books.put('invoice', invoiceOf({ id: '2' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' }, { kind: 'invoice', sourceId: '2' });
  kit.billing.faults.onCall((call) => {
    if (call === 'POST invoice') kit.stopping.abort();
  });
  for (const lane of await kit.dueLanes()) await drainLane(kit.parts, kit.parts.runtime, lane);
  for (const lane of await kit.dueLanes()) await drainLane(kit.parts, kit.parts.runtime, lane);
  const held = await database.db
    .selectFrom('lanes')
    .select('lane')
    .where('connection_id', '=', kit.connectionId)
    .where('holder', 'is not', null)
    .execute();
  expect(held).toEqual([]);
  expect(kit.billing.invoices).toHaveLength(1);
});

test('I10 a connection whose destination refuses to answer does not hold up another one', async () => {
  const other = await createEngineKit(database);
  other.books.put('client', { id: '7', name: 'Ada Ltd' });
  other.books.put('invoice', invoiceOf({ id: '1' }));
  kit.billing.faults.next('POST invoice', { what: 'commit-late' });
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await other.accept({ kind: 'invoice', sourceId: '1' });
  await kit.drain();
  await other.drain();
  expect(await kit.stateOf('invoice', '1')).toBe('pending');
  expect(await other.stateOf('invoice', '1')).toBe('synced');
});
