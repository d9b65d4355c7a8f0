/** Polling: lists what may have changed since the cursor, and tells the door about what is new (R1, I9). */
import { setImmediate } from 'node:timers/promises';
import { OperatingError } from '../core/errors.ts';
import { fingerprintOf } from '../core/json.ts';
import type { ListPage, SourceRecord } from '../core/ports.ts';
import { findCursor, saveCursor } from '../store/cursors.ts';
import type { Db } from '../store/db.ts';
import { listUnseen, markSeen } from '../store/documents.ts';
import { type EventOrigin, type NewEvent, nextTick } from '../store/events.ts';
import { listLatestHashes } from '../store/revisions.ts';
import { isAhead } from '../store/set-back.ts';
import { between, reach } from './checkpoints.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { acceptEvents } from './intake.ts';
import { type EngineParts, nowOf } from './parts.ts';

/** What no list has shown for so long is read by itself: lists may leave out what was deleted without a trace. */
const UNSEEN_MS = 24 * 3_600_000;
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
        refused ??= error;
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
    cursor = page.next;
  } while (cursor !== undefined);
  await between(parts, 'cursor', () => saveCursor(parts.db, key, startedAt));
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
  const connectionId = open.connection.id;
  const before = new Date(parts.clock.now() - UNSEEN_MS);
  for (const { kind, sourceId, label, reason } of await listUnseen(
    parts.db,
    connectionId,
    before,
    RE_READ_AT_ONCE,
  )) {
    if (parts.stopping.aborted) return;
    const readSeq = await nextTick(parts.db);
    const record = await open.source.read(kind, sourceId);
    const known = reason?.code === 'gone-from-source';
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
  const events: NewEvent[] = [];
  for (const record of records) {
    // A page of large records must not hold up everybody else.
    await setImmediate();
    if (known.get(record.sourceId) === fingerprintOf(record.raw)) continue;
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
