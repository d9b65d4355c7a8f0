/** A lane has one worker at a time, and who lost it can write no more (I5). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit } from '../../test/kit/engine.ts';
import { fenced, settle } from '../engine/lane-work.ts';
import { listDueLanes } from './events.ts';
import {
  acquireLease,
  assertLease,
  clearDeferral,
  countFailures,
  deferLane,
  freeAllLeases,
  LeaseLost,
  releaseLeaseIfIdle,
  renewLease,
} from './lanes.ts';
import type { DB } from './schema.ts';

const LEASE_MS = 15_000;
const at = (ms: number) => new Date(Date.UTC(2026, 0, 5) + ms);

let database: TestDatabase<DB>;
let kit: EngineKit;
let key: { connectionId: string; lane: string };

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 25 });
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
  key = { connectionId: kit.connectionId, lane: 'client/7' };
});

async function take(holder: string, ms = 0) {
  const lease = await acquireLease(database.db, key, holder, at(ms), LEASE_MS);
  if (!lease) throw new Error('the lane is taken');
  return lease;
}

test('of twenty who want a lane at once, one gets it (I5)', async () => {
  const leases = await Promise.all(
    Array.from({ length: 20 }, (_, n) => acquireLease(database.db, key, `w${n}`, at(0), LEASE_MS)),
  );
  expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
});

test('the token grows with every acquisition', async () => {
  const first = await take('a');
  expect(await releaseLeaseIfIdle(database.db, first, at(0))).toBe(true);
  const second = await take('a');
  expect(second.token > first.token).toBe(true);
});

test('a lease is taken over only when it has run out, and then the old holder writes nothing any more (I5)', async () => {
  const old = await take('a');
  expect(await acquireLease(database.db, key, 'b', at(LEASE_MS - 1), LEASE_MS)).toBeUndefined();
  const present = await take('b', LEASE_MS);
  const write = (lease: typeof old, ms: number) =>
    database.db.transaction().execute((tx) => assertLease(tx, lease, at(ms)));
  await expect(write(old, LEASE_MS)).rejects.toThrow(LeaseLost);
  await expect(renewLease(database.db, old, at(LEASE_MS), LEASE_MS)).rejects.toThrow(LeaseLost);
  await deferLane(database.db, old, at(LEASE_MS), 9, at(LEASE_MS));
  await write(present, LEASE_MS);
  expect(await countFailures(database.db, key)).toBe(0);
});

test('a holder whose own lease has run out writes nothing, even before somebody takes it over', async () => {
  const lease = await take('a');
  const write = (ms: number) => database.db.transaction().execute((tx) => assertLease(tx, lease, at(ms)));
  await expect(write(LEASE_MS)).rejects.toThrow(LeaseLost);
  await renewLease(database.db, lease, at(LEASE_MS), LEASE_MS);
  await write(LEASE_MS);
});

test('a takeover waits for a write in hand to end', async () => {
  const lease = await take('a');
  const order: string[] = [];
  const writing = Promise.withResolvers<void>();
  const write = database.db.transaction().execute(async (tx) => {
    await assertLease(tx, lease, at(1));
    await writing.promise;
    order.push('written');
  });
  await new Promise((resolve) => setTimeout(resolve, 30));
  const taking = take('b', LEASE_MS).then(() => order.push('taken over'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  writing.resolve();
  await Promise.all([write, taking]);
  expect(order).toEqual(['written', 'taken over']);
});

test('a fenced write of the engine by an old holder leaves nothing (I5)', async () => {
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  const document = await kit.document('invoice', '1');
  const now = new Date(kit.clock.now());
  const lease = await acquireLease(database.db, key, 'a', now, LEASE_MS);
  if (!lease) throw new Error('the lane is taken');
  const open = await kit.parts.runtime.open(kit.connectionId);
  const work = { parts: kit.parts, open, lease };
  await kit.clock.advance(LEASE_MS);
  await acquireLease(database.db, key, 'b', new Date(kit.clock.now()), LEASE_MS);
  let reached = false;
  await expect(fenced(work, async () => void (reached = true))).rejects.toThrow(LeaseLost);
  await expect(settle(work, document, { upTo: 1_000_000n }, 'synced', null)).rejects.toThrow(LeaseLost);
  expect(reached).toBe(false);
  expect(await kit.stateOf('invoice', '1')).toBe('pending');
  expect(await kit.timeline('invoice', '1')).toEqual([]);
});

test('a lane is not given back while it has work: who was refused meanwhile may rely on that (I1)', async () => {
  key = { ...key, lane: 'invoice/1' };
  const lease = await take('a');
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  expect(await acquireLease(database.db, key, 'b', at(1), LEASE_MS)).toBeUndefined();
  expect(await releaseLeaseIfIdle(database.db, lease, at(0))).toBe(false);
  await database.db
    .updateTable('events')
    .set({ settled_at: at(2) })
    .execute();
  expect(await releaseLeaseIfIdle(database.db, lease, at(0))).toBe(true);
});

test('a lane that is put off is not worked before its time, unless somebody asks for it', async () => {
  await deferLane(database.db, await take('a'), at(60_000), 3, at(0));
  expect(await acquireLease(database.db, key, 'b', at(59_999), LEASE_MS)).toBeUndefined();
  await clearDeferral(database.db, key.connectionId, [key.lane]);
  expect(await acquireLease(database.db, key, 'b', at(1), LEASE_MS)).toBeDefined();
  expect(await countFailures(database.db, key)).toBe(0);
});

test('the sweep finds lanes with work that nobody holds: forgotten, put off and due, or left by a dead worker', async () => {
  const due = async () =>
    (await listDueLanes(database.db, new Date(kit.clock.now())))
      .filter(({ connectionId }) => connectionId === kit.connectionId)
      .map(({ lane }) => lane);
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  expect(await due()).toEqual([]);
  await kit.clock.advance(5_000);
  expect(await due()).toEqual(['invoice/1']);
  const lane = { ...key, lane: 'invoice/1' };
  const lease = await acquireLease(database.db, lane, 'a', new Date(kit.clock.now()), LEASE_MS);
  expect(await due()).toEqual([]);
  await kit.clock.advance(LEASE_MS);
  expect(await due()).toEqual(['invoice/1']);
  if (lease)
    await deferLane(database.db, lease, new Date(kit.clock.now() + 10_000), 1, new Date(kit.clock.now()));
  expect(await due()).toEqual([]);
  await kit.clock.advance(10_000);
  expect(await due()).toEqual(['invoice/1']);
});

test('the owner of an embedded database may free every lease at its start', async () => {
  await take('a');
  await freeAllLeases(database.db);
  expect(await acquireLease(database.db, key, 'b', at(1), LEASE_MS)).toBeDefined();
});
