/** Replay: looks at records again from the source on, without ever doubling what is there (R2). */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { UsageError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { isWorkedOn } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import { takeBackLeavingOut } from '../store/documents.ts';
import { clearDeferral } from '../store/lanes.ts';
import { appendTrail, documentSubject } from '../store/trail.ts';
import { type Actor, requireRole } from './context.ts';
import { RECORD_ROWS, type RecordFilter, recordConditions } from './list-records.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

const MOST_AT_ONCE = 10_000;
/** Small, so that lanes which are at work do not wait long for one of ours. */
const IN_ONE_TRANSACTION = 100;

export type ReplayRequest = { recordIds?: string[] | undefined; filter?: RecordFilter | undefined };

export type ReplayRow = {
  id: string;
  connection_id: string;
  kind: DocumentKind;
  source_id: string;
  lane: string;
};

/** `dryRun` only says which records it would look at. */
export async function replay(
  parts: OperationParts,
  actor: Actor,
  request: ReplayRequest & { dryRun?: boolean | undefined },
): Promise<{ replayed: number; recordIds: string[] }> {
  requireRole(actor, 'operator');
  const rows = await selectRecords(parts, request);
  const recordIds = rows.map(({ id }) => id);
  if (request.dryRun === true || rows.length === 0) return { replayed: 0, recordIds };
  await workOff(parts, await storeReplay(parts, actor, { recordIds, filter: request.filter }), actor.name);
  return { replayed: rows.length, recordIds };
}

/** What is asked for is stored first, so a crash only delays it. Returns its id. */
export async function storeReplay(
  parts: OperationParts,
  actor: Actor,
  request: ReplayRequest,
): Promise<string> {
  const { recordIds, filter } = request;
  if (!recordIds && !filter) throw new UsageError('Say which records: ids or a filter.');
  const now = nowOf(parts);
  const id = newId(now.getTime());
  const ids = recordIds ? sql`d.id = any(${recordIds}::uuid[])` : sql`true`;
  await parts.db.transaction().execute(async (tx) => {
    await tx
      .insertInto('replays')
      .values({ id, actor: actor.name, request: JSON.stringify(request), created_at: now })
      .execute();
    const { numAffectedRows } = await sql`
      insert into replay_items (replay_id, document_id)
      select ${id}, d.id from documents d where ${ids} and ${isWorkedOn('d')} and ${recordConditions(filter ?? {})}`.execute(
      tx,
    );
    await auditInstallation(parts, tx, actor, {
      summary: `replay of ${numAffectedRows ?? 0} records`,
      replayId: id,
      filter,
    });
  });
  return id;
}

/** Several processes may work on one replay: each takes other records. */
export async function workOff(parts: OperationParts, replayId: string, actor: string): Promise<void> {
  while (!parts.stopping.aborted) {
    const taken = await parts.db.transaction().execute((tx) => takeChunk(parts, tx, replayId, actor));
    if (taken === 0) return;
  }
}

async function takeChunk(parts: OperationParts, tx: Db, replayId: string, actor: string): Promise<number> {
  const { rows } = await sql<ReplayRow>`
    select d.id, d.connection_id, d.kind, d.source_id, d.lane from documents d
    where d.id in (
      select document_id from replay_items where replay_id = ${replayId} and taken_at is null
      order by document_id limit ${IN_ONE_TRANSACTION} for update skip locked)`.execute(tx);
  if (rows.length === 0) return 0;
  await replayChunk(parts, tx, actor, rows);
  await sql`update replay_items set taken_at = ${nowOf(parts)}
    where replay_id = ${replayId} and document_id = any(${rows.map(({ id }) => id)}::uuid[])`.execute(tx);
  return rows.length;
}

async function selectRecords(
  parts: OperationParts,
  { recordIds, filter }: ReplayRequest,
): Promise<ReplayRow[]> {
  if (!recordIds && !filter) throw new UsageError('Say which records: ids or a filter.');
  const ids = recordIds ? sql`d.id = any(${recordIds}::uuid[])` : sql`true`;
  const { rows } =
    await sql<ReplayRow>`${RECORD_ROWS} where ${ids} and ${isWorkedOn('d')} and ${recordConditions(filter ?? {})}
    order by d.first_seen_at limit ${MOST_AT_ONCE + 1}`.execute(parts.db);
  if (rows.length > MOST_AT_ONCE) {
    throw new UsageError(`More than ${MOST_AT_ONCE} records fit.`, 'Narrow the filter and replay in parts.');
  }
  return rows;
}

/** In the caller's transaction. */
export async function replayChunk(
  parts: OperationParts,
  tx: Db,
  actor: string,
  rows: readonly ReplayRow[],
): Promise<void> {
  const now = nowOf(parts);
  // Lanes before trails, as every write in a lane takes them: the two never wait for each other in a circle.
  const lanes = new Map(rows.map((row) => [`${row.connection_id} ${row.lane}`, row]));
  for (const [, row] of [...lanes].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    await clearDeferral(tx, row.connection_id, [row.lane]);
  for (const row of rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const entry = { subject: documentSubject(row.id), connectionId: row.connection_id, actor };
    await appendTrail(tx, { ...entry, entry: 'decision', data: { summary: 'replay asked for' } }, now);
    await takeBackLeavingOut(tx, row.id);
  }
  await acceptEvents(
    parts,
    tx,
    rows.map((row) => ({
      connectionId: row.connection_id,
      kind: row.kind,
      sourceId: row.source_id,
      origin: 'replay' as const,
      topic: `asked for by ${actor}`,
    })),
  );
}
