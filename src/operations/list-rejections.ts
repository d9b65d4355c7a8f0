/** Webhook deliveries that were turned away, with their cause: for finding out what a sender does differently. */
import { loadConnection } from '../store/connections.ts';
import { listRejections as listStored } from '../store/rejections.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export async function listRejections(
  parts: OperationParts,
  actor: Actor,
  query: { connection?: string | undefined; cause?: string | undefined; limit: number },
) {
  requireRole(actor, 'operator');
  const connectionId =
    query.connection === undefined ? undefined : (await loadConnection(parts.db, query.connection)).id;
  const rejections = await listStored(parts.db, { connectionId, cause: query.cause, limit: query.limit });
  return rejections.map(({ at, body, ...rejection }) => ({
    ...rejection,
    at: at.toISOString(),
    /** As text; bytes that are no UTF-8 show as replacement characters. */
    body: body === null ? null : body.toString('utf8'),
  }));
}
