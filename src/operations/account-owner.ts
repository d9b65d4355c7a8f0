/** Whose an account of several clients is: shown, and said by a person (K5). Only the owner's name and e-mail are written to it. */
import { sql } from 'kysely';
import { UsageError } from '../core/errors.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { listSharedAccounts, type SharedAccount, setAccountOwner } from '../store/account-owners.ts';
import { loadConnection } from '../store/connections.ts';
import type { Db } from '../store/db.ts';
import { type Link, listLinks, saveLink } from '../store/links.ts';
import { closeNotices } from '../store/upgrade-notices.ts';
import { type Actor, requireRole } from './context.ts';
import { auditDecision, type OperationParts } from './parts.ts';

export async function sharedAccounts(parts: OperationParts, actor: Actor): Promise<SharedAccount[]> {
  requireRole(actor, 'viewer');
  return listSharedAccounts(parts.db);
}

export type OwnerRequest = {
  connection: string;
  /** The client's id in the source; one of those that are booked to the account. */
  clientId: string;
  /** The account's number or id in the destination. */
  account: string;
};

/** All its clients look again: the owner's name and e-mail are written where another's had been. */
export async function setOwner(
  parts: OperationParts,
  actor: Actor,
  { connection: name, clientId, account }: OwnerRequest,
): Promise<{ account: string; owner: string }> {
  requireRole(actor, 'operator');
  const connection = await loadConnection(parts.db, name);
  const key = { connectionId: connection.id, kind: 'client' as const, sourceId: clientId };
  const owner = `${connection.name}/${clientId}`;
  const links = await listLinks(parts.db, key);
  const link = links.find(({ counterpart: { id, number } }) => id === account || number === account);
  if (!link)
    throw new UsageError(
      `Client ${clientId} of ${connection.name} is not tied to account ${account}.`,
      'Name one of the clients that are: accounts shared lists them.',
    );
  const { id, number } = link.counterpart;
  await parts.db.transaction().execute(async (tx) => {
    const now = nowOf(parts);
    await setAccountOwner(tx, key, link.counterpart, { by: actor.name, now });
    if (await wasRenamedByOthers(tx, link)) await saveLink(tx, { ...link, fingerprint: '' }, now);
    const events = (await listClientsOf(tx, link)).map((client) => ({
      ...client,
      kind: 'client' as const,
      origin: 'replay' as const,
      topic: `account ${number} is that of ${owner}, said ${actor.name}`,
    }));
    await acceptEvents(parts, tx, events);
    await closeNotices(tx, {
      code: 'account-shared',
      subject: `${number} (${id})`,
      doneBy: actor.name,
      now,
    });
    const summary = `account ${number} is that of client ${clientId}`;
    await auditDecision(parts, tx, actor, connection.id, { summary, account: link.counterpart, clientId });
  });
  return { account: number, owner };
}

/** Another client's name was written to it, when nobody knew better. */
async function wasRenamedByOthers(tx: Db, { connectionId, sourceId, counterpart }: Link): Promise<boolean> {
  const { rows } = await sql`
    select from deliveries v join documents d on d.id = v.document_id
    where v.step_kind = 'update-account' and v.state = 'succeeded' and v.step -> 'account' ->> 'id' = ${counterpart.id}
      and not (d.connection_id = ${connectionId} and d.source_id = ${sourceId}) limit 1`.execute(tx);
  return rows.length > 0;
}

/** Under all connections that still work. */
async function listClientsOf(tx: Db, { counterpart }: Link) {
  const { rows } = await sql<{ connectionId: string; sourceId: string }>`
    select l.connection_id as "connectionId", l.source_id as "sourceId"
    from links l join connections c on c.id = l.connection_id and c.removed_at is null
    where l.kind = 'client' and l.counterpart_id = ${counterpart.id}`.execute(tx);
  return rows;
}
