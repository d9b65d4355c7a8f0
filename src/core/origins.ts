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

/** Where a field's value came from or went to, looked up in the packed form. */
export function originFinder(packed: readonly PackedOrigin[]): (field: string) => string | undefined {
  const byField = Map.groupBy(packed.toReversed(), ({ field }) => field);
  return (field) => {
    const single = byField.get(field)?.find(({ runs }) => runs === undefined);
    if (single) return single.path;
    const at = indexOf(field);
    if (at === undefined) return undefined;
    for (const { path, runs = [] } of byField.get(field.replace(INDEX, PLACE)) ?? []) {
      const run = runs.findLast(([first, , count]) => at >= first && at < first + count);
      if (run) return path.replace(PLACE, `[${run[1] + at - run[0]}]`);
    }
    return undefined;
  };
}

/** Every value of a canonical document as its trail has it, with its path; amounts as decimal text, what is empty left out. */
export function leavesOf(value: unknown): Leaf[] {
  return leavesBetween(value, 0, Number.POSITIVE_INFINITY).leaves;
}

/** Those from the `from`th to before the `to`th; `left` is how many come after them, which are only counted. */
export function leavesBetween(value: unknown, from: number, to: number): { leaves: Leaf[]; left: number } {
  const leaves: Leaf[] = [];
  let count = 0;
  /** A path is written only where it is shown. */
  const keep = (steps: readonly Step[], text: () => string) => {
    if (count >= from && count < to) leaves.push({ path: toPath(steps), value: text() });
    count += 1;
  };
  const steps: Step[] = [];
  const visit = (inner: unknown): void => {
    if (inner === null || inner === undefined || inner === '') return;
    if (typeof inner !== 'object') return keep(steps, () => `${inner as string | number | boolean}`);
    const { amountMinor, currency } = inner as { amountMinor?: unknown; currency?: unknown };
    if (typeof amountMinor === 'string' && typeof currency === 'string')
      return keep(steps, () => formatMoney({ amountMinor: BigInt(amountMinor), currency }));
    for (const name of Object.keys(inner)) {
      steps.push(Array.isArray(inner) ? { index: name } : { member: name });
      visit(Reflect.get(inner, name));
      steps.pop();
    }
  };
  visit(value);
  return { leaves, left: Math.max(0, count - Math.max(from, Math.min(to, count))) };
}

type Step = { member: string } | { index: string };

function toPath(steps: readonly Step[]): string {
  return steps.reduce((path, step) => {
    if ('index' in step) return `${path}[${step.index}]`;
    return path === '' ? step.member : `${path}.${step.member}`;
  }, '');
}
