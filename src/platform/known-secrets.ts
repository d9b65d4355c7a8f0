/** What this process knows to be secret, and how a text is freed of it, whatever it is wrapped in (I7). */
import type { JsonValue } from '../core/json.ts';
import { type Clock, systemClock } from './clock.ts';
import { gramsOf, SHORTEST_SECRET } from './secret-forms.ts';
import { createSieve, type Range, type Sieve } from './sieve.ts';

export interface KnownSecrets {
  /** Known for a day from now, and again whenever it is noted: so for a day after it was replaced. */
  note(secret: string): void;
  /** Known for as long as the process lives. */
  keep(secret: string): void;
  /** Notes every text in what was or is to be sealed, but those whose names say that they are no secrets. */
  learn(sealed: JsonValue): void;
  /** The text without known secrets and without parts of them of twelve characters or more. JSON stays JSON. */
  redact(text: string): string;
}

/** For what has no text to free: rehearsals, and a vault of a moment. */
export const NOTHING_KNOWN: KnownSecrets = {
  note: () => {},
  keep: () => {},
  learn: () => {},
  redact: (text) => text,
};

export const REDACTED = '[redacted]';

const KNOWN_MS = 86_400_000;
/** Of a longer secret the beginning is known. */
const LONGEST_SECRET = 4_096;
/** About 60 MB, or 4,000 tokens; beyond it what was not seen for longest is forgotten. */
const MOST_PIECES = 1_000_000;

/** `open`: names of members that are sealed beside secrets and are none. */
export function createKnownSecrets({
  clock = systemClock,
  open = [],
  mostPieces = MOST_PIECES,
}: {
  clock?: Pick<Clock, 'now'>;
  open?: Iterable<string>;
  mostPieces?: number;
} = {}): KnownSecrets {
  const openNames = new Set(open);
  const sieve = createSieve();
  /** Until when each is known; the one noted last comes last. */
  const known = new Map<string, number>();
  let pieces = 0;

  function add(value: string, until: number): void {
    if (value.length < SHORTEST_SECRET) return;
    const secret = value.slice(0, LONGEST_SECRET).toWellFormed();
    const before = known.get(secret);
    known.delete(secret);
    known.set(secret, Math.max(before ?? 0, until));
    if (before === undefined) {
      const grams = gramsOf(secret);
      for (const gram of grams) sieve.add(gram);
      pieces += grams.length;
    }
    forget();
  }

  function forget(): void {
    for (const [secret, until] of known) {
      if (until === Number.POSITIVE_INFINITY) continue;
      if (until > clock.now() && pieces <= mostPieces) return;
      known.delete(secret);
      const grams = gramsOf(secret);
      for (const gram of grams) sieve.remove(gram);
      pieces -= grams.length;
    }
  }

  const note = (secret: string) => add(secret, clock.now() + KNOWN_MS);

  function learn(sealed: JsonValue): void {
    if (typeof sealed === 'string') note(sealed);
    else if (Array.isArray(sealed)) sealed.forEach(learn);
    else if (sealed !== null && typeof sealed === 'object') {
      for (const [name, member] of Object.entries(sealed)) if (!openNames.has(name)) learn(member);
    }
  }

  return {
    note,
    keep: (secret) => add(secret, Number.POSITIVE_INFINITY),
    learn,
    redact: (text) => redact(sieve, text),
  };
}

const JSON_LIKE = /^\s*[[{"]/;
const JSON_TEXT = /"[^"\\]*(?:\\[^][^"\\]*)*"/g;

/** In JSON each text is freed for itself and written anew; what is left over, and any other text, is cut as it stands. */
function redact(sieve: Sieve, text: string): string {
  const found = sieve.find(text);
  if (found.length === 0) return text;
  if (!JSON_LIKE.test(text)) return cut(text, found);
  let next = 0;
  const whole = text.replaceAll(JSON_TEXT, (literal, at: number) => {
    while ((found[next]?.to ?? Number.POSITIVE_INFINITY) <= at) next += 1;
    if ((found[next]?.from ?? Number.POSITIVE_INFINITY) >= at + literal.length) return literal;
    const said = parsed(literal);
    const freed = said === undefined ? undefined : redact(sieve, said);
    return freed === undefined || freed === said ? literal : JSON.stringify(freed);
  });
  return cut(whole, sieve.find(whole));
}

function parsed(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

function cut(text: string, ranges: readonly Range[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const range of ranges) {
    parts.push(text.slice(from, range.from), REDACTED);
    from = range.to;
  }
  return [...parts, text.slice(from)].join('');
}
