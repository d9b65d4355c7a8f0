/** How entries and ends of the trail are written for hashing; `append_trail` in the database does the same for new entries. */
import { createHash } from 'node:crypto';
import type { Signer } from '../platform/signing.ts';

export type StoredEntry = {
  subject: string;
  position: number;
  connectionId: string | null;
  /** Microseconds since 1970, as decimal text. */
  micros: string;
  actor: string;
  entry: string;
  payload: string;
  hash: Buffer;
  format: number;
  id: string | null;
  keyId: number | null;
  mac: Buffer | null;
};

export type TrailEnd = {
  subject: string;
  position: number;
  /** Hex. */
  hash: string;
  connectionId: string | null;
  oldPosition: number;
  brokenAt: number | null;
};

export type BatchFacts = {
  number: number;
  /** When it was sealed, as `StoredEntry` has it. */
  micros: string;
  chains: number;
  endsHash: Buffer;
  previous: Buffer;
};

export const ENTRY_PURPOSE = 'trail entry';
export const BATCH_PURPOSE = 'trail batch';
export const NO_HASH: Buffer = Buffer.alloc(0);

/** Each value with its length in bytes in front; null is not the empty text. */
export function toFields(values: readonly (string | number | null)[]): string {
  return values
    .map((value) => {
      if (value === null) return '-';
      const text = String(value);
      return `${Buffer.byteLength(text)}:${text}`;
    })
    .join('');
}

export function toMicros(at: Date): string {
  return (BigInt(at.getTime()) * 1000n).toString();
}

/** Everything but its place, which is known only under the chain's lock, and which the hash binds. */
export function macTextOf(
  entry: Pick<StoredEntry, 'id' | 'subject' | 'connectionId' | 'micros' | 'actor' | 'entry' | 'payload'>,
): string {
  const { id, subject, connectionId, micros, actor, entry: kind, payload } = entry;
  return toFields([id, subject, connectionId, micros, actor, kind, payload]);
}

export function isMadeByUs(signer: Signer, entry: StoredEntry): boolean {
  const { keyId, mac } = entry;
  if (keyId === null || mac === null) return false;
  return signer.verifyMac(ENTRY_PURPOSE, macTextOf(entry), { keyId, mac });
}

/** Undefined for a format that nobody knows. */
export function hashOfEntry(previous: Buffer, entry: StoredEntry): Buffer | undefined {
  const { subject, position, connectionId, micros, actor, entry: kind, payload, id, keyId, mac } = entry;
  if (entry.format === 2) {
    const values = [2, subject, position, id, connectionId, micros, actor, kind, payload, keyId];
    return sha256(previous, toFields([...values, mac?.toString('hex') ?? null]));
  }
  if (entry.format !== 1) return undefined;
  return sha256(previous, [subject, position, toSeconds(micros), actor, kind, payload].join('\u001f'));
}

/** "1767603600.123000", as the database writes an epoch. */
function toSeconds(micros: string): string {
  const [, sign = '', digits = ''] = /^(-?)(\d+)$/.exec(micros) ?? [];
  const padded = digits.padStart(7, '0');
  return `${sign}${padded.slice(0, -6)}.${padded.slice(-6)}`;
}

export function hashOfEnds(ends: readonly TrailEnd[]): Buffer {
  const lines = ends
    .toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
    .map((end) =>
      toFields([end.subject, end.position, end.hash, end.connectionId, end.oldPosition, end.brokenAt]),
    );
  return sha256(NO_HASH, toFields(lines));
}

export function hashOfBatch({ number, micros, chains, endsHash, previous }: BatchFacts): Buffer {
  return sha256(previous, toFields([1, number, micros, chains, endsHash.toString('hex')]));
}

function sha256(previous: Buffer, text: string): Buffer {
  return createHash('sha256').update(previous).update(text, 'utf8').digest();
}
