/** Short words for the schemas of zuora-calls.ts. An object is closed: whatever it does not name is a violation. */
import type { Schema } from './unknown-members.ts';

type Members = Record<string, Schema>;

export const text = (maxLength: number): Schema => ({ type: 'string', maxLength });
/** A text that is never empty. */
export const some = (maxLength: number): Schema => ({ type: 'string', minLength: 1, maxLength });
export const matching = (pattern: RegExp): Schema => ({ type: 'string', pattern: pattern.source });
export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });
export const only = (value: boolean): Schema => ({ type: 'boolean', enum: [value] });
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const either = (...schemas: Schema[]): Schema => ({ anyOf: schemas });
export const list = (items: Schema, limits: Pick<Schema, 'minItems' | 'maxItems'> = {}): Schema => ({
  type: 'array',
  items,
  ...limits,
});

/** All of these members. */
export const whole = (properties: Members, more: Schema = {}): Schema =>
  members(Object.keys(properties), properties, more);
/** All of the first members, and perhaps some of the second. */
export const partly = (required: Members, optional: Members, more: Schema = {}): Schema =>
  members(Object.keys(required), { ...required, ...optional }, more);
/** Exactly one of these members, which stand among the object's own. */
export const exactlyOneOf = (...names: readonly string[]): Schema => ({
  oneOf: names.map((name) => ({ required: [name] })),
});
export const atLeastOneOf = (...names: readonly string[]): Schema => ({
  anyOf: names.map((name) => ({ required: [name] })),
});

function members(required: readonly string[], properties: Members, more: Schema): Schema {
  return { type: 'object', required, properties, ...more };
}

/** Thirty-two hexadecimal digits (facts/zuora.md, section 8). */
export const id = matching(/^[0-9a-f]{32}$/);
/** At most 32 letters, digits, hyphens and underscores (section 6); ids have this form, too. */
export const documentKey = matching(/^[A-Za-z0-9_-]{1,32}$/);
export const accountKey = some(70);
export const currency = matching(/^[A-Z]{3}$/);
export const flag: Schema = { type: 'boolean' };
/** Amounts are JSON numbers, in requests and in answers … */
export const amount: Schema = { type: 'number' };
export const positive: Schema = { type: 'number', exclusiveMinimum: 0 };
export const negative: Schema = { type: 'number', exclusiveMaximum: 0 };
/** … but in some places amounts, quantities and rates are texts. */
export const figureText = matching(/^-?\d+(\.\d+)?$/);
export const count: Schema = { type: 'integer', minimum: 0 };
export const day: Schema = { type: 'string', format: 'date' };
/** A v1 time: the tenant's zone, without an offset (section 8). */
export const localTime = matching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
/** A time of Object Query has one. */
export const offsetTime = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
export const success = { success: only(true) };
/** Any: which one it is, is nobody's concern here. */
export const textOrNull: Schema = { type: ['string', 'null'] };
/** The tenant's own fields may be here, too: texts, or empty. */
export const ownFields: Schema = {
  'x-own-fields': true,
  patternProperties: { __c$: orNull(text(255)) },
};
