/** Where a record's values came from and where they went: found by comparing the three forms it had, not told by a mapping. */

type Leaf = { path: string; value: string };
export type TracedField = { field: string; value: string; source: Leaf | null; destination: Leaf | null };

/** `canonical` is our common form; amounts in it are `{ amountMinor, currency }` and are shown as decimal text. */
export function traceFields(
  forms: { source: unknown; canonical: unknown; destination: unknown },
  toAmountText: (money: { amountMinor: string; currency: string }) => string,
): TracedField[] {
  const [source, destination] = [leavesOf(forms.source), leavesOf(forms.destination)];
  return leavesOf(forms.canonical, toAmountText).map(({ path, value }) => ({
    field: path,
    value,
    source: bestMatch(path, value, source),
    destination: bestMatch(path, value, destination),
  }));
}

function leavesOf(
  value: unknown,
  toAmountText?: (money: { amountMinor: string; currency: string }) => string,
  path = '',
): Leaf[] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value !== 'object') return [{ path, value: `${value as string | number | boolean}` }];
  const { amountMinor, currency } = value as { amountMinor?: unknown; currency?: unknown };
  if (toAmountText && typeof amountMinor === 'string' && typeof currency === 'string')
    return [{ path, value: toAmountText({ amountMinor, currency }) }];
  return Object.entries(value).flatMap(([name, inner]) => {
    const step = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    return leavesOf(inner, toAmountText, step);
  });
}

/** Of the leaves with the same value, the one whose place in lists and whose name are most alike. */
function bestMatch(path: string, value: string, leaves: readonly Leaf[]): Leaf | null {
  const wanted = normalised(value);
  const same = leaves.filter((leaf) => normalised(leaf.value) === wanted);
  // A bare 0, 1, true or currency code stands in many places: without a like name it says nothing.
  const telling = value.length > 3 && !/^(true|false|[01]\.0+)$/.test(value);
  const ranked = same
    .map((leaf) => ({ leaf, rank: likeness(path, leaf.path) }))
    .filter(({ rank }) => telling || rank > 0)
    .toSorted((a, b) => b.rank - a.rank || a.leaf.path.length - b.leaf.path.length);
  return ranked[0]?.leaf ?? null;
}

/** "1250.00", "1250.0" and "1250" are one value; so are words in other cases. */
function normalised(value: string): string {
  const plain = value.trim().toLowerCase();
  return /^-?\d+\.\d+$/.test(plain) ? plain.replace(/\.?0+$/, '') : plain;
}

function likeness(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const common = left.filter((word) =>
    right.some((other) => other.startsWith(word) || word.startsWith(other)),
  );
  const samePlace = indexOf(a) === indexOf(b) ? 1 : -1;
  return common.length * 2 + samePlace - (common.length === 0 ? 2 : 0);
}

/** "lines[0].unitPrice" -> line, unit, price */
function wordsOf(path: string): string[] {
  return path
    .replaceAll(/\[\d+\]/g, ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length > 1)
    .map((word) => word.replace(/s$/, ''));
}

function indexOf(path: string): string {
  return /\[(\d+)\]/.exec(path)?.[1] ?? '';
}
