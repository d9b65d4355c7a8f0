/** Where a record's values came from and where they went, as the mapping recorded it; nothing is guessed. */
import { type Leaf, leavesBetween, originFinder, type PackedOrigin, valueAt } from '../core/origins.ts';

export type TracedField = { field: string; value: string; source: Leaf | null; destination: Leaf | null };

/** A record of another system, and where each value stands in it; `origins` are undefined where no mapping recorded them. */
export type Form = { record: unknown; origins: readonly PackedOrigin[] | undefined };

/**
 * So many values of the common form from the one on that is asked for, and how many come after them. Amounts are
 * `{ amountMinor, currency }` in it and are shown as decimal text.
 */
export function traceFields(
  forms: { source: Form; canonical: unknown; destination: Form },
  { from, most }: { from: number; most: number },
): { fields: TracedField[]; left: number } {
  const [source, destination] = [placesIn(forms.source), placesIn(forms.destination)];
  const { leaves, left } = leavesBetween(forms.canonical, from, from + most);
  const fields = leaves.map(({ path, value }) => ({
    field: path,
    value,
    source: source(path),
    destination: destination(path),
  }));
  return { fields, left };
}

function placesIn({ record, origins = [] }: Form): (field: string) => Leaf | null {
  const pathOf = originFinder(origins);
  return (field) => {
    const path = pathOf(field);
    if (path === undefined) return null;
    const value = valueAt(record, path);
    return value === undefined ? null : { path, value };
  };
}
