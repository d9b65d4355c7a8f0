/** Polling: lists what may have changed since the cursor, and tells the door about what is new (R1, I9). */
import { fingerprintOf } from '../core/json.ts';
import type { ListPage, SourceRecord } from '../core/ports.ts';
import { findCursor, saveCursor } from '../store/cursors.ts';
import type { Db } from '../store/db.ts';
import { type EventOrigin, type NewEvent, nextTick } from '../store/events.ts';
import { listLatestHashes } from '../store/revisions.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { acceptEvents } from './intake.ts';
import { type EngineParts, nowOf } from './parts.ts';

export async function pollConnection(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  connectionId: string,
): Promise<void> {
  const open = await runtime.open(connectionId);
  if (open.connection.state === 'paused') return;
  for (const kind of open.source.kinds) {
    for (const deleted of [false, true]) await pollKind(parts, open, { connectionId, kind, deleted });
  }
}

async function pollKind(
  parts: EngineParts,
  open: OpenConnection,
  key: Parameters<typeof saveCursor>[1],
): Promise<void> {
  const startedAt = nowOf(parts);
  const since = (await findCursor(parts.db, key)) ?? open.connection.createdAt;
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
    await parts.db.transaction().execute((tx) => acceptPage(parts, tx, open, page.records, readSeq, 'poll'));
    cursor = page.next;
  } while (cursor !== undefined);
  await saveCursor(parts.db, key, startedAt);
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
  const events = records
    .filter((record) => known.get(record.sourceId) !== fingerprintOf(record.raw))
    .map(
      (record): NewEvent => ({
        connectionId,
        kind: record.kind,
        sourceId: record.sourceId,
        origin,
        topic: `${record.kind} ${record.label}`,
        record: record.raw,
        readSeq,
      }),
    );
  await acceptEvents(parts, tx, events);
  return events.length;
}
