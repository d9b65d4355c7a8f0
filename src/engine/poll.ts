/** Polling: lists what may have changed since the cursor, and tells the door about what is new (R1, I9). */
import { setImmediate } from 'node:timers/promises';
import type { DocumentKind } from '../core/canonical.ts';
import { OperatingError } from '../core/errors.ts';
import { fingerprintInTurns } from '../core/json.ts';
import type { ListPage, SourceRecord } from '../core/ports.ts';
import { type BlockKey, findBlock, listBlocks, takeTry } from '../store/blocks.ts';
import { findCursor, saveCursor } from '../store/cursors.ts';
import type { Db } from '../store/db.ts';
import { GONE_FROM_SOURCE, listGone, listUnseen, markSeen } from '../store/documents.ts';
import { type EventOrigin, type NewEvent, nextTick } from '../store/events.ts';
import { listLatestHashes } from '../store/revisions.ts';
import { isAhead } from '../store/set-back.ts';
import { Blocked, endBlock, markBlock } from './blocks.ts';
import { between, reach } from './checkpoints.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { acceptEvents } from './intake.ts';
import { type EngineParts, labelOf, nowOf } from './parts.ts';

/** What no list has shown for so long is read by itself: lists may leave out what was deleted without a trace. */
const UNSEEN_MS = 24 * 3_600_000;
/** The same where lists of what was deleted are no help. */
const UNLISTED_MS = 2 * 3_600_000;
/** In one poll, so that the sweep takes a small part of the source's budget: 7,200 a day at five minutes. */
const RE_READ_AT_ONCE = 25;

/** A kind that is refused (a missing permission, say) does not keep the others from being polled. */
export async function pollConnection(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  connectionId: string,
): Promise<void> {
  const open = await runtime.open(connectionId);
  if (open.connection.state === 'paused') return;
  let refused: OperatingError | undefined;
  for (const kind of open.source.kinds) {
    for (const deleted of [false, true]) {
      try {
        await pollKind(parts, open, { connectionId, kind, deleted });
      } catch (error) {
        if (!(error instanceof OperatingError) || error.kind !== 'rejected') throw error;
        if (!(error instanceof Blocked)) refused ??= error;
      }
    }
  }
  await readUnseen(parts, open);
  if (refused) throw refused;
}

async function pollKind(
  parts: EngineParts,
  open: OpenConnection,
  key: Parameters<typeof saveCursor>[1],
): Promise<void> {
  const startedAt = nowOf(parts);
  const filter = await standingOf(parts, key);
  // What such a list has is the whole book: deletions are found by reading what is known again.
  if (filter === 'ignored' && key.deleted) return;
  const since = await sinceOf(parts, open, key);
  let cursor: string | undefined;
  do {
    if (parts.stopping.aborted) return;
    const readSeq = await nextTick(parts.db);
    const page: ListPage = await open.source.list({
      kind: key.kind,
      changedSince: since.getTime(),
      deleted: key.deleted,
      cursor,
    });
    await parts.db.transaction().execute(async (tx) => {
      await acceptPage(parts, tx, open, page.records, readSeq, 'poll');
      await reach(parts, 'before page');
    });
    await reach(parts, 'after page');
    if (await noteFilter(parts, open, key, page)) {
      if (key.deleted) return;
      // The newest come first; the whole list is gone through now and then.
      if (filter === 'ignored') return;
    } else if (filter !== 'works' && cursor === undefined) await endBlock(parts, filterBlockOf(key));
    cursor = page.next;
  } while (cursor !== undefined);
  await between(parts, 'cursor', () => saveCursor(parts.db, key, startedAt));
}

const RETEST_DELETED_MS = 24 * 3_600_000;
const WHOLE_LIST_MS = 15 * 60_000;

function filterBlockOf({ connectionId, kind, deleted }: Parameters<typeof saveCursor>[1]): BlockKey {
  return { connectionId, side: 'source', what: `${deleted ? 'deleted' : 'changed'}-filter ${kind}` };
}

/** `retest`: it was ignored, and it is time to look whether it still is. */
async function standingOf(
  parts: EngineParts,
  key: Parameters<typeof saveCursor>[1],
): Promise<'works' | 'ignored' | 'retest'> {
  const block = filterBlockOf(key);
  if (!(await findBlock(parts.db, block))) return 'works';
  const now = nowOf(parts);
  const next = new Date(now.getTime() + (key.deleted ? RETEST_DELETED_MS : WHOLE_LIST_MS));
  return (await takeTry(parts.db, block, now, next)) ? 'retest' : 'ignored';
}

/** True where the page shows that its filter was not heeded. */
async function noteFilter(
  parts: EngineParts,
  { connection }: OpenConnection,
  key: Parameters<typeof saveCursor>[1],
  { filterIgnored }: ListPage,
): Promise<boolean> {
  if (!filterIgnored) return false;
  const system = labelOf(parts, connection, 'source');
  const [message, way] = key.deleted
    ? [
        `${system} lists all ${key.kind}s where only deleted ones are asked for`,
        'Nothing has to be done: deletions are found by reading known records again, and a payment’s also by its invoice, which owes more then.',
      ]
    : [
        `${system} lists all ${key.kind}s where only changed ones are asked for`,
        'Nothing has to be done: the newest are looked at with every poll, all of them every quarter of an hour.',
      ];
  const again = key.deleted ? RETEST_DELETED_MS : WHOLE_LIST_MS;
  await markBlock(parts, filterBlockOf(key), message, way, again);
  return true;
}

/** A cursor ahead of now was set by a wrong clock: nobody knows what it has passed over, so all is listed once. */
async function sinceOf(
  parts: EngineParts,
  { connection }: OpenConnection,
  key: Parameters<typeof saveCursor>[1],
): Promise<Date> {
  const cursor = (await findCursor(parts.db, key)) ?? connection.createdAt;
  if (!isAhead(cursor, parts.clock.now())) return cursor;
  parts.log.warn(
    { connectionId: connection.id, kind: key.kind, cursor },
    'The clock was set back: what changed since the connection was made is listed once more.',
  );
  return isAhead(connection.createdAt, parts.clock.now()) ? new Date(0) : connection.createdAt;
}

/** The sweep over known ids (X8). Every read comes in turn, so each document is looked at again after all others. */
async function readUnseen(parts: EngineParts, open: OpenConnection): Promise<void> {
  const blocks = (await listBlocks(parts.db, open.connection.id)).map(({ what }) => what);
  const readable = open.source.kinds.filter((kind) => !blocks.includes(`read ${kind}`));
  const unlisted = readable.filter((kind) => blocks.includes(`deleted-filter ${kind}`));
  await readAgain(parts, open, unlisted, UNLISTED_MS);
  await readAgain(
    parts,
    open,
    readable.filter((kind) => !unlisted.includes(kind)),
    UNSEEN_MS,
  );
}

async function readAgain(
  parts: EngineParts,
  open: OpenConnection,
  kinds: readonly DocumentKind[],
  unseenMs: number,
): Promise<void> {
  const connectionId = open.connection.id;
  const before = new Date(parts.clock.now() - unseenMs);
  const unseen = await listUnseen(parts.db, connectionId, { kinds, before, limit: RE_READ_AT_ONCE });
  for (const { kind, sourceId, label, reason } of unseen) {
    if (parts.stopping.aborted) return;
    const readSeq = await nextTick(parts.db);
    const record = await open.source.read(kind, sourceId);
    const known = reason?.code === GONE_FROM_SOURCE;
    await parts.db.transaction().execute(async (tx) => {
      if (record) await acceptPage(parts, tx, open, [record], readSeq, 'poll');
      else {
        await markSeen(tx, connectionId, kind, [sourceId], nowOf(parts));
        const topic = `${kind} ${label} is not there any more`;
        if (!known) await acceptEvents(parts, tx, [{ connectionId, kind, sourceId, origin: 'poll', topic }]);
      }
    });
  }
}

/** Events for the records of a list page that differ from what we have; returns how many. */
export async function acceptPage(
  parts: EngineParts,
  tx: Db,
  open: OpenConnection,
  records: readonly SourceRecord[],
  readSeq: bigint,
  origin: EventOrigin,
): Promise<number> {
  const connectionId = open.connection.id;
  const [kind] = records.map((record) => record.kind);
  if (kind === undefined) return 0;
  const ids = records.map((record) => record.sourceId);
  const known = await listLatestHashes(tx, connectionId, kind, ids);
  // Unchanged, and yet news: it was not there.
  for (const id of await listGone(tx, connectionId, kind, ids)) known.delete(id);
  const events: NewEvent[] = [];
  for (const record of records) {
    // A page of large records must not hold up everybody else.
    await setImmediate();
    if (known.get(record.sourceId) === (await fingerprintInTurns(record.raw))) continue;
    events.push({
      connectionId,
      kind: record.kind,
      sourceId: record.sourceId,
      origin,
      topic: `${record.kind} ${record.label}`,
      record: record.raw,
      readSeq,
    });
  }
  await acceptEvents(parts, tx, events);
  await markSeen(tx, connectionId, kind, ids, nowOf(parts));
  return events.length;
}
