/** Links: which document of the source is which one of the destination, and what was last confirmed there (I2). */
import { type Selectable, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import type { Counterpart } from '../core/steps.ts';
import type { Db } from './db.ts';
import type { Links } from './schema.ts';

export type LinkKey = { connectionId: string; kind: DocumentKind; sourceId: string; currency: string };

/** Figures as read back from the destination; amounts in minor units as text. */
export type Confirmed = {
  amountMinor: string;
  balanceMinor: string;
  date: string;
  stage: string;
  /** Payments: the source id of the invoice they settle, and how much of it. */
  invoiceSourceId?: string;
  appliedMinor?: string;
};

export type Link = LinkKey & {
  counterpart: Counterpart;
  stage: string;
  fingerprint: string;
  confirmed: Confirmed | null;
};

function toLink(row: Selectable<Links>): Link {
  return {
    connectionId: row.connection_id,
    kind: row.kind as DocumentKind,
    sourceId: row.source_id,
    currency: row.currency,
    counterpart: { id: row.counterpart_id, number: row.counterpart_number },
    stage: row.stage,
    fingerprint: row.fingerprint,
    confirmed: row.confirmed as Confirmed | null,
  };
}

/** Without a currency: the link of whatever currency there is. */
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
  const row = await query.limit(1).executeTakeFirst();
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

export async function saveLink(db: Db, link: Omit<Link, 'confirmed'>, now: Date): Promise<void> {
  const changing = {
    counterpart_id: link.counterpart.id,
    counterpart_number: link.counterpart.number,
    stage: link.stage,
    fingerprint: link.fingerprint,
  };
  await db
    .insertInto('links')
    .values({
      connection_id: link.connectionId,
      kind: link.kind,
      source_id: link.sourceId,
      currency: link.currency,
      ...changing,
      created_at: now,
    })
    .onConflict((oc) => oc.columns(['connection_id', 'kind', 'source_id', 'currency']).doUpdateSet(changing))
    .execute();
}

export async function confirmLink(db: Db, key: LinkKey, confirmed: Confirmed, now: Date): Promise<void> {
  await db
    .updateTable('links')
    .set({ confirmed: JSON.stringify(confirmed), confirmed_at: now, stage: confirmed.stage })
    .where('connection_id', '=', key.connectionId)
    .where('kind', '=', key.kind)
    .where('source_id', '=', key.sourceId)
    .where('currency', '=', key.currency)
    .execute();
}

/** Confirmed payments of one invoice. */
export async function listPaymentLinksOf(
  db: Db,
  connectionId: string,
  invoiceSourceId: string,
): Promise<Link[]> {
  const rows = await db
    .selectFrom('links')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('kind', '=', 'payment')
    .where(sql<string>`confirmed ->> 'invoiceSourceId'`, '=', invoiceSourceId)
    .execute();
  return rows.map(toLink);
}

/** Ids in the destination that already belong to some client of this connection other than `exceptClient`. */
export async function listTakenAccounts(
  db: Db,
  connectionId: string,
  exceptClient: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('links')
    .select('counterpart_id')
    .where('connection_id', '=', connectionId)
    .where('kind', '=', 'client')
    .where('source_id', '<>', exceptClient)
    .where('counterpart_id', 'in', [...ids])
    .execute();
  return new Set(rows.map((row) => row.counterpart_id));
}
