/** A clock that stands still until a test moves it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/platform/clock.ts';

export type ManualClock = Clock & {
  /**
   * Moves time forward, stopping at every sleeper that falls due, in order, and letting it run on: one that then
   * sleeps again is woken too, if that is due within the same move.
   */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  sleepers(): number;
};

type Sleeper = { due: number; wake: () => void };

export function createManualClock(startAt = Date.UTC(2026, 0, 5, 9)): ManualClock {
  let now = startAt;
  const sleepers = new Set<Sleeper>();
  const findNext = (until: number) =>
    [...sleepers].filter(({ due }) => due <= until).sort((left, right) => left.due - right.due)[0];
  return {
    now: () => now,
    sleepers: () => sleepers.size,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve();
        const sleeper: Sleeper = {
          due: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake);
      }),
    async advance(ms) {
      const until = now + ms;
      await nextTurn();
      for (let next = findNext(until); next; next = findNext(until)) {
        now = Math.max(now, next.due);
        next.wake();
        await nextTurn();
      }
      now = until;
    },
  };
}
