/** A clock that can be put forward, to see due dates pass and tokens expire. */
import type { Clock } from '../../../platform/clock.ts';

export type ShiftedClock = Clock & { advance(ms: number): void };

/** Sleeping keeps its own pace; only `now` moves. */
export function createShiftedClock(clock: Clock): ShiftedClock {
  let shiftMs = 0;
  return {
    now: () => clock.now() + shiftMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    advance(ms) {
      shiftMs += ms;
    },
  };
}
