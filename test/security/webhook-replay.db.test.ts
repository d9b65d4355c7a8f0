/** One delivery again and again: the place it takes is bounded, and each is still followed by a look (I1). */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/connectors/example/books.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import {
  insertEvents,
  listUnsettledEvents,
  nextTick,
  noteFresh,
  settleEvents,
} from '../../src/store/events.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

const now = () => new Date(kit.clock.now());
const said = (signature: string, sourceId = '1') => ({
  connectionId: kit.connectionId,
  kind: 'invoice' as const,
  sourceId,
  origin: 'webhook' as const,
  topic: 'invoice.changed',
  raw: Buffer.from('the same'),
  signature,
});
const insert = (...signatures: string[]) =>
  insertEvents(
    database.db,
    signatures.map((signature) => said(signature)),
    now(),
  );
const documentId = async () => (await kit.document('invoice', '1')).id;
const unsettled = async () => listUnsettledEvents(database.db, await documentId());

async function stored(): Promise<{ events: number; deliveries: number }> {
  const { rows } = await sql<{ events: bigint; deliveries: bigint }>`
    select count(*) as events, coalesce(sum(1 + repeats), 0) as deliveries from events
    where connection_id = ${kit.connectionId} and origin = 'webhook'`.execute(database.db);
  return { events: Number(rows[0]?.events), deliveries: Number(rows[0]?.deliveries) };
}

/** A copied invoice, and the delivery that told of it. */
async function copied(): Promise<Delivery> {
  await kit.connectCallbacks();
  kit.books.put('client', { id: '7', name: 'Ada Ltd' });
  kit.books.outbox.length = 0;
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  const [delivery] = kit.books.outbox.splice(0);
  if (!delivery) throw new Error('nothing was sent');
  await kit.send(delivery);
  await kit.settle();
  return delivery;
}

const numberedIn = async () =>
  (await kit.timeline('invoice', '1')).findLast(({ entry }) => entry === 'revision')?.data['summary'];

test('3,000 replays of one genuine delivery keep some forty events and a bounded trail, and lose nothing', async () => {
  const delivery = await copied();
  for (let round = 0; round < 60; round += 1) {
    const receipts = await Promise.all(Array.from({ length: 50 }, () => kit.send(delivery)));
    expect(receipts.every(({ status }) => status === 200)).toBe(true);
    await kit.drain();
  }
  const { events, deliveries } = await stored();
  expect(deliveries).toBe(3_001);
  expect(events).toBeLessThan(45);
  const reads = kit.books.faults.count('read invoice');
  expect(reads, 'looks').toBeLessThan(45);
  await kit.settle();
  expect(await kit.unsettled('invoice', '1')).toBe(0);
  expect(kit.books.faults.count('read invoice'), 'the last of them is looked for, too').toBe(reads + 1);
  const timeline = await kit.timeline('invoice', '1');
  expect(timeline.length).toBeLessThan(250);
  const told = timeline.filter(({ entry, data }) => entry === 'event' && data['origin'] === 'webhook');
  expect(told.reduce((sum, { data }) => sum + 1 + Number(data['repeats'] ?? 0), 0)).toBe(3_001);
  expect(told.some(({ data }) => /said \d+ times/.test(data['summary']))).toBe(true);
  expect(await kit.brokenTrails()).toEqual([]);
});

test('a change that is told with the very same bytes during a read is looked for after it', async () => {
  const delivery = await copied();
  let changed = 0;
  const parts: OperationParts = {
    ...kit.another('slow'),
    checkpoint: async (at) => {
      // The record has been read and is not stored yet.
      if (at !== 'before revision' || changed === 3) return;
      changed += 1;
      kit.books.change('invoice', '1', { number: `N-1-${changed}` });
      kit.books.outbox.length = 0;
      await Promise.all([kit.send(delivery), kit.send(delivery), kit.send(delivery)]);
    },
  };
  await kit.send(delivery);
  kit.books.change('invoice', '1', { number: 'N-1-0' });
  await kit.drain(parts);
  expect(changed).toBe(3);
  expect(await kit.unsettled('invoice', '1')).toBe(0);
  expect(await numberedIn()).toContain('N-1-3');
});

test('of changes that are told with the same bytes while lanes are worked, the last one always arrives', async () => {
  const delivery = await copied();
  for (let round = 0; round < 25; round += 1) {
    const working = Array.from({ length: 3 }, () => kit.drain());
    for (let change = 0; change < 6; change += 1) {
      kit.books.change('invoice', '1', { number: `N-1-${round}-${change}` });
      expect((await kit.send(delivery)).status).toBe(200);
    }
    kit.books.outbox.length = 0;
    await Promise.all(working);
    await kit.settle();
    expect(await numberedIn()).toContain(`N-1-${round}-5`);
    expect(await kit.unsettled('invoice', '1')).toBe(0);
  }
});

test('what is counted into an event is not answered by a read that began before', async () => {
  await insert('a');
  const began = await nextTick(database.db);
  await insert('a');
  expect((await unsettled()).map(({ repeats }) => repeats)).toEqual([1]);
  await settleEvents(database.db, await documentId(), { upTo: began }, 'synced', now());
  expect(await unsettled()).toHaveLength(1);
  const later = await nextTick(database.db);
  await settleEvents(database.db, await documentId(), { upTo: later }, 'synced', now());
  expect(await unsettled()).toEqual([]);
});

test('nothing is counted into an event that somebody has begun to look for, nor into one that is settled', async () => {
  await insert('a');
  await noteFresh(database.db, await documentId());
  await insert('a', 'a');
  expect((await unsettled()).map(({ repeats }) => repeats)).toEqual([0, 1]);
  const tick = await nextTick(database.db);
  await settleEvents(database.db, await documentId(), { upTo: tick }, 'synced', now());
  await insert('a');
  expect((await unsettled()).map(({ repeats }) => repeats)).toEqual([0]);
});

test('only what says the same is counted together', async () => {
  await insert('a', 'b', 'a');
  await insertEvents(database.db, [{ ...said('a'), topic: 'invoice.deleted' }, said('a', '2')], now());
  expect((await unsettled()).map(({ topic, repeats }) => [topic, repeats])).toEqual([
    ['invoice.changed', 1],
    ['invoice.changed', 0],
    ['invoice.deleted', 0],
  ]);
  expect(await stored()).toEqual({ events: 4, deliveries: 5 });
});

test('two processes that are told the same at once keep both', async () => {
  await insert('a');
  const committing = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const other = database.db.transaction().execute(async (tx) => {
    await insertEvents(tx, [said('a')], now());
    held.resolve();
    await committing.promise;
  });
  await held.promise;
  const before = (await unsettled())[0]?.seq ?? 0n;
  // A read that began before either settles what it may, once they have committed.
  const both = Promise.all([
    insert('a'),
    settleEvents(database.db, await documentId(), { upTo: before }, 'synced', now()),
  ]);
  committing.resolve();
  await Promise.all([other, both]);
  expect((await unsettled()).map(({ repeats }) => repeats)).toEqual([2]);
  expect(await stored()).toEqual({ events: 1, deliveries: 3 });
});

test('a webhook that comes while a look begins gets an event of its own, and its own line in the trail', async () => {
  const delivery = await copied();
  await kit.send(delivery);
  const beginning = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const look = database.db.transaction().execute(async (tx) => {
    await noteFresh(tx, await documentId());
    beginning.resolve();
    await begun.promise;
  });
  await beginning.promise;
  const sent = kit.send(delivery);
  begun.resolve();
  await look;
  expect((await sent).status).toBe(200);
  expect((await unsettled()).map(({ noted }) => noted)).toEqual([true, false]);
  await kit.settle();
  const told = (await kit.timeline('invoice', '1')).filter(({ entry }) => entry === 'event');
  expect(told.length, 'the one whose look was taken over stays unsaid in this test').toBe(2);
});

test('a document told of too often is looked at later, and at once where somebody asks for it', async () => {
  const delivery = await copied();
  for (let time = 0; time < 40; time += 1) {
    await kit.send(delivery);
    await kit.drain();
  }
  kit.queue.wakes.length = 0;
  expect((await kit.send(delivery)).status).toBe(200);
  expect(kit.queue.wakes, 'no lane is woken').toEqual([]);
  expect(await kit.dueLanes()).toEqual([]);
  await kit.clock.advance(121_000);
  expect(await kit.dueLanes()).toHaveLength(1);
  await kit.drain();
  await kit.send(delivery);
  await kit.accept({ kind: 'invoice', sourceId: '1', origin: 'replay' });
  await kit.drain();
  expect(await kit.unsettled('invoice', '1')).toBe(0);
  // An hour later it is told of at once again.
  await kit.clock.advance(3_600_000);
  await kit.send(delivery);
  expect(await kit.dueLanes()).toHaveLength(1);
});
