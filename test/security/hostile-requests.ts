/** Requests that nobody should send: true ones with one place spoiled, broken text, odd types of content, queries and paths. */
import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What the OpenAPI document says of a value; only what is needed to make one. */
export type Schema = {
  type?: string;
  format?: string;
  enum?: Json[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
  minLength?: number;
};

export type HostileBody = { text: string | Buffer; type: string | undefined };

const LONG = 'x'.repeat(70_000);
const ID = '01938f3a-0000-7000-8000-00000000000f';

const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '\uffff\ufffe',
  '\u202eevil\u202c',
  'é'.normalize('NFD'),
  '👩‍👩‍👧‍👦'.repeat(20),
  'İıſK',
  '\r\nset-cookie: a=b',
  '\u001b[2J',
  LONG,
  'NaN',
  'Infinity',
  '-0',
  '1e309',
  '0x10',
  'true',
  'null',
  'undefined',
  '[object Object]',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "'; drop table users; --",
  '%',
  '\\',
  '${7*7}',
  '{{7*7}}',
  '../../etc/passwd',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'http://169.254.169.254/',
  '0000-00-00',
  '0000-01-01',
  '9999-12-31',
  '2026-02-30',
  '999999999999999_------------------------------------',
  '0_00000000-0000-0000-0000-000000000000',
  '* * * * *',
  '99 99 99 99 99',
  '0 0 31 2 *',
  ID,
  ID.toUpperCase(),
];

/** What has got through a check of form somewhere and then struck something behind it: tried in every text of every body and query. */
const SHARP = [
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udc00b',
  '0000-01-01',
  '9999-12-31',
  '999999999999999_------------------------------------',
  '0_00000000-0000-0000-0000-000000000000',
  '99 99 99 99 99',
  '__proto__',
  ID,
];

const NUMBERS = [0, -0, -1, 1, 0.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -(2 ** 53), 1e300, -1e300, 5e-324];

const nested = (depth: number): Json => {
  let value: Json = 'end';
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value };
  return value;
};

const OTHERS: Json[] = [
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  ['a', 'a'],
  { length: 1, 0: 'a' },
  { toString: 'x', valueOf: 1 },
  nested(60),
  Array.from({ length: 2_000 }, () => ID),
];

const hostileText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);
const hostileValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom<Json[]>(...NUMBERS) },
  { weight: 3, arbitrary: fc.constantFrom<Json[]>(...OTHERS) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);
const hostileName = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'extra',
  '',
  '\u0000',
  'a.b',
  '0',
  LONG,
);

/** A value with every member that the schema knows. */
export function sampleOf(schema: Schema): Json {
  if (schema.enum) return schema.enum[0] ?? null;
  if (schema.anyOf) return sampleOf(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, sampleOf(one)]);
      const { additionalProperties: more } = schema;
      return typeof more === 'object' && more
        ? { anything: sampleOf(more) }
        : (Object.fromEntries(members) as Json);
    }
    case 'array':
      return [sampleOf(schema.items ?? {})];
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return false;
    default:
      if (schema.format === 'uuid') return ID;
      if (schema.format === 'email') return 'someone@example.com';
      if (schema.format === 'date') return '2026-01-31';
      return 'a text'.padEnd(schema.minLength ?? 0, '!');
  }
}

type Place = (string | number)[];

function placesIn(value: Json, at: Place = []): Place[] {
  if (Array.isArray(value)) return [at, ...value.flatMap((one, index) => placesIn(one, [...at, index]))];
  if (value === null || typeof value !== 'object') return [at];
  return [at, ...Object.entries(value).flatMap(([name, one]) => placesIn(one, [...at, name]))];
}

/** As text, so that names like "__proto__" are members; `put` gives the text of what stands at that place. */
function write(value: Json, place: Place | undefined, put: (text: string) => string): string {
  const inner = (name: string | number, one: Json) =>
    write(
      one,
      place !== undefined && place.length > 0 && place[0] === name ? place.slice(1) : undefined,
      put,
    );
  const text = Array.isArray(value)
    ? `[${value.map((one, index) => inner(index, one)).join(',')}]`
    : value !== null && typeof value === 'object'
      ? `{${Object.entries(value)
          .map(([name, one]) => `${JSON.stringify(name)}:${inner(name, one)}`)
          .join(',')}}`
      : JSON.stringify(value);
  return place?.length === 0 ? put(text) : text;
}

/** A true body with one place spoiled. */
function spoiled(seeds: Json[]): fc.Arbitrary<string> {
  const places = seeds.flatMap((seed) => placesIn(seed).map((place) => ({ seed, place })));
  return fc
    .record({
      at: fc.constantFrom(...places),
      value: hostileValue,
      name: hostileName,
      how: fc.constantFrom('replace', 'replace', 'replace', 'replace', 'add', 'wrap', 'twice', 'leave out'),
    })
    .map(({ at: { seed, place }, value, name, how }) =>
      write(seed, place, (text) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        switch (how) {
          case 'add':
            return text.startsWith('{')
              ? `{${member}${text === '{}' ? '' : ','}${text.slice(1)}`
              : `{${member}}`;
          case 'wrap':
            return `[${text}]`;
          case 'twice':
            return text.startsWith('{') && text !== '{}'
              ? `${text.slice(0, -1)},${text.slice(1)}`
              : `[${text},${text}]`;
          case 'leave out':
            return 'null';
          default:
            return JSON.stringify(value);
        }
      }),
    );
}

/** Every text of the true bodies replaced by each of the sharp ones. */
function sharpened(seeds: Json[]): string[] {
  return seeds.flatMap((seed) =>
    placesIn(seed)
      .filter((place) => typeof valueAt(seed, place) === 'string')
      .flatMap((place) => SHARP.map((text) => write(seed, place, () => JSON.stringify(text)))),
  );
}

function valueAt(value: Json, place: Place): Json | undefined {
  return place.reduce<Json | undefined>(
    (inner, name) =>
      inner !== null && typeof inner === 'object' ? (inner as Record<string, Json>)[name] : undefined,
    value,
  );
}

/** Text that is no JSON, or that is more than anybody reads. */
function brokenTexts(text: string): (string | Buffer)[] {
  return [
    '',
    'null',
    '[]',
    '"text"',
    '42',
    'nul',
    text.slice(0, -1),
    text.slice(0, Math.floor(text.length / 2)),
    `${text}${text}`,
    `${text},`,
    text.replaceAll('"', "'"),
    text.replace('{', '{,'),
    text.replace('{', '{"a":NaN,'),
    text.replace('{', '{"a":1e999,'),
    text.replace('{', '{"a":01,'),
    text.replace('{', '{"__proto__":{"polluted":true},'),
    text.replace('{', '{"constructor":{"prototype":{"polluted":true}},'),
    text.replace('{', '{"a":"\\ud800","b":"\\u0000",'),
    text.replace('{', '{"a":"\\x41",'),
    `\ufeff${text}`,
    Buffer.from(text, 'utf16le'),
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}')]),
    Buffer.alloc(64),
    '['.repeat(100_000),
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    `{"a":"${'y'.repeat(2 * 1024 * 1024)}"}`,
    text.replace('{', `{"a":"${LONG}",`),
  ];
}

const TYPES = [
  undefined,
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json;;;=',
  'application/jsonp',
  '*/*',
  'x',
];

export function hostileBodies(seeds: Json[], options: { seed: number; runs: number }): HostileBody[] {
  const type = 'application/json';
  const whole = JSON.stringify(seeds[0] ?? {});
  return [
    ...sharpened(seeds).map((text) => ({ text, type })),
    ...fc
      .sample(spoiled(seeds), { seed: options.seed, numRuns: options.runs })
      .map((text) => ({ text, type })),
    ...brokenTexts(whole).map((text) => ({ text, type })),
    ...TYPES.map((other) => ({ text: whole, type: other })),
  ];
}

/** For a verb that takes no body. */
export const UNWANTED_BODIES: HostileBody[] = [
  '{}',
  '{"__proto__":{"polluted":true}}',
  '[',
  '',
  '\u0000',
  '['.repeat(100_000),
]
  .map((text): HostileBody => ({ text, type: 'application/json' }))
  .concat({ text: 'a=b', type: 'application/x-www-form-urlencoded' }, { text: 'x', type: undefined });

/** Queries as they stand in an address: each known name with what nobody means by it, and names that nobody knows. */
export function hostileQueries(names: readonly string[], options: { seed: number; runs: number }): string[] {
  const known = fc
    .tuple(fc.constantFrom(...names, '__proto__', 'constructor', 'limit'), hostileText)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encode(value)}`);
  const fixed = names.flatMap((name) => [
    name,
    `${name}=`,
    `${name}=1&${name}=2`,
    `${name}[]=1`,
    `${name}[a]=1`,
    `${name}=%`,
    `${name}=%ff%fe`,
    `${name}=%00`,
    `${name}=-1`,
    `${name}=1e400`,
    ...SHARP.map((text) => `${name}=${encode(text)}`),
  ]);
  const odd = ['=', '&&&', '%', 'a=%zz', '__proto__=1', '__proto__[polluted]=1', `a=${'b'.repeat(4_000)}`];
  return [
    ...fixed,
    ...odd,
    ...fc.sample(known, { seed: options.seed, numRuns: Math.ceil(options.runs / 3) }),
  ];
}

/** In place of an id in a path; not "..", with which any client asks for another address. */
export const HOSTILE_PARTS = [
  'x',
  '0',
  '-1',
  '%',
  '%zz',
  '%ff',
  '%00',
  '%0a',
  '..%2f..%2fetc',
  '%5c',
  '%F0%9F%92%A9',
  '__proto__',
  'constructor',
  '[object%20Object]',
  "'%20or%201=1--",
  `${ID}%00`,
  `${ID}%20`,
  `%7B${ID}%7D`,
  ID.replaceAll('-', ''),
  'a'.repeat(90),
  'a'.repeat(3_000),
  '%25'.repeat(30),
  `${ID};a=b`,
  `${ID}?x`,
  '*',
  ':connectionId',
];

function encode(text: string): string {
  // Half a pair has no spelling in an address.
  return encodeURIComponent(text.toWellFormed().slice(0, 4_000));
}
