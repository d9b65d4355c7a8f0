/** Links: which document of the source is which one of the destination, and what was last written and confirmed there (I2). */
import { type Selectable, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import type { Counterpart } from '../core/steps.ts';
import type { Db } from './db.ts';
import type { Links } from './schema.ts';

export type LinkKey = { connectionId: string; kind: DocumentKind; sourceId: string; currency: string };

/** Figures as read back from the destination; amounts in minor units as text. */
export type Confirmed = { amountMinor: string; balanceMinor: string; date: string; stage: string };

/** What was last written, in words of the source; amounts in minor units as text. */
export type Copied = {
  clientId?: string;
  /** The account it was booked to. */
  account?: Counterpart;
  /** Invoices: hashes of what makes the lines and the texts. Undefined where nobody knows (adopted). */
  lines?: string;
  texts?: string;
  /** The source's own number, which may change while the destination's cannot. */
  label?: string;
  /** The date of the source, and the one it was booked on where a policy moved it. */
  dated?: string;
  bookedOn?: string;
  /** Payments: what they settle, out of what, and how. */
  invoiceSourceId?: string;
  creditSourceId?: string;
  /** A larger amount of cash: the credit that holds the rest. */
  overpaymentId?: string;
  amountMinor?: string;
  method?: string;
  /** Invoices: memos for what was changed after posting; a credit has a negative amount. */
  adjustments?: readonly (Counterpart & { amountMinor: string })[];
  /** Clients: linked by e-mail or by a person, not made here. */
  found?: boolean;
  /** What a person should know of the copy for as long as it stays so. */
  notes?: readonly string[];
};

export type Link = LinkKey & {
  counterpart: Counterpart;
  stage: string;
  /** Of everything in the canonical document that makes its copy. */
  fingerprint: string;
  copied: Copied;
  /** How often it was issued anew under a number of its own. */
  generation: number;
  confirmed: Confirmed | null;
  /** Steps were taken that no read-back has confirmed yet. */
  touched: boolean;
};

export type NewLink = Omit<Link, 'confirmed' | 'touched'>;

function toLink(row: Selectable<Links>): Link {
  return {
    connectionId: row.connection_id,
    kind: row.kind as DocumentKind,
    sourceId: row.source_id,
    currency: row.currency,
    counterpart: { id: row.counterpart_id, number: row.counterpart_number },
    stage: row.stage,
    fingerprint: row.fingerprint,
    copied: row.copied as Copied,
    generation: row.generation,
    confirmed: row.confirmed as Confirmed | null,
    touched: row.touched_at !== null,
  };
}

/** Without a currency: the newest link of whatever currency there is. */
export async function findLink(
  db: Db,
  key: Omit<LinkKey, 'currency'> & { currency?: string },
): Promise<Link | undefined> {
  let query = db
    .selectFrom('links')
    .selectAll()
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('source_id', '=', key.sourceId);
  if (key.currency !== undefined) query = query.where('currency', '=', key.currency);
  const row = await query.orderBy('created_at', 'desc').limit(1).executeTakeFirst();
  return row && toLink(row);
}

/** A client's accounts, one for each currency. */
export async function listLinks(db: Db, key: Omit<LinkKey, 'currency'>): Promise<Link[]> {
  const rows = await db
    .selectFrom('links')
    .selectAll()
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('source_id', '=', key.sourceId)
    .orderBy('currency')
    .execute();
  return rows.map(toLink);
}

/** The document's one link from now on (accounts: the one in its currency); not confirmed until it is read back. */
export async function saveLink(db: Db, link: NewLink, now: Date): Promise<void> {
  const { connectionId, kind, sourceId, currency } = link;
  if (kind !== 'client') await removeLinks(db, { connectionId, kind, sourceId, exceptCurrency: currency });
  const changing = {
    counterpart_id: link.counterpart.id,
    counterpart_number: link.counterpart.number,
    stage: link.stage,
    fingerprint: link.fingerprint,
    copied: JSON.stringify(link.copied),
    generation: link.generation,
    touched_at: now,
  };
  await db
    .insertInto('links')
    .values({
      connection_id: connectionId,
      kind,
      source_id: sourceId,
      currency,
      ...changing,
      created_at: now,
    })
    .onConflict((oc) => oc.columns(['connection_id', 'kind', 'source_id', 'currency']).doUpdateSet(changing))
    .execute();
}

async function removeLinks(
  db: Db,
  key: Omit<LinkKey, 'currency'> & { exceptCurrency: string },
): Promise<void> {
  await db
    .deleteFrom('links')
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('source_id', '=', key.sourceId)
    .where('currency', '<>', key.exceptCurrency)
    .execute();
}

/** From the first intent on, what was confirmed of these counterparts says nothing any more. */
export async function touchLinks(
  db: Db,
  connectionId: string,
  counterpartIds: readonly string[],
  now: Date,
): Promise<void> {
  if (counterpartIds.length === 0) return;
  await db
    .updateTable('links')
    .set({ touched_at: now })
    .where('connection_id', '=', connectionId)
    .where('counterpart_id', 'in', [...counterpartIds])
    .where('touched_at', 'is', null)
    .execute();
}

/** The same for all there are. */
export async function touchAllLinks(db: Db, connectionId: string, now: Date): Promise<void> {
  await db.updateTable('links').set({ touched_at: now }).where('connection_id', '=', connectionId).execute();
}

/** Read back and equal: from now on any other state of the copy is somebody else's doing. */
export async function confirmLink(
  db: Db,
  key: LinkKey,
  confirmed: Confirmed,
  now: Date,
  written?: { fingerprint: string; copied: Copied },
): Promise<void> {
  await db
    .updateTable('links')
    .set({
      confirmed: JSON.stringify(confirmed),
      confirmed_at: now,
      stage: confirmed.stage,
      touched_at: null,
      ...(written ? { fingerprint: written.fingerprint, copied: JSON.stringify(written.copied) } : {}),
    })
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('source_id', '=', key.sourceId)
    .where('currency', '=', key.currency)
    .execute();
}

/** Links of the payments that settle an invoice. */
export function listPaymentLinksOf(db: Db, connectionId: string, invoiceSourceId: string): Promise<Link[]> {
  return listPaymentLinksWhere(db, connectionId, 'invoiceSourceId', invoiceSourceId);
}

/** Links of the payments that are paid out of a credit. */
export function listPaymentLinksFrom(db: Db, connectionId: string, creditSourceId: string): Promise<Link[]> {
  return listPaymentLinksWhere(db, connectionId, 'creditSourceId', creditSourceId);
}

/** Links of the payments whose cash went in part into a credit. */
export function listPaymentLinksWithRestIn(db: Db, connectionId: string, creditId: string): Promise<Link[]> {
  return listPaymentLinksWhere(db, connectionId, 'overpaymentId', creditId);
}

async function listPaymentLinksWhere(
  db: Db,
  connectionId: string,
  member: 'invoiceSourceId' | 'creditSourceId' | 'overpaymentId',
  value: string,
): Promise<Link[]> {
  const rows = await db
    .selectFrom('links')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('kind', '=', 'payment')
    .where(sql<string>`copied ->> ${sql.lit(member)}`, '=', value)
    .orderBy('created_at')
    .execute();
  return rows.map(toLink);
}

/** Links whose copies are these documents of the destination. */
export async function listLinksOfCounterparts(
  db: Db,
  connectionId: string,
  counterpartIds: readonly string[],
): Promise<Link[]> {
  if (counterpartIds.length === 0) return [];
  const rows = await db
    .selectFrom('links')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('counterpart_id', 'in', [...counterpartIds])
    .execute();
  return rows.map(toLink);
}

/** Until the transaction ends nobody else ties anything to this object of the destination, under any connection. */
export async function lockCounterpart(tx: Db, counterpartId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`counterpart ${counterpartId}`}, 0))`.execute(tx);
}

/** The document of another connection to the same tenant whose copy this is: "connection/id". */
export async function findOtherUser(
  db: Db,
  { connectionId, kind, sourceId }: Omit<LinkKey, 'currency'>,
  counterpartId: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`
    select c.name || '/' || l.source_id as name
    from connections me
    join connections c on c.destination = me.destination and c.id <> me.id
      and coalesce(c.destination_settings ->> 'tenantId', me.destination_settings ->> 'tenantId', '')
        = coalesce(me.destination_settings ->> 'tenantId', c.destination_settings ->> 'tenantId', '')
    join links l on l.connection_id = c.id and l.counterpart_id = ${counterpartId} and l.kind = ${kind}
    where me.id = ${connectionId} and not (l.source_id = ${sourceId} and c.source = me.source
      and coalesce(c.source_settings ->> 'accountId' = me.source_settings ->> 'accountId', false))
    limit 1`.execute(db);
  return rows[0]?.name;
}
