/** Checks one chain of the trail, entry by entry: each is ours, in its place, unchanged, and none is missing up to the end. */
import type { Signer } from '../platform/signing.ts';
import {
  hashOfContent,
  hashOfNewEntry,
  hashOfOldEntry,
  isMadeByUs,
  NO_HASH,
  type StoredEntry,
  type TrailEnd,
} from './trail-format.ts';

export type ChainHead = { position: number; hash: Buffer };

/** An end as it was entered into the chain of ends, with the key that signed there. */
export type SealedEnd = TrailEnd & { batch: number; keyId: number };

export type ChainFault = { position: number; why: string };

export type ChainState = {
  subject: string;
  entries: number;
  /** Up to where its entries are sealed in the chain of ends; 0 = not yet. */
  sealed: number;
  connectionId: string | null;
  fault: ChainFault | undefined;
};

export type ChainCheck = {
  take(entry: StoredEntry): void;
  finish(): ChainState;
};

export function createChainCheck(about: {
  subject: string;
  signer: Signer;
  head: ChainHead | undefined;
  /** Entries up to here are of the old format. */
  oldPosition: number;
  /** All of this chain, in order. */
  ends: readonly SealedEnd[];
  /** Where the entries must belong to; undefined where nothing else knows. */
  connectionId: string | null | undefined;
  /** Only what came after this end is looked at, which was looked at when it was entered. */
  since?: TrailEnd | undefined;
}): ChainCheck {
  const { subject, signer, head, oldPosition, ends, since } = about;
  const sealedHashes = new Map(ends.map(({ position, hash }) => [position, hash]));
  const newest = ends.at(-1);
  const ids = new Set<string>();
  let connectionId = about.connectionId === undefined ? newest?.connectionId : about.connectionId;
  let last = since === undefined ? 0 : since.position - 1;
  let previous = since === undefined ? NO_HASH : undefined;
  let entries = 0;
  let fault: ChainFault | undefined;

  let nextEnd = 0;

  /** The key in force when the entry was sealed; what is not sealed yet has the present one's. Asked for in order. */
  function keyAt(position: number): number {
    while ((ends[nextEnd]?.position ?? Number.POSITIVE_INFINITY) < position) nextEnd += 1;
    return ends[nextEnd]?.keyId ?? signer.keyId;
  }

  function findFault(entry: StoredEntry): string | undefined {
    const { position, format, hash } = entry;
    if (position !== last + 1)
      return position > last ? 'is missing' : `stands before it, as entry ${position}`;
    if (format !== (position <= oldPosition ? 1 : 2)) return `has format ${format}, which is not its place's`;
    // Old entries do not bind their connection, so it is compared: with the chain's others, its end and its record.
    if (connectionId === undefined) connectionId = entry.connectionId;
    if (entry.connectionId !== connectionId) return 'belongs to another connection';
    const content = format === 1 ? undefined : hashOfContent(entry);
    if (previous !== undefined) {
      const expected = content ? hashOfNewEntry(previous, content, entry) : hashOfOldEntry(previous, entry);
      if (!expected.equals(hash)) return 'was altered';
    }
    const sealed = sealedHashes.get(position);
    if (sealed !== undefined && sealed !== hash.toString('hex')) return 'is not what was sealed';
    if (!content) return undefined;
    if (entry.keyId !== keyAt(position) || !isMadeByUs(signer, content, entry))
      return 'was not written by this service';
    if (entry.id !== null && ids.has(entry.id)) return 'repeats an earlier entry';
    if (entry.id !== null) ids.add(entry.id);
    return undefined;
  }

  return {
    take(entry) {
      entries += 1;
      if (fault) return;
      const why = findFault(entry);
      if (why !== undefined) fault = { position: last + 1, why };
      last = entry.position;
      previous = entry.hash;
    },
    finish() {
      fault ??= findEndFault(last, previous ?? NO_HASH, head, newest);
      const known = ends.find(({ brokenAt }) => brokenAt !== null)?.brokenAt ?? undefined;
      if (known !== undefined && known < (fault?.position ?? Number.POSITIVE_INFINITY))
        fault = { position: known, why: 'was broken already when the chain was sealed' };
      const sealed = newest?.position ?? 0;
      return { subject, entries, sealed, connectionId: connectionId ?? null, fault };
    },
  };
}

function findEndFault(
  last: number,
  hash: Buffer,
  head: ChainHead | undefined,
  newest: SealedEnd | undefined,
): ChainFault | undefined {
  const most = Math.max(head?.position ?? 0, newest?.position ?? 0);
  if (most > last) return { position: last + 1, why: 'is missing' };
  if (head === undefined) return { position: last, why: "is the last, and the chain's end is missing" };
  if (head.position < last) return { position: head.position + 1, why: "stands after the chain's end" };
  if (!head.hash.equals(hash))
    return { position: last, why: "is the last, and differs from the chain's end" };
  return undefined;
}
