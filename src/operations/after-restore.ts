/** After the database was restored from a backup: what the destination holds may be newer than what is known of it. */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { listConnections } from '../store/connections.ts';
import { type Db, sqlRunner } from '../store/db.ts';
import { healOnce } from '../store/documents.ts';
import { touchAllLinks } from '../store/links.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

const IN_ONE_TRANSACTION = 500;

/**
 * Every copy is looked at anew. A difference in it is not taken for somebody else's doing: it may be our own, of the
 * time that the database has forgotten; the copy is made equal to the source, once. And every source is polled at once.
 */
export async function afterRestore(
  parts: OperationParts,
  actor: Actor,
): Promise<{ connections: string[]; copies: number }> {
  requireRole(actor, 'admin');
  const connections = await listConnections(parts.db);
  let copies = 0;
  for (const { id } of connections) {
    const copied = await listCopied(parts.db, id);
    copies += copied.length;
    await parts.db.transaction().execute(async (tx) => {
      await touchAllLinks(tx, id, nowOf(parts));
      // What was acknowledged and is forgotten stands in no table: only the source can tell of it again, and at once.
      await parts.queue.wake('poll', [{ key: id }], sqlRunner(tx));
      const summary = `restored from a backup: ${copied.length} copies are looked at anew, and healed once`;
      await auditDecision(parts, tx, actor, id, { summary });
    });
    for (let start = 0; start < copied.length; start += IN_ONE_TRANSACTION)
      await lookAgain(parts, id, copied.slice(start, start + IN_ONE_TRANSACTION));
  }
  return { connections: connections.map(({ name }) => name), copies };
}

type Copied = { id: string; kind: DocumentKind; source_id: string };

async function listCopied(db: Db, connectionId: string): Promise<Copied[]> {
  const { rows } = await sql<Copied>`
    select d.id, d.kind, d.source_id from documents d where d.connection_id = ${connectionId}
      and exists (select from links l where l.connection_id = d.connection_id and l.kind = d.kind and l.source_id = d.source_id)
    order by d.first_seen_at, d.id`.execute(db);
  return rows;
}

async function lookAgain(
  parts: OperationParts,
  connectionId: string,
  documents: readonly Copied[],
): Promise<void> {
  await parts.db.transaction().execute(async (tx) => {
    for (const { id } of documents) await healOnce(tx, id);
    await acceptEvents(
      parts,
      tx,
      documents.map(({ kind, source_id: sourceId }) => ({
        connectionId,
        kind,
        sourceId,
        origin: 'reconciliation' as const,
        topic: 'after a restore',
      })),
    );
  });
}
