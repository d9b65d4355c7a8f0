/** kill -9 in the middle of the work, of the service and of PostgreSQL: nothing lost, nothing doubled (I1, I2, I3). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { countCopies, countUnsettled, expectEqual, startTestWorld, until, work, worked } from './kit.ts';

const INVOICES = 80;
const PAYMENTS = 40;
/** When the destination holds so many documents, the next kill comes. */
const KILL_AT = [10, 25, 40, 60, 80];

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('kill -9 of the service in the middle of 120 documents loses nothing and doubles nothing', async () => {
  const seed = 41;
  world = await startTestWorld({ seed });
  const { startedAt, killTimes } = await workAndKill(world, seed, async (running) => {
    await running.crash();
  });
  await expectEqual(world, { seed, invoices: INVOICES, payments: PAYMENTS });
  report('service', startedAt, killTimes);
});

test('kill -9 of PostgreSQL in the middle of 120 documents loses nothing and doubles nothing', async () => {
  const seed = 42;
  world = await startTestWorld({ seed });
  const [pid] = world.pids();
  const { startedAt, killTimes } = await workAndKill(world, seed, async (running) => {
    const postmaster = postmasterOf(running);
    process.kill(postmaster, 'SIGKILL');
    await until(
      'PostgreSQL is back',
      async () => ({ pid: postmasterOf(running), unsettled: await countUnsettled(running) }),
      (seen) => seen.pid !== postmaster && seen.unsettled !== undefined,
      30_000,
    );
  });
  await expectEqual(world, { seed, invoices: INVOICES, payments: PAYMENTS });
  expect(world.pids(), 'the service has lived through it').toEqual([pid]);
  expect(process.kill(pid ?? 0, 0)).toBe(true);
  report('PostgreSQL', startedAt, killTimes);
});

async function workAndKill(running: World, seed: number, kill: (world: World) => Promise<void>) {
  const startedAt = performance.now();
  const killTimes: number[] = [];
  await work(running, { seed, invoices: INVOICES, payments: PAYMENTS, ratePerSecond: 60 });
  for (const copies of KILL_AT) {
    await until(
      `${copies} copies (seed ${seed})`,
      () => countCopies(running),
      (seen) => seen >= copies,
      60_000,
    );
    const killedAt = performance.now();
    await kill(running);
    killTimes.push(performance.now() - killedAt);
  }
  const before = await countCopies(running);
  expect(before, 'the last kill came in the middle, too').toBeLessThan(INVOICES + PAYMENTS);
  await worked(running);
  return { startedAt, killTimes };
}

function postmasterOf({ dataDir }: World): number {
  try {
    const [line = ''] = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    return Number.parseInt(line, 10) || 0;
  } catch {
    return 0;
  }
}

function report(what: string, startedAt: number, killTimes: readonly number[]): void {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  console.info(
    `${INVOICES + PAYMENTS} documents with ${killTimes.length} kills of ${what}: ${seconds(performance.now() - startedAt)} s; back after ${killTimes.map(seconds).join(', ')} s`,
  );
}
