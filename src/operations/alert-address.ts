/** The address of a connection's alerts: whether it may be one, and whether a test arrives there. */
import { UsageError } from '../core/errors.ts';
import { postAlert } from '../engine/alerts.ts';
import { nowOf } from '../engine/parts.ts';
import { findAlertTarget, recordTestAlert } from '../store/alerts.ts';
import { loadConnection } from '../store/connections.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** '' is none. */
export function assertAlertUrl(text: string): void {
  if (text === '') return;
  const url = URL.parse(text);
  const isFit = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (isFit && url?.username === '' && url.password === '') return;
  throw new UsageError(
    'alertUrl: it begins with https://, or with http:// on this machine itself, and has no password in it.',
    'For example: --alert-url https://hooks.example.com/finance',
  );
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
  const failure = (await postAlert(target, told, parts.publicUrl)) ?? null;
  await recordTestAlert(parts.db, id, failure, at);
  return { id, failure };
}
