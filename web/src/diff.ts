/** Compares two states of a record, place by place. */

export type Change = { path: string; before: string | undefined; after: string | undefined };

function leavesOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value as string | null)]]);
  return new Map(
    Object.entries(value).flatMap(([name, inner]) => {
      const step = Array.isArray(value) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
      return [...leavesOf(inner, step)];
    }),
  );
}

export function diffOf(before: unknown, after: unknown): Change[] {
  const [old, fresh] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((path) => old.get(path) !== fresh.get(path))
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }));
}
