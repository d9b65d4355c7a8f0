/** Where a record's values came from and where they went, as the mapping recorded it; nothing is guessed. */
import { type Leaf, leavesOf, type PackedOrigin, unpackOrigins, valueAt } from '../core/origins.ts';

export type TracedField = { field: string; value: string; source: Leaf | null; destination: Leaf | null };

/** A record of another system, and where each value stands in it; `origins` are undefined where no mapping recorded them. */
export type Form = { record: unknown; origins: readonly PackedOrigin[] | undefined };

/** `canonical` is our common form; amounts in it are `{ amountMinor, currency }` and are shown as decimal text. */
export function traceFields(forms: { source: Form; canonical: unknown; destination: Form }): TracedField[] {
  const [source, destination] = [placesIn(forms.source), placesIn(forms.destination)];
  return leavesOf(forms.canonical).map(({ path, value }) => ({
    field: path,
    value,
    source: source(path),
    destination: destination(path),
  }));
}

function placesIn({ record, origins = [] }: Form): (field: string) => Leaf | null {
  const paths = new Map(unpackOrigins(origins));
  return (field) => {
    const path = paths.get(field);
    if (path === undefined) return null;
    const value = valueAt(record, path);
    return value === undefined ? null : { path, value };
  };
}
