/** Replay: looks at records again from the source on, without ever doubling what is there (R2). */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { UsageError } from '../core/errors.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { isWorkedOn } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import { takeBackLeavingOut } from '../store/documents.ts';
import { clearDeferral } from '../store/lanes.ts';
import { appendTrail, documentSubject } from '../store/trail.ts';
import { type Actor, requireRole } from './context.ts';
import { RECORD_ROWS, type RecordFilter, recordConditions } from './list-records.ts';
import type { OperationParts } from './parts.ts';

const MOST_AT_ONCE = 10_000;
const IN_ONE_TRANSACTION = 500;

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
  if (request.dryRun !== true) {
    for (let start = 0; start < rows.length; start += IN_ONE_TRANSACTION) {
      const chunk = rows.slice(start, start + IN_ONE_TRANSACTION);
      await parts.db.transaction().execute((tx) => replayChunk(parts, tx, actor.name, chunk));
    }
  }
  return { replayed: request.dryRun === true ? 0 : rows.length, recordIds: rows.map((row) => row.id) };
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
