/** Cuts secrets out of requests, answers and errors before they are recorded: by name, and known ones by value (I7). */
import { setImmediate } from 'node:timers/promises';
import { type KnownSecrets, REDACTED } from './known-secrets.ts';

const SECRET_HEADERS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
  'apisecretaccesskey',
]);

/** The secret end of a webhook address of ours, however its slashes are written; a proxy puts it into headers. */
const SLASH = String.raw`(?:\\?/|%2f|\\u002f)`;
const HOOK_PATH = new RegExp(`(${SLASH}hooks${SLASH})[\\w-]{20,}`, 'gi');

function redactHookPaths(text: string): string {
  return text.replaceAll(HOOK_PATH, `$1${REDACTED}`);
}

export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      SECRET_HEADERS.has(name.toLowerCase()) ? REDACTED : redactHookPaths(value),
    ]),
  );
}

/** Values as they may stand in a body that was cut off: the closing sign is optional. */
const JSON_TEXT = String.raw`"(?:[^"\\]|\\.)*"?`;
const JSON_LIST = String.raw`\[(?:${JSON_TEXT}|[^\]"])*\]?`;
const JSON_RECORD = String.raw`\{(?:${JSON_TEXT}|[^}"])*\}?`;

/** Replaces the values of the named JSON members or form fields, at any depth, in JSON, forms and broken text alike. */
export function redactBody(body: string | undefined, secretFields: readonly string[]): string | undefined {
  if (body === undefined) return body;
  if (secretFields.length === 0) return redactHookPaths(body);
  const names = secretFields.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return redactHookPaths(body)
    .replaceAll(
      new RegExp(`("(?:${names})"\\s*:\\s*)(?:${JSON_TEXT}|${JSON_LIST}|${JSON_RECORD}|[^,}\\]\\s]+)`, 'g'),
      `$1"${REDACTED}"`,
    )
    .replaceAll(new RegExp(`((?:^|&)(?:${names})=)[^&]*`, 'g'), `$1${encodeURIComponent(REDACTED)}`);
}

/** The same for the query string of a URL. */
export function redactUrl(url: string, secretFields: readonly string[]): string {
  const [path = '', query] = url.split('?', 2);
  const shown = redactHookPaths(path);
  return query === undefined ? shown : `${shown}?${redactBody(query, secretFields) ?? ''}`;
}

/** The same value with known secrets cut out of every text in it, at any depth. */
export function freeDeep<T>(value: T, known: KnownSecrets): T;
export function freeDeep(value: unknown, known: KnownSecrets): unknown {
  if (typeof value === 'string') return known.redact(value);
  if (Array.isArray(value)) return value.map((member: unknown) => freeDeep(member, known));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [known.redact(name), freeDeep(member, known)]),
  );
}

/** Members of a list that are freed before others have their turn. */
const MEMBERS_AT_ONCE = 100;

/** The same for what may be large: whoever else waits in this process has a turn in between. */
export async function freeInSlices<T>(value: T, known: KnownSecrets): Promise<T>;
export async function freeInSlices(value: unknown, known: KnownSecrets): Promise<unknown> {
  if (Array.isArray(value)) {
    const freed: unknown[] = [];
    for (let from = 0; from < value.length; from += MEMBERS_AT_ONCE) {
      if (from > 0) await setImmediate();
      for (const member of value.slice(from, from + MEMBERS_AT_ONCE)) freed.push(freeDeep(member, known));
    }
    return freed;
  }
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    return freeDeep(value, known);
  const freed: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value))
    freed.push([known.redact(name), await freeInSlices(member, known)]);
  return Object.fromEntries(freed);
}

const WORDS_OF_AN_ERROR = ['message', 'stack', 'hint', 'code', 'field'];
const MOST_CAUSES = 8;

/** In place, so that it stays what it is: its own words and those of its causes. */
export function freeError(error: unknown, known: KnownSecrets, depth = 0): void {
  if (!(error instanceof Error) || depth > MOST_CAUSES) return;
  for (const name of WORDS_OF_AN_ERROR) {
    const words: unknown = Reflect.get(error, name);
    const value = typeof words === 'string' ? known.redact(words) : words;
    if (value !== words) Object.defineProperty(error, name, { value, configurable: true, writable: true });
  }
  freeError(error.cause, known, depth + 1);
  if (error instanceof AggregateError) for (const each of error.errors) freeError(each, known, depth + 1);
}
