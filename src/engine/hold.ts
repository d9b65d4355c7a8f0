/** A record whose connection may not do what it needs: it waits for the end of the block. */
import { findBlock, holdDocument } from '../store/blocks.ts';
import { type SyncDocument, setDocumentState } from '../store/documents.ts';
import { type Blocked, wakeHeld, wordsOf } from './blocks.ts';
import { fencedAt, type LaneWork, note } from './lane-work.ts';
import { nowOf } from './parts.ts';

/** It is looked at again by then, should its release have been lost. */
const HELD_AT_MOST_MS = 3_600_000;

/** The record waits, and says for what; it is neither parked nor tried again until the block ends or is tried. */
export async function hold(
  work: LaneWork,
  document: SyncDocument,
  { block, message }: Blocked,
): Promise<void> {
  const { parts } = work;
  const now = nowOf(parts);
  const found = await findBlock(parts.db, block);
  const reason = {
    code: 'waits-for-permission',
    message: `${wordsOf(block)}: ${message}`,
    wayOut: `${found?.wayOut ?? ''} The record then goes on by itself.`.trim(),
  };
  await fencedAt(work, 'state', async (tx) => {
    await setDocumentState(tx, document.id, 'pending', reason, now);
    await holdDocument(tx, document, block, new Date(now.getTime() + HELD_AT_MOST_MS));
    if (document.reason?.code !== reason.code)
      await note(work, tx, document, 'deferral', { summary: reason.message, kind: reason.code, reason });
  });
  // It ended while we were about to wait for it.
  if (!found) await parts.db.transaction().execute((tx) => wakeHeld(parts, tx, block));
}
