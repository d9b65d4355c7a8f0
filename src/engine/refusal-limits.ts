/** How many refusals a minute are answered and kept as what they are: of one address, and of all. */
import type { Clock } from '../platform/clock.ts';

/** Whether the address is nobody's, or a callback's where the delivery is not as it should be. */
export type RefusalKind = 'unknown-path' | 'refused';

const LIMITS: Record<RefusalKind, { each: number; all: number }> = {
  'unknown-path': { each: 30, all: 120 },
  refused: { each: 60, all: 600 },
};
const WINDOW_MS = 60_000;

/**
 * Counts by this process, in memory: only what is let through is remembered, so it holds as many addresses as `all`
 * says. The result tells the seconds to wait; undefined within the limits.
 */
export function createRefusalLimits(
  clock: Clock,
): (kind: RefusalKind, address: string) => number | undefined {
  const count = { 'unknown-path': newWindow(), refused: newWindow() };
  return (kind, address) => {
    const now = clock.now();
    if (now >= count[kind].until) count[kind] = { ...newWindow(), until: now + WINDOW_MS };
    const { until, byAddress } = count[kind];
    const mine = (byAddress.get(address) ?? 0) + 1;
    if (mine > LIMITS[kind].each || count[kind].total >= LIMITS[kind].all)
      return Math.max(1, Math.ceil((until - now) / 1000));
    byAddress.set(address, mine);
    count[kind].total += 1;
    return undefined;
  };
}

function newWindow() {
  return { until: 0, total: 0, byAddress: new Map<string, number>() };
}
