/** Where a record's values came from and where they went: found by comparing the three forms it had, not told by a mapping. */

type Leaf = { path: string; value: string };
export type TracedField = { field: string; value: string; source: Leaf | null; destination: Leaf | null };

/** `canonical` is our common form; amounts in it are `{ amountMinor, currency }` and are shown as decimal text. */
export function traceFields(
  forms: { source: unknown; canonical: unknown; destination: unknown },
  toAmountText: (money: { amountMinor: string; currency: string }) => string,
): TracedField[] {
  const fields = leavesOf(forms.canonical, toAmountText);
  const [source, destination] = [
    matchesOf(fields, leavesOf(forms.source)),
    matchesOf(fields, leavesOf(forms.destination)),
  ];
  return fields.map(({ path, value }) => ({
    field: path,
    value,
    source: source.get(path) ?? null,
    destination: destination.get(path) ?? null,
  }));
}

/** First those that also have a like name; of what is left, the one with the same value, if there is only one. */
function matchesOf(fields: readonly Leaf[], leaves: readonly Leaf[]): Map<string, Leaf> {
  const matches = new Map<string, Leaf>();
  const withValueOf = ({ path, value }: Leaf) =>
    leaves.filter(
      (leaf) => normalised(leaf.value) === normalised(value) && indexOf(leaf.path) === indexOf(path),
    );
  for (const field of fields) {
    const alike = withValueOf(field)
      .map((leaf) => ({ leaf, common: commonWords(field.path, leaf.path) }))
      .filter(({ common }) => common > 0)
      .toSorted((a, b) => b.common - a.common || a.leaf.path.length - b.leaf.path.length);
    if (alike[0]) matches.set(field.path, alike[0].leaf);
  }
  const claimed = new Set(matches.values());
  for (const field of fields) {
    const [only, ...others] = withValueOf(field).filter((leaf) => !claimed.has(leaf));
    if (!matches.has(field.path) && only && others.length === 0 && tellsSomething(field.value))
      matches.set(field.path, only);
  }
  return matches;
}

/** A bare 0, 1, true or currency code stands in many places by chance. */
function tellsSomething(value: string): boolean {
  return value.length > 3 && !/^(true|false|[01]\.0+)$/.test(value);
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

/** "1250.00", "1250.0" and "1250" are one value; so are words in other cases. */
function normalised(value: string): string {
  const plain = value.trim().toLowerCase();
  return /^-?\d+\.\d+$/.test(plain) ? plain.replace(/\.?0+$/, '') : plain;
}

function commonWords(a: string, b: string): number {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  return left.filter((word) => right.some((other) => other.startsWith(word) || word.startsWith(other)))
    .length;
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

/** Which line of a list it is in. */
function indexOf(path: string): string {
  return /\[(\d+)\]/.exec(path)?.[1] ?? '';
}
