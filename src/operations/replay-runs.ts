/** Replays of many records in the background: what was asked for is stored first, so a crash only delays it. */
import { sql } from 'kysely';
import { NotFound, UsageError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { nowOf } from '../engine/parts.ts';
import { isWorkedOn } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import type { DocumentState } from '../store/documents.ts';
import { type Actor, requireRole } from './context.ts';
import { recordConditions } from './list-records.ts';
import { auditInstallation, type OperationParts } from './parts.ts';
import { type ReplayRequest, type ReplayRow, replayChunk } from './replay.ts';

/** Small, so that lanes which are at work do not wait long for one of ours. */
const IN_ONE_TRANSACTION = 100;
const LISTED = 20;
const RETRY_MS = 5_000;

/** Returns at once; the records are taken one chunk after the other. */
export async function startReplay(
  parts: OperationParts,
  actor: Actor,
  request: ReplayRequest,
): Promise<ReplayRun> {
  requireRole(actor, 'operator');
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
  void keepWorking(parts, id, actor.name);
  return showReplay(parts, actor, { replayId: id });
}

/** Goes on with what an earlier process has left. */
export async function continueReplays(parts: OperationParts): Promise<void> {
  const { rows } = await sql<{ id: string; actor: string }>`
    select id, actor from replays r
    where exists (select from replay_items i where i.replay_id = r.id and i.taken_at is null)
    order by created_at`.execute(parts.db);
  for (const { id, actor } of rows) await keepWorking(parts, id, actor);
}

/** A database that is away for a moment only delays it; what is left when the process stops, the next one takes. */
async function keepWorking(parts: OperationParts, replayId: string, actor: string): Promise<void> {
  while (!parts.stopping.aborted) {
    try {
      return await work(parts, replayId, actor);
    } catch (error) {
      parts.log.warn({ err: error, replayId }, 'replay put off');
      await parts.clock.sleep(RETRY_MS, parts.stopping);
    }
  }
}

/** Several processes may work on one replay: each takes other records. */
async function work(parts: OperationParts, replayId: string, actor: string): Promise<void> {
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

export type ReplayRun = {
  id: string;
  actor: string;
  createdAt: string;
  total: number;
  /** Handed over to the lanes. */
  taken: number;
  /** Looked at, with an end state. */
  settled: number;
  /** States of those that are settled. */
  outcomes: Record<DocumentState, number>;
  done: boolean;
};

type RunRow = { id: string; actor: string; created_at: Date; total: bigint; taken: bigint };

const RUN_ROWS = sql`
  select r.id, r.actor, r.created_at, i.total, i.taken from replays r
  cross join lateral (
    select count(*) as total, count(taken_at) as taken from replay_items where replay_id = r.id
  ) i`;

export async function showReplay(
  parts: OperationParts,
  actor: Actor,
  { replayId }: { replayId: string },
): Promise<ReplayRun> {
  requireRole(actor, 'viewer');
  const { rows } = await sql<RunRow>`${RUN_ROWS} where r.id::text = ${replayId}`.execute(parts.db);
  const [row] = rows;
  if (!row) throw new NotFound(`There is no replay ${replayId}.`, 'replays lists them.');
  return toRun(parts, row);
}

export async function listReplays(parts: OperationParts, actor: Actor): Promise<ReplayRun[]> {
  requireRole(actor, 'viewer');
  const { rows } = await sql<RunRow>`${RUN_ROWS} order by r.created_at desc limit ${LISTED}`.execute(
    parts.db,
  );
  return Promise.all(rows.map((row) => toRun(parts, row)));
}

async function toRun({ db }: OperationParts, row: RunRow): Promise<ReplayRun> {
  const outcomes: ReplayRun['outcomes'] = { pending: 0, synced: 0, parked: 0, ignored: 0 };
  const { rows } = await sql<{ state: DocumentState; count: bigint }>`
    select d.state, count(*) as count from replay_items i join documents d on d.id = i.document_id
    where i.replay_id = ${row.id} and i.taken_at is not null
      and not exists (select from events e where e.document_id = d.id and e.settled_at is null)
    group by 1`.execute(db);
  for (const { state, count } of rows) outcomes[state] = Number(count);
  const settled = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const total = Number(row.total);
  return {
    id: row.id,
    actor: row.actor,
    createdAt: row.created_at.toISOString(),
    total,
    taken: Number(row.taken),
    settled,
    outcomes,
    done: settled === total,
  };
}
