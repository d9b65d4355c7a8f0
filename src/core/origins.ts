/** Where a document's values come from and go to, as the mapping itself says it: pairs of paths, packed for the trail. */

import { formatMoney } from './money.ts';

/** Paths such as "lines[0].unitPrice": in the canonical document, and in the other system's record. */
export type Origin = readonly [field: string, path: string];

/** Pairs that differ in their first index only: `runs` are [index of the field, index of the path, how many]. */
export type PackedOrigin = { field: string; path: string; runs?: [number, number, number][] };

const INDEX = /\[(\d+)\]/;
const PLACE = '[#]';

export type Leaf = { path: string; value: string };

/** Grows with the number of different fields, not with the number of lines. */
export function packOrigins(origins: readonly Origin[]): PackedOrigin[] {
  const packed = new Map<string, PackedOrigin>();
  for (const [field, path] of origins) {
    const [at, there] = [indexOf(field), indexOf(path)];
    if (at === undefined || there === undefined) {
      packed.set(`${field}\n${path}`, { field, path });
      continue;
    }
    const pattern = { field: field.replace(INDEX, PLACE), path: path.replace(INDEX, PLACE) };
    const key = `${pattern.field}\n${pattern.path}`;
    const known = packed.get(key) ?? { ...pattern, runs: [] };
    packed.set(key, known);
    const last = known.runs?.at(-1);
    if (last && last[0] + last[2] === at && last[1] + last[2] === there) last[2] += 1;
    else known.runs?.push([at, there, 1]);
  }
  return [...packed.values()];
}

/** For a trail entry; nothing where the connector does not say. */
export function toldOrigins(origins: readonly Origin[] | undefined): { origins?: PackedOrigin[] } {
  return origins === undefined ? {} : { origins: packOrigins(origins) };
}

export function unpackOrigins(packed: readonly PackedOrigin[]): Origin[] {
  return packed.flatMap(({ field, path, runs }): Origin[] => {
    if (runs === undefined) return [[field, path]];
    return runs.flatMap(([at, there, count]) =>
      Array.from(
        { length: count },
        (_, step): Origin => [
          field.replace(PLACE, `[${at + step}]`),
          path.replace(PLACE, `[${there + step}]`),
        ],
      ),
    );
  });
}

function indexOf(path: string): number | undefined {
  const [, index] = INDEX.exec(path) ?? [];
  return index === undefined ? undefined : Number.parseInt(index, 10);
}

/** Undefined where nothing stands there. */
export function valueAt(record: unknown, path: string): string | undefined {
  let at = record;
  for (const step of path.split(/[.[\]]+/)) {
    if (step === '') continue;
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = Reflect.get(at, step);
  }
  return at === null || at === undefined || at === '' || typeof at === 'object'
    ? undefined
    : `${at as string | number | boolean}`;
}

/** Every value of a canonical document as its trail has it, with its path; amounts as decimal text, what is empty left out. */
export function leavesOf(value: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (inner: unknown, path: string): void => {
    if (inner === null || inner === undefined || inner === '') return;
    if (typeof inner !== 'object') {
      leaves.push({ path, value: `${inner as string | number | boolean}` });
      return;
    }
    const { amountMinor, currency } = inner as { amountMinor?: unknown; currency?: unknown };
    if (typeof amountMinor === 'string' && typeof currency === 'string') {
      leaves.push({ path, value: formatMoney({ amountMinor: BigInt(amountMinor), currency }) });
      return;
    }
    for (const [name, member] of Object.entries(inner))
      visit(member, Array.isArray(inner) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`);
  };
  visit(value, '');
  return leaves;
}
