/** A clock that jumps ahead and is set back: what was stored to wait for begins anew, once, and nothing stalls. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, invoiceOf } from '../../test/kit/engine.ts';
import { createManualClock } from '../../test/kit/manual-clock.ts';
import { unreachable } from '../connectors/example/faults.ts';
import { newCallBudget, shiftBudget, takeCalls } from '../core/call-budget.ts';
import { startWorker } from '../engine/engine.ts';
import { createGovernor } from '../engine/governor.ts';
import { pollConnection } from '../engine/poll.ts';
import { acquireLease } from './lanes.ts';
import type { DB } from './schema.ts';
import { restartWaits } from './set-back.ts';

const HOUR = 3_600_000;

let database: TestDatabase<DB>;
beforeEach(async () => {
  database = await createTestDatabase<DB>();
});
afterEach(() => database.drop());

/** A wall clock that somebody sets, beside time that runs as ever: who sleeps is not woken by it. */
function createSetClock() {
  const steady = createManualClock();
  let offset = 0;
  return {
    steady,
    clock: { now: () => steady.now() + offset, elapsed: steady.now, sleep: steady.sleep },
    set: (ms: number) => (offset = ms),
  };
}

function createLines() {
  const lines: { msg: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, told: () => lines.filter(({ msg }) => msg.includes('set back')).length };
}

describe.each([
  ['an hour', HOUR],
  ['a day', 24 * HOUR],
])('%s ahead and back', (_, jump) => {
  test('a deferral, a lease, a schedule and a cursor stall nothing', async () => {
    const { steady, clock, set } = createSetClock();
    const kit = await createEngineKit(database, { webhooks: false, pollIntervalSeconds: 300, clock });
    const { log, told } = createLines();
    const parts = { ...kit.parts, log };
    const worker = await startWorker(parts, parts.runtime, { lanes: 2, publicUrl: 'http://x.test' });
    const seconds = async (count: number, stepMs = 500) => {
      for (let passed = 0; passed < count * 1000; passed += stepMs) {
        await steady.advance(stepMs);
        // One ticks, one seals.
        await expect.poll(() => steady.sleepers(), { interval: 2 }).toBeGreaterThanOrEqual(2);
      }
    };
    try {
      kit.books.put('client', { id: '7', name: 'Ada' });
      kit.books.put('invoice', invoiceOf({ id: '1' }));
      kit.books.put('invoice', invoiceOf({ id: '2', client: '8' }));
      kit.books.put('client', { id: '8', name: 'Bo' });
      set(jump);
      await seconds(1);
      await kit.accept({ kind: 'invoice', sourceId: '1' });
      kit.books.faults.next('read invoice', unreachable());
      await kit.drain();
      const held = { connectionId: kit.connectionId, lane: 'invoice/2' };
      await kit.accept({ kind: 'invoice', sourceId: '2' });
      expect(await acquireLease(parts.db, held, 'dead', new Date(clock.now()), 15_000)).toBeDefined();
      await pollConnection(parts, parts.runtime, kit.connectionId);

      set(0);
      kit.queue.wakes.length = 0;
      await seconds(13);
      await seconds(75, 5_000);
      await kit.drain();
      const woken = new Set(kit.queue.wakes.filter(({ name }) => name === 'lane').map(({ key }) => key));
      expect(woken.size, 'both lanes').toBeGreaterThanOrEqual(2);
      await seconds(260, 10_000);
      expect(kit.queue.wakes.some(({ name }) => name === 'poll')).toBe(true);
      expect(told(), 'once').toBe(1);
      kit.books.put('invoice', invoiceOf({ id: '3' }));
      await pollConnection(parts, parts.runtime, kit.connectionId);
      expect(await kit.unsettled('invoice', '3'), 'the cursor of the wrong clock hides nothing').toBe(1);
    } finally {
      kit.stopping.abort();
      await steady.advance(1_000);
      await worker.stop();
    }
  });

  test('a budget that is blocked for half a minute is blocked for half a minute', async () => {
    const { steady, clock, set } = createSetClock();
    const kit = await createEngineKit(database, { clock });
    const { log, told } = createLines();
    const governor = createGovernor({ ...kit.parts, log });
    const budget = { name: `tenant of ${jump}`, pool: 'default' };
    const request = {
      budget,
      windows: [{ limit: 60, windowMs: 60_000 }],
      kind: 'default',
      user: 'a',
      live: true,
    };
    set(jump);
    (await governor.take(request))();
    await governor.learn(budget, { blockedUntil: clock.now() + 30_000 });
    set(0);
    // Another process, as this one has it in memory.
    let granted = false;
    const taken = createGovernor({ ...kit.parts, log, instance: 'other' })
      .take(request)
      .then(
        (end) => {
          granted = true;
          end();
        },
        () => {},
      );
    for (let second = 0; second < 12; second += 1) {
      await steady.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(granted).toBe(false);
    await taken;
    // It begins anew when it is noticed.
    await steady.advance(31_000);
    (await createGovernor({ ...kit.parts, log, instance: 'third' }).take(request))();
    expect(told(), 'once').toBe(1);
  });
});

test('waits that no wrong clock has written stay as they are', async () => {
  const kit = await createEngineKit(database);
  const now = kit.clock.now();
  const key = { connectionId: kit.connectionId, lane: 'client/1' };
  await acquireLease(kit.parts.db, key, 'a', new Date(now), 15_000);
  // The clocks of two machines differ a little.
  await restartWaits(kit.parts.db, new Date(now - 4_000));
  const row = await kit.parts.db
    .selectFrom('lanes')
    .select('expires_at')
    .where('connection_id', '=', kit.connectionId)
    .executeTakeFirstOrThrow();
  expect(row.expires_at?.getTime()).toBe(now + 15_000);
});

test('every time in a budget moves, and only those', () => {
  const now = 1_800_000_000_000;
  const start = newCallBudget([{ limit: 60, windowMs: 60_000 }]);
  const ask = { user: 'a', live: true, kind: 'default', startAt: now };
  const turn = { process: 'p', released: {}, asks: [ask] };
  const there = takeCalls(start, turn, now + HOUR).budget;
  const here = takeCalls(start, turn, now).budget;
  expect(shiftBudget(there, -HOUR)).toEqual(here);
});
