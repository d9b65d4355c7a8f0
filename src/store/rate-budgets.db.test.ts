/** All workers of a connection share one budget for each API, and nobody starves in it. */

import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit } from '../../test/kit/engine.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { type BudgetKey, learnRate, takeTurn } from './rate-budgets.ts';
import type { DB } from './schema.ts';

const NOW = Date.UTC(2026, 0, 5);
const LONGEST_MS = 15_000;

let database: TestDatabase<DB>;
let other: Database<DB>;
let key: BudgetKey;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  other = await openDatabase<DB>({ connection: database.connection, log: pino({ level: 'silent' }), max: 5 });
});
afterAll(async () => {
  await other.close();
  await database.drop();
});
beforeEach(async () => {
  const { connectionId } = await createEngineKit(database);
  key = { connectionId, side: 'destination', bucket: 'default' };
});

const take = (nowMs = NOW, db = database.db) => takeTurn(db, key, nowMs, LONGEST_MS);

test('without a known limit nobody waits', async () => {
  expect(await Promise.all([take(), take(), take()])).toEqual([0, 0, 0]);
});

test('calls from two pools at once are spread over time by one limit', async () => {
  await take();
  await learnRate(database.db, key, { limit: 60, windowMs: 60_000 });
  const waits = await Promise.all(
    Array.from({ length: 12 }, (_, n) => take(NOW, n % 2 === 0 ? database.db : other.db)),
  );
  waits.sort((a, b) => a - b);
  // A twentieth of the window may run ahead: three calls; then one each second.
  expect(waits).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8].map((seconds) => seconds * 1_000));
});

test('a burst after a long pause is no larger than a twentieth of the window', async () => {
  await take();
  await learnRate(database.db, key, { limit: 60, windowMs: 60_000 });
  await take(NOW);
  const later = NOW + 3_600_000;
  const waits = [];
  for (let call = 0; call < 6; call += 1) waits.push(await take(later));
  expect(waits).toEqual([0, 0, 0, 0, 1_000, 2_000]);
});

test('nobody calls before the time that a refusal for load has named', async () => {
  await take();
  await learnRate(database.db, key, { blockedUntil: NOW + 9_000 });
  expect(await take(NOW)).toBe(9_000);
  await learnRate(database.db, key, { blockedUntil: NOW + 5_000 });
  expect(await take(NOW + 1_000)).toBe(8_000);
  expect(await take(NOW + 9_000)).toBe(0);
});

test('other buckets, sides and connections are not touched (I10)', async () => {
  await take();
  await learnRate(database.db, key, { limit: 1, windowMs: 60_000, blockedUntil: NOW + 60_000 });
  const { connectionId } = await createEngineKit(database);
  for (const change of [{ bucket: 'token' }, { side: 'source' as const }, { connectionId }])
    expect(await takeTurn(database.db, { ...key, ...change }, NOW, LONGEST_MS)).toBe(0);
});

test('who would have to wait too long books nothing: turns that nobody uses do not pile up', async () => {
  await take();
  await learnRate(database.db, key, { limit: 10, windowMs: 60_000 });
  const waits = [];
  for (let call = 0; call < 200; call += 1) waits.push(await take(NOW));
  const used = waits.filter((wait) => wait <= LONGEST_MS).length;
  expect(used).toBeGreaterThan(2);
  expect(used).toBeLessThan(6);
  // Whoever was told to wait comes back at its time and finds a turn.
  expect(await take(NOW + Math.max(...waits))).toBeLessThanOrEqual(LONGEST_MS);
  expect(Math.max(...waits)).toBeLessThan(40_000);
});

test('turns of many at once are never more than the limit allows', async () => {
  await take();
  await learnRate(database.db, key, { limit: 600, windowMs: 60_000 });
  const uses = (
    await Promise.all(Array.from({ length: 150 }, (_, n) => take(NOW, n % 2 === 0 ? database.db : other.db)))
  ).filter((wait) => wait <= LONGEST_MS);
  const withinOneSecond = (from: number) => uses.filter((use) => use >= from && use < from + 1_000).length;
  for (let from = 1; from < 14_000; from += 500) expect(withinOneSecond(from)).toBeLessThanOrEqual(10);
});
