/** The source's webhooks lost, tripled and shuffled, and its history copied under kill -9: nothing missing, nothing twice. */
import { afterEach, expect, test } from 'vitest';
import { localActor } from '../../src/cli/output.ts';
import type { World } from '../../src/demo/world.ts';
import { pauseConnection, resumeConnection, setConnection } from '../../src/operations/set-connection.ts';
import { sqlRunner } from '../../src/store/db.ts';
import { proveBackfill } from '../prove/backfill-run.ts';
import { expectEqual, startTestWorld, until, work, worked } from './kit.ts';

/** Four kinds, each with what is there and what is deleted. */
const CURSORS = 8;
/** The product's default. */
const LANES_AT_ONCE = 8;
const SIZE = { invoices: 40, payments: 25 };

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Exactly one poll, and whatever it has found brought to its end. */
async function pollOnce(at: World): Promise<void> {
  const { parts, connectionId } = at;
  const startedAt = new Date();
  await parts.db
    .transaction()
    .execute((tx) => parts.queue.wake('poll', [{ key: connectionId }], sqlRunner(tx)));
  await until(
    'the poll',
    () => parts.db.selectFrom('cursors').select('complete_until').execute(),
    (rows) => rows.length === CURSORS && rows.every((row) => row.complete_until >= startedAt),
  );
}

test('R1 every webhook dropped: nothing is missing after two polls', async () => {
  const seed = 41;
  world = await startTestWorld({ seed });
  const actor = localActor();
  await setConnection(world.parts, actor, { connection: world.connectionId, pollIntervalSeconds: 0 });
  await world.askSource('PUT', '/_control/faults', { webhookDropRate: 1 });
  await work(world, { seed, ...SIZE, ratePerSecond: 200 });
  await worked(world);
  await pollOnce(world);
  await pollOnce(world);
  await expectEqual(world, { seed, ...SIZE });
});

async function writesOf(at: World): Promise<Record<string, number>> {
  const calls = Object.entries((await at.compare()).calls['zuora'] ?? {});
  return Object.fromEntries(calls.filter(([kind]) => /^(POST|PUT|DELETE) (?!token)/.test(kind)));
}

/** Everything is told while nobody works, so that both runs meet the same states. */
async function runTold(copies: number): Promise<Record<string, number>> {
  const seed = 42;
  world = await startTestWorld({ seed });
  const { parts, connectionId } = world;
  await pauseConnection(parts, localActor(), { connection: connectionId });
  await world.askSource('PUT', '/_control/faults', {
    webhookDuplicate: copies - 1,
    webhookShuffle: copies > 1,
  });
  await work(world, { seed, ...SIZE, ratePerSecond: 200 });
  await worked(world);
  const { askSource } = world;
  await until(
    'the last delivery',
    async () => (await askSource('GET', '/_control/deliveries')) as { pending: number },
    ({ pending }) => pending === 0,
  );
  await resumeConnection(parts, localActor(), { connection: connectionId });
  await expectEqual(world, { seed, ...SIZE });
  const writes = await writesOf(world);
  if (copies === 1) {
    await world.close();
    return writes;
  }
  // And once more while the work is going on.
  await work(world, { seed: seed + 1, ...SIZE, ratePerSecond: 40 });
  await worked(world);
  await expectEqual(world, { seed, invoices: 2 * SIZE.invoices, payments: 2 * SIZE.payments });
  const later = await writesOf(world);
  const { destination } = await world.compare();
  expect(later['POST payment']).toBe(destination.documents.payments);
  expect(later['POST invoice']).toBe(destination.documents.invoices);
  return writes;
}

test('R1 P17 every webhook delivered three times in random order: the same end, and no extra write', async () => {
  const once = await runTold(1);
  const thrice = await runTold(3);
  expect(once['POST invoice']).toBe(SIZE.invoices);
  expect(thrice).toEqual(once);
});

test('I9 four times kill -9 in a backfill of 150 invoices and 150 payments: nothing missing, sums proved', async () => {
  const kills = 4;
  const result = await proveBackfill({ invoices: 150, payments: 150, kills, seed: 43 });
  expect(result).toMatchObject({
    state: 'complete',
    equal: true,
    lost: 0,
    doubled: 0,
    wrong: 0,
  });
  expect(result.kills).toHaveLength(kills);
  // A payment that a kill interrupts looks at its invoice once more.
  expect(result.singleReads).toBeLessThanOrEqual(kills * LANES_AT_ONCE);
  expect(result.pages).toBeLessThanOrEqual(result.neededPages + kills);
  expect(result.figures.every((one) => one.equal)).toBe(true);
});
