/** Who did what: the newest entries about a connection, or about the installation itself. */
import { loadConnection } from '../store/connections.ts';
import { connectionSubject, listNewestTrail } from '../store/trail.ts';
import { checkAuditChain } from './chain-view.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export async function listAudit(
  parts: OperationParts,
  actor: Actor,
  query: { connection?: string | undefined; limit: number },
) {
  requireRole(actor, 'viewer');
  const subject =
    query.connection === undefined
      ? 'installation'
      : connectionSubject((await loadConnection(parts.db, query.connection)).id);
  const chain = await checkAuditChain(parts.db, subject);
  const entries = await listNewestTrail(parts.db, subject, query.limit);
  return {
    entries: entries.map(({ position, at, actor: by, entry, data: { summary, ...data } }) => ({
      position,
      at: at.toISOString(),
      actor: by,
      entry,
      summary,
      data,
    })),
    chainIntact: chain.state !== 'broken',
    chainFault: chain.state === 'broken' ? chain.why : null,
  };
}
