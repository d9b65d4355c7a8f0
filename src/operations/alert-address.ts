/** The address of a connection's alerts: whether it may be one, and whether a test arrives there. */
import { UsageError } from '../core/errors.ts';
import { postAlert } from '../engine/alerts.ts';
import { alertAddresses } from '../engine/outgoing.ts';
import { nowOf } from '../engine/parts.ts';
import { findAlertTarget, recordTestAlert } from '../store/alerts.ts';
import { type Connection, loadConnection } from '../store/connections.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

/** '' is none. */
export function assertAlertUrl(
  parts: Pick<OperationParts, 'addresses'>,
  { simulators }: Pick<Connection, 'simulators'>,
  url: string,
): void {
  const problem = url === '' ? undefined : alertAddresses(parts, { url, simulators }).problemOf(url);
  if (problem === undefined) return;
  throw new UsageError(`alertUrl: ${problem}.`, 'For example: --alert-url https://hooks.example.com/finance');
}

/** `failure` is null when it arrived. */
export async function testAlert(
  parts: OperationParts,
  actor: Actor,
  request: { connection: string },
): Promise<{ id: string; failure: string | null }> {
  requireRole(actor, 'admin');
  const { id } = await loadConnection(parts.db, request.connection);
  const target = await findAlertTarget(parts.db, id);
  if (!target)
    throw new UsageError('The connection has no address for alerts.', 'connection set NAME --alert-url URL');
  const at = nowOf(parts);
  const told = { connectionId: id, what: 'test', code: 'test', count: 0, at } as const;
  const failure = (await postAlert(parts, target, told, parts.publicUrl)) ?? null;
  await recordTestAlert(parts.db, id, failure, at);
  return { id, failure };
}
