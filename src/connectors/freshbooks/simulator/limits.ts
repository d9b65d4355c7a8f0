/** Rate limits: two buckets per minute, one for accounting creates and one for everything else. */
import type { Clock } from '../../../platform/clock.ts';

const WINDOW_MS = 60_000;

export type LimitState = {
  limit: number;
  remaining: number;
  /** Epoch seconds. */
  reset: number;
  /** Seconds until the reset. */
  retryAfter: number;
  exceeded: boolean;
};

export type Limits = { take(bucket: 'general' | 'create'): LimitState };

export function createLimits(clock: Clock, perMinute: Record<'general' | 'create', number>): Limits {
  const windows = { general: { endsAt: 0, used: 0 }, create: { endsAt: 0, used: 0 } };
  return {
    take(bucket) {
      const window = windows[bucket];
      const now = clock.now();
      if (now >= window.endsAt) {
        window.endsAt = now + WINDOW_MS;
        window.used = 0;
      }
      const limit = perMinute[bucket];
      const exceeded = window.used >= limit;
      if (!exceeded) window.used += 1;
      return {
        limit,
        remaining: limit - window.used,
        reset: Math.ceil(window.endsAt / 1000),
        retryAfter: Math.ceil((window.endsAt - now) / 1000),
        exceeded,
      };
    },
  };
}
