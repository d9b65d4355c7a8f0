/** Whose account of the destination it is: one client's, across all connections that reach the same tenant (K5, I10). */
import { sql } from 'kysely';
import type { Counterpart } from '../core/steps.ts';
import type { Db } from './db.ts';
import { lockCounterpart } from './links.ts';

/** A client, as a connection knows it. The same one of the same source account counts as the same under any connection. */
export type Claimant = { connectionId: string; sourceId: string };

/**
 * Whose it is, as a client sees it. `nobody`: it is shared, and no person has said whose it is. `name` is
 * "connection/client", `told` the same for people.
 */
export type Holder = { who: 'self' } | { who: 'other'; name: string; told: string } | { who: 'nobody' };

/** What an unknown tenant may be: any. */
const SAME_TENANT = sql`o.destination = me.destination
  and (o.tenant = '' or coalesce(me.destination_settings ->> 'tenantId', '') in ('', o.tenant))`;
/** Where a source does not name its account, a connection is a source account of its own. */
const SAME_SOURCE = sql`(c.id = me.id or
  (c.source = me.source and c.source_settings ->> 'accountId' = me.source_settings ->> 'accountId'))`;

/** By the account's id in the destination; those that no client has are left out. */
export async function listHolders(
  db: Db,
  { connectionId, sourceId }: Claimant,
  accountIds: readonly string[],
): Promise<Map<string, Holder>> {
  const holders = new Map<string, Holder>();
  if (accountIds.length === 0) return holders;
  const { rows } = await sql<{
    id: string;
    client: string | null;
    connection: string | null;
    label: string | null;
    is_self: boolean | null;
  }>`
    select o.counterpart_id as id, o.source_id as client, c.name as connection, d.label,
      o.source_id = ${sourceId} and ${SAME_SOURCE} as is_self
    from connections me
    join account_owners o on ${SAME_TENANT}
    left join connections c on c.id = o.connection_id
    left join documents d on d.connection_id = c.id and d.kind = 'client' and d.source_id = o.source_id
    where me.id = ${connectionId} and o.counterpart_id in (${sql.join(accountIds)})
    order by 5 nulls first`.execute(db);
  // Where several tenants may be meant, the one that is not this client's decides.
  for (const { id, client, connection, label, is_self: isSelf } of rows)
    if (!holders.has(id)) holders.set(id, toHolder(isSelf === true, { client, connection, label }));
  return holders;
}

function toHolder(
  isSelf: boolean,
  { client, connection, label }: { client: string | null; connection: string | null; label: string | null },
): Holder {
  if (isSelf) return { who: 'self' };
  if (client === null) return { who: 'nobody' };
  const name = `${connection ?? ''}/${client}`;
  return { who: 'other', name, told: label ? `${label} (${name})` : name };
}

/**
 * Takes the account for this client unless it is somebody's already; returns whose it is then. `asOwner` false: it is
 * noted as used, and whose it is stays open. The lock lasts until the transaction ends: of two that meet one is second.
 */
export async function claimAccount(
  tx: Db,
  claimant: Claimant,
  account: Counterpart,
  { asOwner, now }: { asOwner: boolean; now: Date },
): Promise<Holder> {
  await lockCounterpart(tx, account.id);
  const holder = (await listHolders(tx, claimant, [account.id])).get(account.id);
  if (!holder) await insertOwner(tx, claimant, account, { asOwner, now });
  else if (holder.who === 'self') await moveToLiving(tx, claimant, account);
  return holder ?? { who: asOwner ? 'self' : 'nobody' };
}

/** A person has said whose it is. */
export async function setAccountOwner(
  tx: Db,
  claimant: Claimant,
  account: Counterpart,
  { by, now }: { by: string; now: Date },
): Promise<void> {
  await lockCounterpart(tx, account.id);
  const { connectionId, sourceId } = claimant;
  const { numAffectedRows } = await sql`
    update account_owners o set connection_id = ${connectionId}, source_id = ${sourceId}, since = ${now}, named_by = ${by}
    from connections me where me.id = ${connectionId} and o.counterpart_id = ${account.id} and ${SAME_TENANT}`.execute(
    tx,
  );
  if (numAffectedRows === 0n) await insertOwner(tx, claimant, account, { asOwner: true, now, by });
}

/** Owners of what an earlier version has tied, and of what one that still ran has tied since. */
export async function noteAccountOwners(db: Db, now: Date): Promise<void> {
  await sql`select note_account_owners(${now})`.execute(db);
}

async function insertOwner(
  tx: Db,
  { connectionId, sourceId }: Claimant,
  { id, number }: Counterpart,
  { asOwner, now, by = null }: { asOwner: boolean; now: Date; by?: string | null },
): Promise<void> {
  await sql`
    insert into account_owners
      (destination, tenant, counterpart_id, counterpart_number, connection_id, source_id, since, named_by)
    select destination, coalesce(destination_settings ->> 'tenantId', ''), ${id}, ${number},
      ${asOwner ? connectionId : null}::uuid, ${asOwner ? sourceId : null}::text, ${now}, ${by}::text
    from connections where id = ${connectionId}`.execute(tx);
}

/** The same client under another connection than the one that was removed. */
async function moveToLiving(tx: Db, { connectionId }: Claimant, { id }: Counterpart): Promise<void> {
  await sql`
    update account_owners o set connection_id = me.id
    from connections me, connections c
    where me.id = ${connectionId} and o.counterpart_id = ${id} and ${SAME_TENANT}
      and c.id = o.connection_id and c.removed_at is not null`.execute(tx);
}

export type SharedAccount = Counterpart & {
  /** Null until a person has said whose it is. */
  owner: AccountUser | null;
  /** All whose documents are booked there, the owner among them. */
  clients: AccountUser[];
};
export type AccountUser = { connectionId: string; connection: string; clientId: string; label: string };

/** Accounts of several clients, and those of which nobody knows whose they are. */
export async function listSharedAccounts(db: Db): Promise<SharedAccount[]> {
  const { rows } = await sql<{
    id: string;
    number: string;
    owner: AccountUser | null;
    clients: AccountUser[];
  }>`
    select o.counterpart_id as id, o.counterpart_number as number, users.clients,
      case when owner.id is not null then json_build_object('connectionId', owner.id, 'connection', owner.name,
        'clientId', o.source_id, 'label', coalesce(face.label, '')) end as owner
    from account_owners o
    left join connections owner on owner.id = o.connection_id
    left join documents face
      on face.connection_id = owner.id and face.kind = 'client' and face.source_id = o.source_id
    join lateral (
      select json_agg(json_build_object('connectionId', me.id, 'connection', me.name, 'clientId', l.source_id,
          'label', coalesce(d.label, '')) order by me.name, l.source_id) as clients,
        bool_or(not (o.source_id = l.source_id and (owner.id = me.id or (owner.source = me.source
          and owner.source_settings ->> 'accountId' = me.source_settings ->> 'accountId')))) as has_others
      from links l
      join connections me on me.id = l.connection_id and ${SAME_TENANT}
      left join documents d on d.connection_id = me.id and d.kind = 'client' and d.source_id = l.source_id
      where l.kind = 'client' and l.counterpart_id = o.counterpart_id
    ) users on users.clients is not null
    where o.connection_id is null or users.has_others
    order by o.counterpart_number`.execute(db);
  return rows;
}
