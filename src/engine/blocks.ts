/** A kind that may not be read, a step that may not be taken: the connection says so once, what needs it waits, all else goes on. */
import type { DocumentKind } from '../core/canonical.ts';
import { NOT_PERMITTED, OperatingError } from '../core/errors.ts';
import { recordBlockAlert } from '../store/alerts.ts';
import {
  type Block,
  type BlockKey,
  deleteBlock,
  findBlock,
  hastenTries,
  listBlocks,
  listDueBlocks,
  releaseHeld,
  saveBlock,
  takeTry,
} from '../store/blocks.ts';
import type { Db } from '../store/db.ts';
import { clearDeferral } from '../store/lanes.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import { wakeLanes } from './intake.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

/** Between two tries of what is not permitted: one record, or one list, is the test. */
export const TRY_EVERY_MS = 5 * 60_000;
const AT_ONCE = 10;

type BlockParts = Pick<EngineParts, 'db' | 'clock' | 'log'>;

/** Nobody may do this now, whatever record it is for. */
export class Blocked extends OperatingError {
  readonly block: BlockKey;

  constructor(block: BlockKey, message: string, cause?: unknown) {
    super('rejected', message, { code: NOT_PERMITTED, cause });
    this.block = block;
  }
}

export function isNotPermitted(error: unknown): error is OperatingError {
  return error instanceof OperatingError && error.code === NOT_PERMITTED && !(error instanceof Blocked);
}

/**
 * Runs `act` unless it is known not to be permitted and it is not time for a try. A success ends the block; a refusal
 * makes one, and is thrown as Blocked.
 */
export async function unlessBlocked<T>(
  parts: EngineParts,
  key: BlockKey,
  wayOut: string,
  act: () => Promise<T>,
): Promise<T> {
  const isTry = await passBlock(parts, key);
  try {
    const result = await act();
    if (isTry) await endBlock(parts, key);
    return result;
  } catch (error) {
    if (!isNotPermitted(error)) throw error;
    throw await tellBlocked(parts, key, error.message, wayOut, error);
  }
}

/** True when there is a block and this is the try; throws Blocked when there is one and it is not time. */
export async function passBlock(parts: BlockParts, key: BlockKey): Promise<boolean> {
  const block = await findBlock(parts.db, key);
  if (!block) return false;
  const now = nowOf(parts);
  if (await takeTry(parts.db, key, now, new Date(now.getTime() + TRY_EVERY_MS))) return true;
  throw new Blocked(key, block.message);
}

export async function tellBlocked(
  parts: BlockParts,
  key: BlockKey,
  message: string,
  wayOut: string,
  cause?: unknown,
): Promise<Blocked> {
  await markBlock(parts, key, message, wayOut, TRY_EVERY_MS);
  return new Blocked(key, message, cause);
}

/** Says so once, however often it is met. */
export async function markBlock(
  parts: BlockParts,
  key: BlockKey,
  message: string,
  wayOut: string,
  againAfterMs: number,
): Promise<void> {
  const now = nowOf(parts);
  const nextTryAt = new Date(now.getTime() + againAfterMs);
  await parts.db.transaction().execute(async (tx) => {
    const isNew = await saveBlock(tx, key, { message, wayOut, nextTryAt }, now);
    if (!isNew) return;
    const block = await findBlock(tx, key);
    if (block && !block.workedAround) await recordBlockAlert(tx, key.connectionId, alertCodeOf(key), now);
    await noteOnConnection(tx, key, `${wordsOf(key)}: ${message}`, now);
    parts.log.warn({ ...key, message }, wordsOf(key));
  });
}

/** What it held looks again. */
export async function endBlock(parts: EngineParts, key: BlockKey): Promise<void> {
  const now = nowOf(parts);
  await parts.db.transaction().execute(async (tx) => {
    const since = await deleteBlock(tx, key);
    if (!since) return;
    await noteOnConnection(tx, key, `over since now, from ${since.toISOString()} on: ${wordsOf(key)}`, now);
    await wakeHeld(parts, tx, key);
    parts.log.info({ ...key, since: since.toISOString() }, `over: ${wordsOf(key)}`);
  });
}

/** So many of those that wait for it, or all. */
export async function wakeHeld(parts: EngineParts, tx: Db, key: BlockKey, most?: number): Promise<void> {
  const lanes = await releaseHeld(tx, key, most);
  if (lanes.length === 0) return;
  await clearDeferral(
    tx,
    key.connectionId,
    lanes.map(({ lane }) => lane),
  );
  await wakeLanes(tx, parts.queue, lanes, AT_ONCE);
}

function noteOnConnection(tx: Db, { connectionId }: BlockKey, summary: string, now: Date): Promise<unknown> {
  const entry = { subject: connectionSubject(connectionId), connectionId, actor: ENGINE_ACTOR };
  return appendTrail(tx, { ...entry, entry: 'decision', data: { summary } }, now);
}

/** Whatever is due has one of the records that wait for it look again. */
export async function tryDueBlocks(parts: EngineParts): Promise<void> {
  const due = await listDueBlocks(parts.db, nowOf(parts));
  for (const block of due.filter(({ workedAround }) => !workedAround)) await releaseOne(parts, block);
}

function releaseOne(parts: EngineParts, block: Block): Promise<void> {
  return parts.db.transaction().execute((tx) => wakeHeld(parts, tx, block, 1));
}

/** A person has done something about it, or wants to know: nobody waits for the time of the next try. Kinds are for the caller to list. */
export async function tryBlocksNow(parts: EngineParts, connectionId: string): Promise<Block[]> {
  await hastenTries(parts.db, connectionId, nowOf(parts));
  const blocks = await listBlocks(parts.db, connectionId);
  for (const block of blocks) if (block.side === 'destination') await releaseOne(parts, block);
  return blocks;
}

/** "payments cannot be read" */
export function wordsOf({ what }: Pick<BlockKey, 'what'>): string {
  const [word = '', about = ''] = what.split(' ');
  const many = `${about.replaceAll('-', ' ')}s`;
  switch (word) {
    case 'read':
      return `${capital(many)} cannot be read`;
    case 'look':
      return `Copies of ${many} cannot be read back`;
    case 'step':
      return `The step ${about} is not permitted`;
    case 'deleted-filter':
      return `Lists of deleted ${many} come unfiltered`;
    default:
      return `Lists of changed ${many} come unfiltered`;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function alertCodeOf({ what }: BlockKey): 'kind-not-readable' | 'step-not-permitted' {
  return what.startsWith('step ') ? 'step-not-permitted' : 'kind-not-readable';
}

export function readBlockOf(connectionId: string, kind: DocumentKind): BlockKey {
  return { connectionId, side: 'source', what: `read ${kind}` };
}
