/** Time that runs as it does and can be put forward: whoever sleeps until then wakes at once. */
import { type Clock, systemClock } from '../platform/clock.ts';
import type { CallTimeout } from '../platform/http.ts';

/** Who sleeps: the connector at work, a call that waits for its answer, or the world around. */
type Kind = 'work' | 'call' | 'world';
type Sleeper = { until: number; wake: () => void; kind: Kind };

export type ProofClock = Clock & {
  advance(ms: number): void;
  /** When the first of these is due. */
  nextDue(...kinds: readonly Kind[]): number | undefined;
  /** Time-outs of calls, by this clock. */
  timeout: CallTimeout;
  /** The same time, for those around the connector. */
  world: Clock;
  /** The same time with a constant error, for a machine whose clock is wrong. */
  skewed(byMs: number): Clock;
  close(): void;
};

/** Sleeps so short are waited for in real time; longer ones last until somebody puts the clock forward. */
const REAL_MS = 200;

export function createProofClock(startAt: number): ProofClock {
  const begun = systemClock.now();
  const sleepers = new Set<Sleeper>();
  let isClosed = false;
  let ahead = 0;
  const now = () => startAt + (systemClock.now() - begun) + ahead;

  function sleep(kind: Kind, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = { until: now() + ms, wake, kind };
      const real = ms <= REAL_MS ? setTimeout(wake, ms) : undefined;
      function wake() {
        clearTimeout(real);
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      }
      sleepers.add(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  const work = (ms: number, signal?: AbortSignal) => sleep('work', ms, signal);
  return {
    now,
    sleep: work,
    advance(ms) {
      ahead += Math.max(0, ms);
      for (const sleeper of sleepers) if (sleeper.until <= now()) sleeper.wake();
    },
    nextDue(...kinds) {
      const due = [...sleepers].filter(({ kind }) => kinds.includes(kind)).map(({ until }) => until);
      return due.length === 0 ? undefined : Math.min(...due);
    },
    timeout(ms) {
      const over = new AbortController();
      const ended = new AbortController();
      void sleep('call', ms, ended.signal).then(() => {
        if (!ended.signal.aborted) over.abort(new Error('no answer in time'));
      });
      return { signal: over.signal, end: () => ended.abort() };
    },
    world: { now, sleep: (ms, signal) => sleep('world', ms, signal) },
    skewed: (byMs) => ({ now: () => now() + byMs, sleep: work }),
    close() {
      isClosed = true;
      for (const sleeper of sleepers) sleeper.wake();
    },
  };
}
