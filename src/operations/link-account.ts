/** Links a client to an account by hand (K10): used from then on; what was booked before stays where it is. */
import type { CanonicalClient } from '../core/canonical.ts';
import { UsageError } from '../core/errors.ts';
import { isMadeForAnother, toExternalKey } from '../core/ids.ts';
import type { Source } from '../core/ports.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { whose } from '../engine/plan/account.ts';
import { clientFingerprint } from '../engine/plan/client.ts';
import { claimAccount, type Holder } from '../store/account-owners.ts';
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
  /** Where another client has it: that client as "connection/client", or the account's number where nobody knows whose it is. */
  sharedWith?: string | undefined;
};

export async function linkAccount(
  parts: OperationParts,
  actor: Actor,
  { connection: name, clientId, account: wanted, sharedWith }: LinkRequest,
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
  const value = await clientOf(parts, source, { connectionId: connection.id, clientId });
  const key = { connectionId: connection.id, kind: 'client' as const, sourceId: clientId };
  const counterpart = { id: account.id, number: account.number };
  const asOwner = !isMadeForAnother(account.number, toExternalKey(source.identity, 'client', clientId));
  const now = nowOf(parts);
  await parts.db.transaction().execute(async (tx) => {
    const holder = await claimAccount(tx, key, counterpart, { asOwner, now });
    assertMayShare(holder, account.number, { clientId, connection: connection.name, sharedWith });
    const topic = `linked by ${actor.name}`;
    await acceptEvents(parts, tx, [{ ...key, origin: 'replay', topic }]);
    const link = {
      ...key,
      currency: account.currency,
      counterpart,
      stage: 'active',
      fingerprint: clientFingerprint(value),
      copied: { found: true },
      generation: 0,
    };
    await saveLink(tx, link, now);
    const document = await findDocument(tx, connection.id, 'client', clientId);
    if (!document) throw new Error(`client ${clientId} was stored but is not there`);
    const shared = holder.who === 'self' ? '' : `, which ${whose(holder)}`;
    const data = { summary: `linked to account ${account.number} (${account.name})${shared}`, account };
    const entry = { connectionId: connection.id, actor: actor.name, entry: 'decision' as const, data };
    await appendTrail(tx, { ...entry, subject: documentSubject(document.id) }, now);
  });
  return { account: account.number, currency: account.currency };
}

/** One that cannot be read can be linked all the same, as long as its invoices have told of it. */
async function clientOf(
  { db }: OperationParts,
  source: Source,
  { connectionId, clientId }: { connectionId: string; clientId: string },
): Promise<CanonicalClient> {
  const record = await source.read('client', clientId);
  const client = record && source.toCanonical(record);
  if (client?.ok && client.value.kind === 'client') return client.value;
  if (!(await findDocument(db, connectionId, 'client', clientId)))
    throw new UsageError(`The source has no client ${clientId} that can be read.`);
  return { kind: 'client', sourceId: clientId, clientId, visibility: 'active', address: {} };
}

/** K5: two clients in one account is a decision that names both. */
function assertMayShare(
  holder: Holder,
  number: string,
  {
    clientId,
    connection,
    sharedWith,
  }: { clientId: string; connection: string; sharedWith: string | undefined },
): void {
  if (holder.who === 'self') return;
  const expected = holder.who === 'other' ? holder.name : number;
  if (sharedWith === expected) return;
  const unknown = `Account ${number} belongs to another client that nobody has named yet`;
  throw new UsageError(
    `${holder.who === 'other' ? `Account ${number} ${whose(holder)}` : unknown}: what client ${clientId} of ${connection} is billed would go there, too.`,
    `If both are to share it, say so: shared with "${expected}". Its name and e-mail stay as they are.`,
  );
}
