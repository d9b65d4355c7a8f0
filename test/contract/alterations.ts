/** Single changes of a JSON value that make it wrong: what a strict schema has to see, each by itself. */

export type Alteration = { kind: 'unknown' | 'type' | 'missing'; at: string; value: unknown };

const UNKNOWN = 'nobodyNamedThis';

/** Every object gets a member too many, every scalar another type, and every member is left out once. */
export function alterationsOf(value: unknown, at = ''): Alteration[] {
  if (Array.isArray(value)) {
    return value.flatMap((member, index) =>
      alterationsOf(member, `${at}/${index}`).map((one) => ({ ...one, value: value.with(index, one.value) })),
    );
  }
  if (value === null || typeof value !== 'object') return [{ kind: 'type', at, value: otherType(value) }];
  const inside = Object.entries(value).flatMap(([name, member]): Alteration[] => {
    const { [name]: _, ...rest } = Object.fromEntries(Object.entries(value));
    const altered = alterationsOf(member, `${at}/${name}`).map((one) => ({
      ...one,
      value: { ...value, [name]: one.value },
    }));
    return [...altered, { kind: 'missing', at: `${at}/${name}`, value: rest }];
  });
  return [...inside, { kind: 'unknown', at: `${at}/${UNKNOWN}`, value: { ...value, [UNKNOWN]: 1 } }];
}

function otherType(value: unknown): unknown {
  return typeof value === 'string' ? 7 : { was: value };
}
