/** How many calls may be on their way at once, where the vendor says it only sometimes: found by careful rising. */

/** Calls at once until something is known. */
const START = 8;
/** Of an announced limit; the rest is left to others. */
const SHARE = 0.9;
/** Without an announcement nobody rises above this. */
const HIGHEST = 100;
/** After a refusal nobody tries more for so long; doubled with each try that is refused again. */
const FIRST_REST_MS = 300_000;
const LONGEST_REST_MS = 3_600_000;
/** Calls that were on their way together are refused together: one finding. */
const SAME_REFUSAL_MS = 5_000;

export type Concurrency = {
  allowed: number;
  announced?: number;
  /** Refused above this. */
  ceiling?: number;
  refusedAt: number;
  tryAgainAt: number;
  restMs: number;
};

export type Refused = true;

export function newConcurrency(): Concurrency {
  return { allowed: START, refusedAt: 0, tryAgainAt: 0, restMs: FIRST_REST_MS };
}

export function isFull(known: Concurrency, inFlight: number): boolean {
  return inFlight >= Math.max(1, Math.floor(known.allowed));
}

/** Rises only while all that is allowed is used: one more for each time that it was filled. */
export function noteFull(
  all: Record<string, Concurrency>,
  kind: string,
  inFlight: number,
  now: number,
): void {
  const known = all[kind];
  if (known === undefined || inFlight < Math.floor(known.allowed)) return;
  const announced =
    known.announced === undefined ? HIGHEST : Math.max(1, Math.floor(known.announced * SHARE));
  const isResting = known.ceiling !== undefined && now < known.tryAgainAt;
  const highest = Math.min(
    announced,
    isResting ? (known.ceiling ?? HIGHEST) : (known.ceiling ?? HIGHEST) + 1,
  );
  if (known.allowed >= highest) return;
  known.allowed = Math.min(highest, known.allowed + 1 / known.allowed);
}

export function learnConcurrency(
  before: Concurrency,
  { announced, refused }: { announced?: number | undefined; refused?: Refused | undefined },
  inFlight: number,
  now: number,
): Concurrency {
  const known = { ...before };
  if (announced !== undefined) {
    known.announced = announced;
    known.allowed = Math.min(known.allowed, Math.max(1, Math.floor(announced * SHARE)));
  }
  if (refused !== true || now - known.refusedAt < SAME_REFUSAL_MS) return known;
  const wasTrying = known.ceiling !== undefined && now >= known.tryAgainAt;
  known.restMs = wasTrying ? Math.min(known.restMs * 2, LONGEST_REST_MS) : FIRST_REST_MS;
  // The refused call itself is still counted among those on their way.
  known.ceiling = Math.max(1, Math.min(Math.floor(known.allowed), inFlight) - 1);
  known.allowed = known.ceiling;
  known.refusedAt = now;
  known.tryAgainAt = now + known.restMs;
  return known;
}
