/** Backfill of history: start it, and see how far it has come. */
import { sql } from 'kysely';
import { NotFound } from '../core/errors.ts';
import { startBackfill } from '../engine/backfill.ts';
import { findBackfill } from '../store/backfills.ts';
import { loadConnection } from '../store/connections.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export async function backfill(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string; since?: string | undefined },
): Promise<{ id: string }> {
  requireRole(actor, 'operator');
  const { id } = await loadConnection(parts.db, request.connection);
  const changedSince = request.since === undefined ? null : new Date(`${request.since}T00:00:00Z`);
  return {
    id: await startBackfill(parts, parts.runtime, { connectionId: id, changedSince, actor: actor.name }),
  };
}

/** `settled` of `accepted` documents have an end state; `listed` of about `estimated` have been seen. */
export async function backfillProgress(parts: OperationParts, actor: Actor, { id }: { id: string }) {
  requireRole(actor, 'viewer');
  const found = await findBackfill(parts.db, id);
  if (!found) throw new NotFound(`There is no backfill ${id}.`);
  const { rows } = await sql<{ accepted: bigint; settled: bigint }>`
    select count(distinct e.document_id) as accepted,
      count(distinct e.document_id) filter (where not exists (
        select from events u where u.document_id = e.document_id and u.settled_at is null)) as settled
    from events e join backfills b on b.id = ${id} and e.connection_id = b.connection_id
    where e.origin = 'backfill' and e.received_at >= b.created_at`.execute(parts.db);
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return {
    id,
    state: found.state,
    error: found.error,
    listed: sum(found.listed),
    listedByKind: found.listed,
    estimated: sum(found.estimated),
    accepted: Number(rows[0]?.accepted ?? 0n),
    settled: Number(rows[0]?.settled ?? 0n),
  };
}
