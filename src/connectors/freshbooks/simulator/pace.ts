/** Doing things one after the other at so many per second, never more than one at a time. */
import type { Clock } from '../../../platform/clock.ts';

/** Late ones are caught up with, a few between two turns of the event loop, so that webhooks interleave. */
export async function keepPace(
  ops: Iterable<() => void>,
  { clock, perSecond, signal }: { clock: Clock; perSecond: number; signal: AbortSignal },
): Promise<void> {
  const startedAt = clock.now();
  let performed = 0;
  for (const op of ops) {
    const dueAt = startedAt + (performed * 1000) / perSecond;
    const aheadMs = dueAt - clock.now();
    if (aheadMs > 0) await clock.sleep(Math.max(aheadMs, 5), signal);
    else if (performed % 20 === 0) await clock.sleep(0, signal);
    if (signal.aborted) return;
    op();
    performed += 1;
  }
}
