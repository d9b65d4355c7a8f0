/** JSON values as types, and a canonical text for fingerprints. */
import { createHash } from 'node:crypto';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue };

/** JSON with sorted keys and bigint as decimal text: equal values give equal text. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return member.toString();
    if (member !== null && typeof member === 'object' && !Array.isArray(member)) {
      return Object.fromEntries(
        Object.entries(member)
          .filter(([, v]) => v !== undefined)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    }
    return member;
  });
}

/** SHA-256 of the canonical JSON, in hex. */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** The same value with what no database text can hold (NUL, lone surrogates) replaced by U+FFFD, at any depth. */
export function toStorable<T extends JsonValue>(value: T): T;
export function toStorable(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\uFFFD');
  if (Array.isArray(value)) return value.map((member) => toStorable(member));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [toStorable(name), toStorable(member)]),
  );
}
