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

/** In JSON each text is freed for itself and written anew; what is left over, and any other text, is cut as it stands. */
function redact(sieve: Sieve, text: string): string {
  const found = sieve.find(text);
  if (found.length === 0) return text;
  if (!JSON_LIKE.test(text)) return cut(text, found);
  const parts: string[] = [];
  let [next, told] = [0, 0];
  for (const { from, to } of textsIn(text)) {
    while ((found[next]?.to ?? Number.POSITIVE_INFINITY) <= from) next += 1;
    if ((found[next]?.from ?? Number.POSITIVE_INFINITY) >= to) continue;
    const said = parsed(text.slice(from, to));
    const freed = said === undefined ? undefined : redact(sieve, said);
    if (freed === undefined || freed === said) continue;
    parts.push(text.slice(told, from), JSON.stringify(freed));
    told = to;
  }
  const whole = [...parts, text.slice(told)].join('');
  return cut(whole, sieve.find(whole));
}

/** From quote to quote. Each character is looked at once: an expression would try anew from every quote of one that is never closed. */
function* textsIn(json: string): Generator<Range> {
  for (let from = json.indexOf('"'); from !== -1; ) {
    let to = from + 1;
    while (to < json.length && json[to] !== '"') to += json[to] === '\\' ? 2 : 1;
    if (to >= json.length) return;
    yield { from, to: to + 1 };
    from = json.indexOf('"', to + 1);
  }
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
