/** Finds the pieces of written secrets in texts: one pass over each layer of escapes, however many secrets there are. */
import { type Alphabet, fold, type Gram } from './secret-forms.ts';
import { unescapeOnce } from './unescape.ts';

/** From the first character to before the last, as in `slice`. */
export type Range = { from: number; to: number };

export interface Sieve {
  add(gram: Gram): void;
  remove(gram: Gram): void;
  /** Where pieces stand, in order and without overlaps. */
  find(text: string): Range[];
}

/** JSON in JSON in a form: so deep are escapes looked through. */
const LAYERS = 4;
const RUNS: Readonly<Record<Exclude<Alphabet, 'any'>, RegExp>> = {
  base64: /[A-Za-z0-9+/_-]{10,}/g,
  hex: /[0-9A-Fa-f]{11,}/g,
};
const FILTER_BITS = 20;
const FULL = 255;
const BASE = 0x01_00_01_93;

/** All pieces of one alphabet and length. Few texts pass the filter, which is a count for each hash. */
type Net = { gram: Omit<Gram, 'text'>; length: number; pieces: Map<string, number>; filter: Uint8Array };

export function createSieve(): Sieve {
  const nets = new Map<string, Net>();

  function netFor({ alphabet, text }: Gram): Net {
    const key = `${alphabet} ${text.length}`;
    const net = nets.get(key) ?? {
      gram: { alphabet },
      length: text.length,
      pieces: new Map<string, number>(),
      filter: new Uint8Array(2 ** FILTER_BITS),
    };
    nets.set(key, net);
    return net;
  }

  return {
    add(gram) {
      const { pieces, filter } = netFor(gram);
      const count = pieces.get(gram.text) ?? 0;
      pieces.set(gram.text, count + 1);
      const place = placeOf(gram.text);
      if (count === 0 && (filter[place] ?? 0) < FULL) filter[place] = (filter[place] ?? 0) + 1;
    },
    remove(gram) {
      const { pieces, filter } = netFor(gram);
      const count = pieces.get(gram.text) ?? 0;
      if (count > 1) return void pieces.set(gram.text, count - 1);
      pieces.delete(gram.text);
      const place = placeOf(gram.text);
      // A full count is not known any more: it stays, and lets a little too much through to the second look.
      if (count === 1 && (filter[place] ?? 0) < FULL) filter[place] = (filter[place] ?? 1) - 1;
    },
    find(text) {
      // Layers only get shorter: what is too short for a piece now stays so.
      const used = [...nets.values()].filter(
        ({ pieces, length }) => pieces.size > 0 && length <= text.length,
      );
      if (used.length === 0) return [];
      const found: Range[] = [];
      let layer = text;
      let starts: Uint32Array | undefined;
      for (let depth = 0; ; depth += 1) {
        for (const net of used) {
          for (const { from, to } of findIn(net, layer)) {
            found.push({ from: starts?.[from] ?? from, to: starts?.[to] ?? to });
          }
        }
        const under = depth < LAYERS ? unescapeOnce(layer) : undefined;
        if (!under) return joined(found);
        const above = starts;
        if (above)
          for (let i = 0; i < under.starts.length; i += 1) under.starts[i] = above[under.starts[i] ?? 0] ?? 0;
        ({ text: layer, starts } = under);
      }
    },
  };
}

function findIn(net: Net, text: string): Range[] {
  const { alphabet } = net.gram;
  if (alphabet === 'any') return scan(net, fold(text, alphabet), 0);
  const found: Range[] = [];
  for (const { 0: run, index } of text.matchAll(RUNS[alphabet])) {
    const ranges = scan(net, fold(run, alphabet), index);
    if (ranges.length > 0) found.push(...ranges);
  }
  return found;
}

/** `text` begins at `offset`. The hash rolls: one character comes in, one goes out. */
function scan({ length, pieces, filter }: Net, text: string, offset: number): Range[] {
  const found: Range[] = [];
  const leaving = power(length);
  let last: Range | undefined;
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) {
    hash = (Math.imul(hash, BASE) + text.charCodeAt(i)) | 0;
    if (i >= length) hash = (hash - Math.imul(leaving, text.charCodeAt(i - length))) | 0;
    if (i < length - 1 || filter[mix(hash)] === 0) continue;
    const from = i + 1 - length;
    if (!pieces.has(text.slice(from, i + 1))) continue;
    if (last && from + offset <= last.to) last.to = i + 1 + offset;
    else found.push((last = { from: from + offset, to: i + 1 + offset }));
  }
  return found;
}

function placeOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(hash, BASE) + text.charCodeAt(i)) | 0;
  return mix(hash);
}

function mix(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d) >>> (32 - FILTER_BITS);
}

function power(exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i += 1) result = Math.imul(result, BASE);
  return result;
}

function joined(ranges: Range[]): Range[] {
  const result: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && range.from <= last.to) last.to = Math.max(last.to, range.to);
    else result.push({ ...range });
  }
  return result;
}
