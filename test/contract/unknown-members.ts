/** Members of a value that no branch of its schema names: typos that an open schema would let pass. */

export type Schema = {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
};

type Document = { components: { schemas: Record<string, Schema> } };

export function listUnknownMembers(document: Document, schema: Schema, value: unknown, at = ''): string[] {
  if (Array.isArray(value)) {
    const items = branches(document, schema).flatMap((one) => (one.items ? [one.items] : []));
    if (items.length === 0) return [];
    return value.flatMap((member, index) =>
      listUnknownMembers(document, { anyOf: items }, member, `${at}/${index}`),
    );
  }
  if (value === null || typeof value !== 'object') return [];
  const all = branches(document, schema);
  const isOpen = all.every((one) => one.properties === undefined);
  if (isOpen || all.some((one) => one.additionalProperties)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const described = all.flatMap((one) => {
      const property = one.properties?.[name];
      return property === undefined ? [] : [property];
    });
    if (described.length > 0)
      return listUnknownMembers(document, { anyOf: described }, member, `${at}/${name}`);
    return name.endsWith('__c') ? [] : [`${at}/${name}`];
  });
}

/** The schema with everything it is composed of. */
function branches(document: Document, schema: Schema, seen: ReadonlySet<string> = new Set()): Schema[] {
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    if (target === undefined || seen.has(schema.$ref)) return [];
    // Open for the tenant's own "…__c" fields only, which are let through by their name.
    const { additionalProperties: _, ...closed } = target;
    const isForOwnFields = schema.$ref.endsWith('CustomFields');
    return branches(document, isForOwnFields ? closed : target, new Set([...seen, schema.$ref]));
  }
  const parts = [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  return [schema, ...parts.flatMap((part) => branches(document, part, seen))];
}
