/** Counts calls against the tenant's rate and concurrency limits and prints the headers that tell of them. */
import type { Clock } from '../../../platform/clock.ts';
import { type ApiLimits, CONCURRENCY, type ConcurrencyPool } from './regions.ts';

const WINDOWS = [
  { name: 'minute', seconds: 60 },
  { name: 'hour', seconds: 3600 },
  { name: 'day', seconds: 86_400 },
] as const;

export type Limits = ReturnType<typeof createLimits>;

export function createLimits(
  clock: Clock,
  api: ApiLimits,
  concurrency: Partial<Record<ConcurrencyPool, number>>,
) {
  const windows = WINDOWS.map((window) => ({ ...window, limit: api[window.name], slot: -1, used: 0 }));
  const inFlight: Record<ConcurrencyPool, number> = { default: 0, highVolume: 0, objectQuery: 0 };
  const limitOf = (pool: ConcurrencyPool) => concurrency[pool] ?? CONCURRENCY[pool];

  return {
    /** Counts one call; gives the window that is exceeded, if any. */
    count(): 'minute' | 'hour' | 'day' | undefined {
      const seconds = clock.now() / 1000;
      for (const window of windows) {
        const slot = Math.floor(seconds / window.seconds);
        if (slot !== window.slot) Object.assign(window, { slot, used: 0 });
        window.used += 1;
      }
      return windows.find(({ used, limit }) => used > limit)?.name;
    },
    enter: (pool: ConcurrencyPool): boolean => {
      inFlight[pool] += 1;
      return inFlight[pool] <= limitOf(pool);
    },
    leave: (pool: ConcurrencyPool): void => {
      inFlight[pool] -= 1;
    },
    headers(pool: ConcurrencyPool): Record<string, string> {
      const nearest = windows.reduce((a, b) => (b.used / b.limit > a.used / a.limit ? b : a));
      const seconds = clock.now() / 1000;
      const reset = Math.ceil((nearest.slot + 1) * nearest.seconds - seconds);
      return {
        'RateLimit-Limit': `${nearest.limit}, ${windows.map(({ limit, seconds: w }) => `${limit};w=${w}`).join(', ')}`,
        'RateLimit-Remaining': String(Math.max(0, nearest.limit - nearest.used)),
        'RateLimit-Reset': String(Math.max(0, reset)),
        'Concurrency-Limit-Type':
          pool === 'default'
            ? 'Default'
            : pool === 'highVolume'
              ? 'High-volume transactions'
              : 'Object Query',
        'Concurrency-Limit-Limit': String(limitOf(pool)),
        'Concurrency-Limit-Remaining': String(Math.max(0, limitOf(pool) - inFlight[pool])),
      };
    },
  };
}
