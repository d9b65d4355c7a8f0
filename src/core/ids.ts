/** Ids of ours, and the natural keys by which a copy is recognised in the destination for ever. */
import { randomBytes } from 'node:crypto';
import type { DocumentKind } from './canonical.ts';

/** Names one source account for good: "FB" + account id. Stays the same after a re-install or a restored backup. */
export type SourceIdentity = { prefix: string; account: string };

/**
 * "FB-ACM123-invoice-4711": deterministic, unique per source document, ASCII letters, digits and "-" only, so
 * that it can be an account number, a payment reference or a comment in the destination.
 */
export function toExternalKey(source: SourceIdentity, kind: DocumentKind, sourceId: string): string {
  return [source.prefix, source.account, kind, sourceId]
    .map((part) => part.replaceAll(/[^A-Za-z0-9]/g, '_'))
    .join('-');
}

/** Whether a mark is the external key of some copied document, whoever copied it. */
export function isExternalKey(mark: string, kind: DocumentKind): boolean {
  return new RegExp(`^[A-Z]+-\\w+-${kind}-\\w+$`).test(mark);
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Wider than `ID`: every spelling that PostgreSQL takes for one. `looks_like_id` in the schema says the same. */
const ID_LIKE = /^\s*(urn:uuid:)?\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?\s*$/i;

/** Whether a text is one of our ids, in either case: then it names what has that id and nothing else. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** What no name may look like, so that whoever gives an id never gets something that is only called so. */
export function looksLikeId(text: string): boolean {
  return ID_LIKE.test(text);
}

/** Whether an account's number carries the key of another client than `ownKey`: it was made for that one, by whomever. */
export function isMadeForAnother(accountNumber: string, ownKey: string): boolean {
  return /^(?:[A-Z]-)?[A-Z]+-\w+-client-\w/.test(accountNumber) && !accountNumber.includes(`${ownKey}-`);
}

let lastMs = 0;
let counter = 0;

/** UUIDv7, strictly increasing within this process. `nowMs` is epoch milliseconds from the injected clock. */
export function newId(nowMs: number): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = randomBytes(2).readUInt16BE() & 0x7ff;
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const random = randomBytes(8);
  random.writeUInt8((random.readUInt8(0) & 0x3f) | 0x80, 0);
  const time = lastMs.toString(16).padStart(12, '0');
  const tail = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
