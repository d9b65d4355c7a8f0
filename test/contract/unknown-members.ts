/** Members of a value that no branch of its schema names: typos that an open schema would let pass. */

export type Schema = {
  $ref?: string;
  type?: string | readonly string[];
  enum?: readonly unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  minProperties?: number;
  maxProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  not?: Schema;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  /** A word of ours: the tenant's own fields ("…__c") may be here. */
  'x-own-fields'?: boolean;
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
  const hasOwnFields = all.some((one) => one['x-own-fields']);
  return Object.entries(value).flatMap(([name, member]) => {
    const described = all.flatMap((one) => {
      const property = one.properties?.[name];
      return property === undefined ? [] : [property];
    });
    if (described.length > 0)
      return listUnknownMembers(document, { anyOf: described }, member, `${at}/${name}`);
    return hasOwnFields && name.endsWith('__c') ? [] : [`${at}/${name}`];
  });
}

/** The schema with everything it is composed of. */
export function branches(
  document: Document,
  schema: Schema,
  seen: ReadonlySet<string> = new Set(),
): Schema[] {
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    if (target === undefined || seen.has(schema.$ref)) return [];
    // The official document opens such objects for anything; meant are the tenant's own fields.
    const { additionalProperties: _, ...closed } = target;
    const shown = schema.$ref.endsWith('CustomFields') ? { ...closed, 'x-own-fields': true } : target;
    return branches(document, shown, new Set([...seen, schema.$ref]));
  }
  const parts = [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  return [schema, ...parts.flatMap((part) => branches(document, part, seen))];
}
