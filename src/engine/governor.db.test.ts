/** All processes share one budget for each tenant of a vendor, and nobody starves in it. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createManualClock, type ManualClock } from '../../test/kit/manual-clock.ts';
import { LEASE_MS } from '../core/call-budget.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { createMetrics } from '../platform/metrics.ts';
import type { DB } from '../store/schema.ts';
import { type CallRequest, createGovernor, type Governor } from './governor.ts';

let database: TestDatabase<DB>;
let other: Database<DB>;
let clock: ManualClock;
let budgets = 0;
let request: CallRequest;
const metrics = createMetrics();
const log = pino({ level: 'silent' });

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  other = await openDatabase<DB>({ connection: database.connection, log: pino({ level: 'silent' }), max: 5 });
});
afterAll(async () => {
  await other.close();
  await database.drop();
});
beforeEach(() => {
  clock = createManualClock();
  budgets += 1;
  const budget = { name: `tenant ${budgets}`, pool: 'default' };
  request = { budget, windows: [], kind: 'default', user: 'a', live: true };
});

/** A process of its own: another pool, another memory. */
function process(instance: string, db = database.db): Governor {
  return createGovernor({ db, clock, log, metrics, instance, stopping: new AbortController().signal });
}

/** Moves the time on by a second, and lets what the database answers come in. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
}

/** How many of so many calls have their turn by now. */
function takeMany(count: number, takers: readonly Governor[], wanted = request) {
  const done = { turns: 0, refused: 0, ends: [] as (() => void)[] };
  for (let index = 0; index < count; index += 1) {
    const taker = takers[index % takers.length];
    taker?.take(wanted).then(
      (end) => {
        done.turns += 1;
        done.ends.push(end);
      },
      () => {
        done.refused += 1;
      },
    );
  }
  return done;
}

test('without a known limit nobody waits for a turn but only for calls that end', async () => {
  const done = takeMany(20, [process('p')]);
  await expect.poll(() => done.turns).toBe(8);
  for (const end of done.ends.splice(0)) end();
  await expect.poll(() => done.turns).toBeGreaterThan(15);
});

test('two processes share one limit of the rate', async () => {
  const both = [process('p'), process('q', other.db)];
  await both[0]?.learn(request.budget, { windows: [{ limit: 60, windowMs: 60_000 }] });
  const done = takeMany(16, both);
  const ending = setInterval(() => done.ends.splice(0).forEach((end) => end()), 1);
  await pass(10_000);
  clearInterval(ending);
  // A twenty-fifth of the window may run ahead: two to three calls; then one each second.
  expect(done.turns).toBeGreaterThanOrEqual(8);
  expect(done.turns).toBeLessThanOrEqual(14);
});

test('two processes share one limit of calls at once', async () => {
  const both = [process('p'), process('q', other.db)];
  await both[0]?.learn(request.budget, { concurrency: { kind: 'default', announced: 5 } });
  const done = takeMany(12, both);
  await pass(1_000);
  expect(done.turns).toBe(4);
});

test('calls of a process that died do not count for ever', async () => {
  const [dead, alive] = [process('p'), process('q', other.db)];
  await dead.learn(request.budget, { concurrency: { kind: 'default', announced: 1 } });
  expect(takeMany(1, [dead])).toBeDefined();
  await pass(500);
  const late = takeMany(1, [alive]);
  await pass(1_000);
  expect(late.turns).toBe(0);
  await clock.advance(LEASE_MS);
  expect(typeof (await alive.take(request))).toBe('function');
});

test('nobody calls before the time that a refusal for load has named', async () => {
  const governor = process('p');
  await governor.learn(request.budget, { blockedUntil: clock.now() + 9_000 });
  const done = takeMany(2, [governor]);
  await pass(8_800);
  expect(done.turns).toBe(0);
  await pass(400);
  expect(done.turns).toBe(2);
});

test('who would have to wait too long is told when to come again', async () => {
  const governor = process('p');
  const until = clock.now() + 60_000;
  await governor.learn(request.budget, { blockedUntil: until });
  await expect(governor.take(request)).rejects.toMatchObject({ kind: 'rate_limited', until });
});

test('other tenants and pools are not touched (I10)', async () => {
  const governor = process('p');
  await governor.learn(request.budget, { blockedUntil: clock.now() + 60_000 });
  for (const change of [{ name: 'another' }, { pool: 'auth' }])
    expect(typeof (await governor.take({ ...request, budget: { ...request.budget, ...change } }))).toBe(
      'function',
    );
});

test('limits, calls at once and waiting are in the metrics', async () => {
  const governor = process('p');
  await governor.learn(request.budget, { windows: [{ limit: 60, windowMs: 60_000 }] });
  await governor.take(request);
  const text = await metrics.registry.metrics();
  const { name } = request.budget;
  expect(text).toContain(`mlc_call_limit{budget="${name}",pool="default",seconds="60"} 60`);
  expect(text).toContain(`mlc_calls_in_flight{budget="${name}",pool="default",kind="default"} 1`);
  expect(text).toContain(`mlc_call_turns_total{budget="${name}",connection="a",priority="live"} 1`);
});
