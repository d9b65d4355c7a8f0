/** Replaces a connection's webhook paths, as after one has leaked: the old ones are served until the new ones are verified. */
import { UsageError } from '../core/errors.ts';
import { nowOf } from '../engine/parts.ts';
import { replaceCallbacks } from '../store/callbacks.ts';
import { loadConnection } from '../store/connections.ts';
import { sqlRunner } from '../store/db.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

/** The running service does it; for a connection that is paused it waits until that is resumed. */
export async function rotatePaths(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string },
): Promise<{ id: string; callbacks: number; waits: boolean }> {
  requireRole(actor, 'admin');
  const { id, name, state, webhooksEnabled } = await loadConnection(parts.db, request.connection);
  if (!webhooksEnabled) {
    throw new UsageError(
      `${name} has no webhook paths: its webhooks are switched off.`,
      'connection set NAME --webhooks switches them on, with new paths.',
    );
  }
  const callbacks = await parts.db.transaction().execute(async (tx) => {
    const replaced = await replaceCallbacks(tx, { connectionId: id }, nowOf(parts));
    await auditDecision(parts, tx, actor, id, { summary: 'webhook paths are to be replaced' });
    await parts.queue.wake('callbacks', [{ key: id }], sqlRunner(tx));
    return replaced;
  });
  return { id, callbacks, waits: state === 'paused' };
}
