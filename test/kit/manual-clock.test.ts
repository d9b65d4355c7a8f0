/** The manual clock wakes sleepers in order, and only when a test says so. */
import { expect, test } from 'vitest';
import { createManualClock } from './manual-clock.ts';

test('sleepers wake in the order of their time, each seeing its own time, and may sleep again', async () => {
  const clock = createManualClock(1_000);
  const seen: string[] = [];
  const run = async (name: string, ms: number, times: number) => {
    for (let turn = 0; turn < times; turn += 1) {
      await clock.sleep(ms);
      seen.push(`${name}@${clock.now()}`);
    }
  };
  const all = [run('slow', 50, 1), run('fast', 20, 3)];
  await clock.advance(19);
  expect(seen).toEqual([]);
  await clock.advance(41);
  expect(seen).toEqual(['fast@1020', 'fast@1040', 'slow@1050', 'fast@1060']);
  expect(clock.now()).toBe(1_060);
  await Promise.all(all);
});

test('an aborted sleeper wakes at once', async () => {
  const clock = createManualClock();
  const abort = new AbortController();
  const sleeping = clock.sleep(60_000, abort.signal);
  abort.abort();
  await sleeping;
  expect(clock.sleepers()).toBe(0);
});
