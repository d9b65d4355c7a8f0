/** Several processes over one PostgreSQL share the work, and one that is killed is replaced by the others (I5). */

import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { countCopies, expectEqual, startTestWorld, until, work, worked } from './kit.ts';

let database: TestDatabase<unknown>;
let world: World | undefined;
beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  await database.drop();
});

const ROLES = ['web', 'worker', 'worker'] as const;

/** Watches who holds lanes, and how many lanes two holders were seen in. Ends with `stop()`. */
function watchHolders({ parts }: World) {
  const lanesOf = new Map<number, Set<string>>();
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      const { rows } = await sql<{ lane: string; holder: string }>`
        select lane, holder from lanes where holder is not null`.execute(parts.db);
      for (const { lane, holder } of rows) {
        const pid = Number.parseInt(holder.split(':').at(-1) ?? '', 10);
        lanesOf.set(pid, (lanesOf.get(pid) ?? new Set()).add(lane));
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  })();
  const stop = async () => {
    stopping.abort();
    await done;
    return lanesOf;
  };
  return { stop, lanesOf: () => lanesOf };
}

test('two workers share the work of one connection, and nothing is doubled', async () => {
  const seed = 61;
  world = await startTestWorld({ seed, databaseUrl: database.url, roles: ROLES });
  const holders = watchHolders(world);
  await work(world, { seed, invoices: 70, payments: 40, ratePerSecond: 60 });
  await worked(world);
  await expectEqual(world, { seed, invoices: 70, payments: 40 });
  const lanesOf = await holders.stop();
  const [web = 0, one = 0, two = 0] = world.pids();
  expect([...lanesOf.keys()].sort(), 'only the workers work').toEqual([one, two].sort());
  expect(lanesOf.has(web)).toBe(false);
  expect(lanesOf.get(one)?.size, 'a fair share').toBeGreaterThan(1);
  expect(lanesOf.get(two)?.size, 'a fair share').toBeGreaterThan(1);
});

test('kill -9 of one of two workers in the middle: the other one finishes, nothing is doubled', async () => {
  const seed = 62;
  world = await startTestWorld({ seed, databaseUrl: database.url, roles: ROLES });
  const [, victim = 0, survivor = 0] = world.pids();
  // Slow answers: the victim dies with calls under way.
  await world.askDestination('PUT', '/_control/faults', { latencyMs: 60 });
  const holders = watchHolders(world);
  await work(world, { seed, invoices: 60, payments: 30, ratePerSecond: 60 });
  const running = world;
  await until(
    `20 copies and a lane in the victim's hands (seed ${seed})`,
    async () => ({ copies: await countCopies(running), lanes: holders.lanesOf().get(victim)?.size ?? 0 }),
    ({ copies, lanes }) => copies >= 20 && lanes > 0,
  );
  await world.kill(1);
  expect(await countCopies(world), 'killed in the middle').toBeLessThan(90);
  await worked(world);
  await expectEqual(world, { seed, invoices: 60, payments: 30 });
  const lanesOf = await holders.stop();
  expect(lanesOf.get(survivor)?.size).toBeGreaterThan(1);
  const { rows } = await sql`select holder from lanes where holder is not null`.execute(world.parts.db);
  expect(rows, 'no lane stays in a dead hand').toEqual([]);
});
