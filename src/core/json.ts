/** JSON values as types, and a canonical text for fingerprints. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

/** JSON with sorted keys and bigint as decimal text: equal values give equal text. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return write(value) ?? 'null';
}

/** By hand, since a replacer that makes sorted copies takes several times as long. */
function write(value: unknown): string | undefined {
  if (typeof value === 'bigint') return `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const member of value) text += `,${write(member) ?? 'null'}`;
    return `[${text.slice(1)}]`;
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') return write(value.toJSON());
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of namesOf(members)) {
    const written = write(members[name]);
    if (written !== undefined) text += `,${JSON.stringify(name)}:${written}`;
  }
  return `{${text.slice(1)}}`;
}

const startsWithDigit = (name: string) => name >= '0' && name < ':';
/** ECMAScript's array index. */
const isArrayIndex = (name: string) => /^(?:0|[1-9]\d{0,9})$/.test(name) && Number(name) < 2 ** 32 - 1;

/** Array indices first, by value: the order in which objects keep them, and fingerprints of before were made. */
function namesOf(value: object): string[] {
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  if (!names.some(startsWithDigit)) return names;
  const indices = names.filter(isArrayIndex).sort((a, b) => Number(a) - Number(b));
  return [...indices, ...names.filter((name) => !isArrayIndex(name))];
}

/** SHA-256 of the canonical JSON, in hex. */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Writing JSON holds up everybody else in the process: after so many characters, others have their turn. */
const WRITTEN_AT_ONCE = 128 * 1024;

/** In stretches, between which others have their turn. */
async function* stretches(value: unknown): AsyncGenerator<string> {
  let stretch = '';
  for (const piece of pieces(value)) {
    stretch += piece;
    if (stretch.length < WRITTEN_AT_ONCE) continue;
    yield stretch;
    stretch = '';
    await setImmediate();
  }
  yield stretch;
}

/** The members of each list that is no member of a list itself, one by one. */
function* pieces(value: unknown): Generator<string> {
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return yield canonicalJson(value);
  if (Array.isArray(value)) {
    yield '[';
    for (const [index, member] of value.entries()) yield (index === 0 ? '' : ',') + canonicalJson(member);
    return yield ']';
  }
  const members = value as Readonly<Record<string, unknown>>;
  let before = '{';
  for (const name of namesOf(members)) {
    const member = members[name];
    if (member === undefined || typeof member === 'function' || typeof member === 'symbol') continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* pieces(member);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

/** As `canonicalJson`, of what may be large. */
export async function canonicalJsonInTurns(value: unknown): Promise<string> {
  let text = '';
  for await (const stretch of stretches(value)) text += stretch;
  return text;
}

/** As `fingerprintOf`, of what may be large. */
export async function fingerprintInTurns(value: unknown): Promise<string> {
  const hash = createHash('sha256');
  for await (const stretch of stretches(value)) hash.update(stretch);
  return hash.digest('hex');
}

/** The same value with what no database text can hold (NUL, lone surrogates) replaced by U+FFFD, at any depth. */
export function toStorable<T extends JsonValue>(value: T): T;
export function toStorable(value: JsonValue): JsonValue {
  // Nearly always; a copy of thousands of lines takes four times as long as a look at them.
  if (isStorable(value)) return value;
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map((member) => toStorable(member));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [toStorable(name), toStorable(member)]),
  );
}

function isStorable(value: JsonValue): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (Array.isArray(value)) return value.every(isStorable);
  if (value === null || typeof value !== 'object') return true;
  for (const name in value) if (!isStorable(name) || !isStorable(value[name] ?? null)) return false;
  return true;
}
