/** R1: webhook, polling or both, switched at will: no duplicate, no gap. */
import { afterEach, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { command, expectEqual, startTestWorld, work, worked } from './kit.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function eventOrigins({ parts }: World): Promise<string[]> {
  const rows = await parts.db.selectFrom('events').select('origin').distinct().orderBy('origin').execute();
  return rows.map(({ origin }) => origin).filter((origin) => origin !== 'dependency');
}

test('R1 with every webhook lost on the way, polling misses nothing', async () => {
  const seed = 31;
  world = await startTestWorld({ seed });
  await world.askSource('PUT', '/_control/faults', { webhookDropRate: 1 });
  await work(world, { seed, invoices: 30, payments: 18, ratePerSecond: 40 });
  expect((await command(world, 'connection', 'set', 'sandbox', '--poll-seconds', '1')).code).toBe(0);
  await worked(world);
  await expectEqual(world, { seed, invoices: 30, payments: 18 });
  expect(await eventOrigins(world)).toEqual(['poll']);
});

test('R1 webhook, then polling, then both: no duplicate and no gap', async () => {
  const seed = 32;
  world = await startTestWorld({ seed });
  const set = async (...args: string[]) =>
    expect((await command(world as World, 'connection', 'set', 'sandbox', ...args)).code).toBe(0);
  await work(world, { seed, invoices: 15, payments: 9, ratePerSecond: 40 });
  await worked(world);
  // The switch comes while events are on their way.
  await set('--no-webhooks', '--poll-seconds', '1');
  await work(world, { seed: seed + 100, invoices: 15, payments: 9, ratePerSecond: 40 });
  await worked(world);
  await expectEqual(world, { seed, invoices: 30, payments: 18 });
  await set('--webhooks', '--poll-seconds', '1');
  await work(world, { seed: seed + 200, invoices: 15, payments: 9, ratePerSecond: 40 });
  await worked(world);
  await expectEqual(world, { seed, invoices: 45, payments: 27 });
  expect(await eventOrigins(world)).toEqual(['poll', 'webhook']);
});
