/** Events: which read answers which event, whoever committed first (I1). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf } from '../../test/kit/engine.ts';
import { insertEvents, listUnsettledEvents, nextTick, settleEvents } from './events.ts';
import type { DB } from './schema.ts';

const NOW = new Date(Date.UTC(2026, 0, 5));

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

const invoice = (sourceId: string) => ({
  connectionId: kit.connectionId,
  kind: 'invoice' as const,
  sourceId,
  origin: 'webhook' as const,
  topic: 'invoice.changed',
});

test('a read answers what was stored before it was asked for, and the event that carried it; not what came between', async () => {
  await insertEvents(database.db, [invoice('1')], NOW);
  const readSeq = await nextTick(database.db);
  await insertEvents(database.db, [invoice('1')], NOW);
  await insertEvents(database.db, [{ ...invoice('1'), origin: 'poll', record: { id: '1' }, readSeq }], NOW);
  const { id } = await kit.document('invoice', '1');
  const [before, between, carrier] = await listUnsettledEvents(database.db, id);
  if (!before || !between || !carrier) throw new Error('an event is missing');
  const settled = await settleEvents(database.db, id, { upTo: readSeq, carrier: carrier.seq }, 'synced', NOW);
  expect(settled).toHaveLength(2);
  expect((await listUnsettledEvents(database.db, id)).map(({ seq }) => seq)).toEqual([between.seq]);
});

test('an event that was received before a read but committed after it is answered by that read, without another', async () => {
  kit.books.put('client', { id: '7', name: 'Ada Ltd' });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  const committing = Promise.withResolvers<void>();
  const received = Promise.withResolvers<void>();
  const late = database.db.transaction().execute(async (tx) => {
    await insertEvents(tx, [invoice('1')], NOW);
    received.resolve();
    await committing.promise;
  });
  await received.promise;
  await kit.settle();
  committing.resolve();
  await late;
  expect(await kit.unsettled('invoice', '1')).toBe(1);
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect(kit.books.faults.count('read invoice')).toBe(1);
});

test('events about the same new documents in opposite orders at once make each document once', async () => {
  const ids = Array.from({ length: 30 }, (_, n) => `${n}`);
  await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      database.db
        .transaction()
        .execute((tx) => insertEvents(tx, (n % 2 ? ids : ids.toReversed()).map(invoice), NOW)),
    ),
  );
  const { rows } = await sql<{ documents: bigint; events: bigint }>`
    select count(distinct d.id) as documents, count(*) as events from events e
    join documents d on d.id = e.document_id where d.connection_id = ${kit.connectionId}`.execute(
    database.db,
  );
  expect(rows).toEqual([{ documents: 30n, events: 300n }]);
});

test('the exact bytes of a webhook are kept', async () => {
  const raw = new Uint8Array([0, 255, 10, 13, 34, 92]);
  await insertEvents(database.db, [{ ...invoice('1'), raw, headers: { a: 'b' } }], NOW);
  const [event] = await listUnsettledEvents(database.db, (await kit.document('invoice', '1')).id);
  expect(event?.raw).toEqual(Buffer.from(raw));
  expect(event?.headers).toEqual({ a: 'b' });
});

test('an event is noted in the trail once, however often its document is tried', async () => {
  kit.books.put('client', { id: '7', name: 'Ada Ltd' });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  kit.books.faults.next('read invoice', { what: 'lose-answer' }, 3);
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await kit.settle();
  const events = (await kit.timeline('invoice', '1')).filter(({ entry }) => entry === 'event');
  expect(events).toHaveLength(1);
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
});
