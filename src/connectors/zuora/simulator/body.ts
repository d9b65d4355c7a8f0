/** Strict reading of request bodies: unknown fields, missing fields and bad values become refusals by category. */
import { isLosslessNumber, parse } from 'lossless-json';
import { Exact } from '../../../core/money.ts';
import { type Category, codeOf, type Reason, Refusal, type Resource, refuse } from './refusal.ts';

export type Field =
  | { kind: 'text'; max: number; values?: readonly string[]; pattern?: RegExp; required?: true }
  | { kind: 'date' | 'date-time' | 'decimal' | 'integer' | 'flag' | 'texts'; required?: true }
  | { kind: 'object'; spec: Spec; required?: true }
  | { kind: 'list'; spec: Spec; max: number; required?: true };

export type Spec = { readonly [name: string]: Field };

export const text = (max: number): Field => ({ kind: 'text', max });
export const oneOf = (...values: string[]): Field => ({ kind: 'text', max: 255, values });
export const matching = (pattern: RegExp, max: number): Field => ({ kind: 'text', max, pattern });
export const object = (spec: Spec): Field => ({ kind: 'object', spec });
export const list = (spec: Spec, max: number): Field => ({ kind: 'list', spec, max });
export const date: Field = { kind: 'date' };
export const dateTime: Field = { kind: 'date-time' };
export const decimal: Field = { kind: 'decimal' };
export const integer: Field = { kind: 'integer' };
export const flag: Field = { kind: 'flag' };
export const texts: Field = { kind: 'texts' };
export const required = (field: Field): Field => ({ ...field, required: true });

type Value = string | boolean | Exact | readonly string[] | Body | readonly Body[];

/** A validated body; reading a name by the wrong kind is a programmer error. */
export class Body {
  readonly #values: ReadonlyMap<string, Value>;
  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values;
  }
  has(name: string): boolean {
    return this.#values.has(name);
  }
  names(): string[] {
    return [...this.#values.keys()];
  }
  text(name: string): string | undefined {
    return this.#read(name, (value) => typeof value === 'string');
  }
  flag(name: string): boolean | undefined {
    return this.#read(name, (value) => typeof value === 'boolean');
  }
  decimal(name: string): Exact | undefined {
    return this.#read(name, (value): value is Exact => value instanceof Exact);
  }
  object(name: string): Body | undefined {
    return this.#read(name, (value) => value instanceof Body);
  }
  list(name: string): readonly Body[] {
    return (
      this.#read(
        name,
        (value): value is Body[] => Array.isArray(value) && value.every((m) => m instanceof Body),
      ) ?? []
    );
  }
  texts(name: string): readonly string[] | undefined {
    return this.#read(
      name,
      (value): value is string[] => Array.isArray(value) && value.every((m) => typeof m === 'string'),
    );
  }
  /** The plain text members, for objects that are kept as they came. */
  allTexts(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const [name, value] of this.#values) if (typeof value === 'string') found[name] = value;
    return found;
  }
  /** A member that the spec marks as required. */
  mustText(name: string): string {
    return present(this.text(name), name);
  }
  mustDecimal(name: string): Exact {
    return present(this.decimal(name), name);
  }
  #read<T extends Value>(name: string, is: (value: Value) => value is T): T | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (!is(value)) throw new TypeError(`body member ${name} read by the wrong kind`);
    return value;
  }
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`body member ${name} is not required by its spec`);
  return value;
}

/** Text to JSON with numbers kept as text; malformed JSON is category 90. */
export function parseJson(raw: string): unknown {
  try {
    return parse(raw);
  } catch {
    throw refuse('unknown', 'malformed', 'The JSON in the request body is malformed.');
  }
}

/** Reads `raw` by `spec`; `customFields` are the tenant's own `…__c` fields. Throws Refusal with every problem found. */
export function readBody(
  raw: unknown,
  spec: Spec,
  resource: Resource,
  customFields?: ReadonlySet<string>,
): Body {
  const reasons: Reason[] = [];
  const body = readObject(raw, spec, {
    path: '',
    customFields: customFields ?? new Set(),
    report: (category, message) => reasons.push({ code: codeOf(resource, category), message }),
  });
  if (reasons.length > 0 || body === undefined) throw new Refusal(reasons);
  return body;
}

type Reading = {
  path: string;
  customFields: ReadonlySet<string>;
  report: (category: Category, message: string) => void;
};

export function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !isLosslessNumber(raw);
}

function readObject(raw: unknown, spec: Spec, reading: Reading): Body | undefined {
  const { path, report, customFields } = reading;
  if (!isRecord(raw)) {
    report('badValue', `${path === '' ? 'The request body' : `'${path}'`} must be an object.`);
    return undefined;
  }
  const values = new Map<string, Value>();
  for (const [name, member] of Object.entries(raw)) {
    const field = Object.hasOwn(spec, name) ? spec[name] : customFields.has(name) ? text(255) : undefined;
    const at = path === '' ? name : `${path}.${name}`;
    if (field === undefined) {
      report('unknownField', `Error - unrecognised field: '${at}'.`);
      continue;
    }
    const value = readMember(member, field, { ...reading, path: at });
    if (value !== undefined) values.set(name, value);
  }
  for (const [name, field] of Object.entries(spec)) {
    if (field.required === undefined || !isBlank(raw[name])) continue;
    report('missingField', `'${path === '' ? name : `${path}.${name}`}' is required.`);
  }
  return new Body(values);
}

const isBlank = (raw: unknown) => raw === undefined || raw === null || raw === '';
const NUMBER_TEXT = /^-?\d+(\.\d+)?([eE][+-]?\d{1,2})?$/;
const OUTSIDE_BASIC_PLANE = /[\u{10000}-\u{10ffff}]/u;

function readMember(raw: unknown, field: Field, reading: Reading): Value | undefined {
  const bad = (what: string) => {
    reading.report('badValue', `'${reading.path}' ${what}`);
    return undefined;
  };
  if (raw === null) return field.kind === 'text' ? '' : undefined;
  switch (field.kind) {
    case 'text':
      return readText(raw, field, bad);
    case 'date':
      return typeof raw === 'string' && isDate(raw) ? raw : bad('must be a date in the format yyyy-mm-dd.');
    case 'date-time':
      return typeof raw === 'string' && isDate(raw.slice(0, 10)) ? raw : bad('must be a date and time.');
    case 'flag':
      return typeof raw === 'boolean' ? raw : bad('must be true or false.');
    case 'decimal':
    case 'integer': {
      const digits = isLosslessNumber(raw) ? raw.toString() : raw;
      if (typeof digits !== 'string' || !NUMBER_TEXT.test(digits)) return bad('must be a number.');
      const value = new Exact(digits);
      return field.kind === 'integer' && !value.isInteger() ? bad('must be a whole number.') : value;
    }
    case 'texts':
      return Array.isArray(raw) && raw.every((member) => typeof member === 'string')
        ? raw
        : bad('must be a list of texts.');
    case 'object':
      return readObject(raw, field.spec, reading);
    case 'list': {
      if (!Array.isArray(raw)) return bad('must be a list.');
      if (raw.length > field.max) return bad(`has more than ${field.max} members.`);
      return raw
        .map((member, index) =>
          readObject(member, field.spec, { ...reading, path: `${reading.path}[${index}]` }),
        )
        .filter((member) => member !== undefined);
    }
  }
}

function readText(
  raw: unknown,
  field: Field & { kind: 'text' },
  bad: (what: string) => undefined,
): string | undefined {
  if (typeof raw !== 'string') return bad('must be a text.');
  if (raw.length > field.max) return bad(`is longer than ${field.max} characters.`);
  if (field.values !== undefined && !field.values.includes(raw)) {
    return bad(`must be one of ${field.values.join(', ')}.`);
  }
  if (field.pattern !== undefined && !field.pattern.test(raw))
    return bad('holds characters that are not allowed.');
  if (OUTSIDE_BASIC_PLANE.test(raw)) return bad('holds a character that is not supported.');
  return raw;
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(raw: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(raw);
  if (match === null) return false;
  const [year, month, day] = [
    parseInt(match[1] ?? '', 10),
    parseInt(match[2] ?? '', 10),
    parseInt(match[3] ?? '', 10),
  ];
  if (year < 1900 || day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month !== 2 || day < 29 || isLeap;
}
