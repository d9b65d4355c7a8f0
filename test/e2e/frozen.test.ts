/** The network to PostgreSQL swallows everything and closes nothing: told within seconds, back within half a minute. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { type Bridge, startBridge } from '../kit/bridge.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { expectEqual, startTestWorld, until, work, worked } from './kit.ts';

let database: TestDatabase<unknown>;
let bridge: Bridge;
let world: World | undefined;
beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
  bridge = await startBridge(database.connection);
});
afterEach(async () => {
  bridge.thaw();
  await world?.close();
  world = undefined;
  await bridge.close();
  await database.drop();
});

async function readyz({ url }: World): Promise<{ status: number; ms: number }> {
  const began = performance.now();
  const { status } = await fetch(`${url}/readyz`);
  return { status, ms: performance.now() - began };
}

test('frozen connections in the middle of work: /readyz says so in time, work goes on within 30 s, and a stop ends within seconds', async () => {
  const seed = 91;
  world = await startTestWorld({
    seed,
    databaseUrl: bridge.url,
    environment: { ML_METRICS_TOKEN: 'of sixteen letters' },
  });
  const running = world;
  await work(world, { seed, invoices: 20, payments: 8, ratePerSecond: 20 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(bridge.freeze({ all: true })).toBeGreaterThan(5);
  const frozenAt = performance.now();
  const first = await readyz(world);
  expect(first.ms).toBeLessThan(5_000);
  expect(first.status).toBe(503);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  bridge.thaw();
  await until(
    'ready again',
    () => readyz(running),
    ({ status }) => status === 200,
    30_000,
  );
  expect(performance.now() - frozenAt).toBeLessThan(30_000);
  await until(
    'the count of connections given up',
    async () => {
      const metrics = await fetch(`${running.url}/metrics`, {
        headers: { authorization: 'Bearer of sixteen letters' },
      });
      return /^mlc_database_silent_total .*/m.exec(await metrics.text())?.[0];
    },
    (line) => line !== undefined && !line.endsWith(' 0'),
    30_000,
  );
  await worked(world);
  await expectEqual(world, { seed, invoices: 20, payments: 8 });

  bridge.freeze({ all: true });
  const stoppedAt = performance.now();
  await world.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(15_000);
  // The server's side of what was open in a transaction ends by itself, so that nothing is blocked after the restart.
  await until(
    'no transaction left open',
    async () =>
      (
        await database.pool.query(
          `select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
        )
      ).rowCount,
    (count) => count === 0,
    30_000,
  );
});
