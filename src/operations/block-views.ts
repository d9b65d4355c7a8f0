/** What a connection cannot do now, in words for people: since when, why, what to do, and how many records wait for it. */
import { wordsOf } from '../engine/blocks.ts';
import { countHeld, heldKey, listBlocks } from '../store/blocks.ts';
import type { OperationParts } from './parts.ts';

export type BlockView = {
  connectionId: string;
  side: 'source' | 'destination';
  what: string;
  /** "Payments cannot be read" */
  words: string;
  message: string;
  wayOut: string;
  since: string;
  nextTryAt: string;
  /** Records that wait for it. */
  held: number;
  /** Another way is taken; nobody has to act. */
  workedAround: boolean;
};

/** Of one connection, or of all. */
export async function listBlockViews({ db }: OperationParts, connectionId?: string): Promise<BlockView[]> {
  const held = await countHeld(db);
  return (await listBlocks(db, connectionId)).map((block) => ({
    connectionId: block.connectionId,
    side: block.side,
    what: block.what,
    words: wordsOf(block),
    message: block.message,
    wayOut: block.wayOut,
    since: block.since.toISOString(),
    nextTryAt: block.nextTryAt.toISOString(),
    held: held.get(heldKey(block)) ?? 0,
    workedAround: block.workedAround,
  }));
}
