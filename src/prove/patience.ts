/** Waiting for work that may itself only wait: then the time is moved. */
import { systemClock } from '../platform/clock.ts';
import type { ProofClock } from './clock.ts';

const LOOK_MS = 4;
/** Nothing has moved for so many looks: whoever sleeps at work is woken. */
const LOOKS_BEFORE_WAKING = 3;
/** Nothing at all, or only somebody who looks again and again: calls without an answer run out of time. */
const LOOKS_BEFORE_TIMEOUT = 60;
const WAKINGS_BEFORE_TIMEOUT = 20;

/** `activity` grows while something is going on. */
export async function waitFor<T>(clock: ProofClock, work: Promise<T>, activity: () => number): Promise<T> {
  const over = work.then(
    () => true,
    () => true,
  );
  const look = () => Promise.race([over, systemClock.sleep(LOOK_MS).then(() => false)]);
  let before = activity();
  let wakings = 0;
  for (let still = 0; !(await look()); still += 1) {
    const present = activity();
    if (present !== before) still = 0;
    before = present;
    if (still < LOOKS_BEFORE_WAKING) continue;
    const isStuck = still >= LOOKS_BEFORE_TIMEOUT || wakings >= WAKINGS_BEFORE_TIMEOUT;
    const next = isStuck ? (clock.nextDue('call') ?? clock.nextDue('work')) : clock.nextDue('work');
    if (next === undefined) continue;
    wakings = isStuck ? 0 : wakings + 1;
    clock.advance(next - clock.now());
  }
  return work;
}
