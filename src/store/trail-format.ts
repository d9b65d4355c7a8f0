/** How entries and ends of the trail are written for hashing. */
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
/** Entered into the chain of ends when all chains of before the upgrade were: no later chain may have entries of the old format. */
export const UPGRADED: TrailEnd = {
  subject: 'upgraded',
  position: 0,
  hash: '',
  connectionId: null,
  oldPosition: 0,
  brokenAt: null,
};

export const NO_HASH: Buffer = Buffer.alloc(0);

/** Each value with its length in bytes in front; null is not the empty text. */
function toFields(values: readonly (string | number | null)[]): string {
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

/** The hash over all that an entry of format 2 says, without its place in the chain. */
export function hashOfContent(
  entry: Pick<StoredEntry, 'id' | 'subject' | 'connectionId' | 'micros' | 'actor' | 'entry' | 'payload'>,
): Buffer {
  const { id, subject, connectionId, micros, actor, entry: kind, payload } = entry;
  return sha256(NO_HASH, toFields([2, id, subject, connectionId, micros, actor, kind, payload]));
}

export function isMadeByUs(signer: Signer, content: Buffer, { keyId, mac }: StoredEntry): boolean {
  return keyId !== null && mac !== null && signer.verifyMac(ENTRY_PURPOSE, content, { keyId, mac });
}

/** As `append_trail` makes it: the entry before, the place, the content, and whose code it bears. */
export function hashOfNewEntry(
  previous: Buffer,
  content: Buffer,
  { position, keyId, mac }: StoredEntry,
): Buffer {
  const numbers = [position, keyId ?? 0].map((number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(number);
    return bytes;
  });
  const [place = NO_HASH, key = NO_HASH] = numbers;
  return createHash('sha256')
    .update(previous)
    .update(place)
    .update(content)
    .update(key)
    .update(mac ?? NO_HASH)
    .digest();
}

/** Of before the upgrade: neither the connection nor where one value ends and the next begins. */
export function hashOfOldEntry(previous: Buffer, entry: StoredEntry): Buffer {
  const { subject, position, micros, actor, entry: kind, payload } = entry;
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
