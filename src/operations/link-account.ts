/** Links a client to an account by hand (K10): used from then on; what was booked before stays where it is. */
import { UsageError } from '../core/errors.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { clientFingerprint } from '../engine/plan/client.ts';
import { loadConnection } from '../store/connections.ts';
import { findDocument } from '../store/documents.ts';
import { saveLink } from '../store/links.ts';
import { appendTrail, documentSubject } from '../store/trail.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export type LinkRequest = {
  connection: string;
  /** The client's id in the source. */
  clientId: string;
  /** The account's number or id in the destination. */
  account: string;
};

export async function linkAccount(
  parts: OperationParts,
  actor: Actor,
  { connection: name, clientId, account: wanted }: LinkRequest,
): Promise<{ account: string; currency: string }> {
  requireRole(actor, 'operator');
  const connection = await loadConnection(parts.db, name);
  const { source, destination } = await parts.runtime.open(connection.id);
  const account = await destination.findAccount(wanted);
  if (!account)
    throw new UsageError(
      `There is no active account ${wanted}.`,
      'Give its number as the destination shows it.',
    );
  const record = await source.read('client', clientId);
  const client = record && source.toCanonical(record);
  if (!client?.ok || client.value.kind !== 'client')
    throw new UsageError(`The source has no client ${clientId} that can be read.`);
  const { value } = client;
  const key = { connectionId: connection.id, kind: 'client' as const, sourceId: clientId };
  await parts.db.transaction().execute(async (tx) => {
    const topic = `linked by ${actor.name}`;
    await acceptEvents(parts, tx, [{ ...key, origin: 'replay', topic }]);
    const link = {
      ...key,
      currency: account.currency,
      counterpart: { id: account.id, number: account.number },
      stage: 'active',
      fingerprint: clientFingerprint(value),
      copied: { found: true },
      generation: 0,
    };
    await saveLink(tx, link, nowOf(parts));
    const document = await findDocument(tx, connection.id, 'client', clientId);
    if (!document) throw new Error(`client ${clientId} was stored but is not there`);
    const data = { summary: `linked to account ${account.number} (${account.name})`, account };
    const entry = { connectionId: connection.id, actor: actor.name, entry: 'decision' as const, data };
    await appendTrail(tx, { ...entry, subject: documentSubject(document.id) }, nowOf(parts));
  });
  return { account: account.number, currency: account.currency };
}
