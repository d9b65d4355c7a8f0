/** A clock that moves only when told to, for tests and for the control API. */
import type { Clock } from '../../../platform/clock.ts';

export type ManualClock = Clock & { advance(ms: number): void };

export function manualClock(startMs: number): ManualClock {
  let nowMs = startMs;
  let sleepers: { wakeAt: number; wake: () => void }[] = [];
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (ms <= 0 || signal?.aborted === true) return resolve();
        sleepers.push({ wakeAt: nowMs + ms, wake: resolve });
        signal?.addEventListener('abort', () => resolve());
      }),
    advance(ms) {
      nowMs += ms;
      const due = sleepers.filter(({ wakeAt }) => wakeAt <= nowMs);
      sleepers = sleepers.filter(({ wakeAt }) => wakeAt > nowMs);
      for (const { wake } of due) wake();
    },
  };
}
