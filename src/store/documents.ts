/** Documents: what we know of each client, invoice, payment and credit, and where it stands. */
import { type Selectable, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { isId } from '../core/ids.ts';
import { formatMoney, type Money } from '../core/money.ts';
import type { SourceRecord } from '../core/ports.ts';
import type { Db } from './db.ts';
import { isDue } from './due.ts';
import type { LaneKey } from './events.ts';
import type { Documents } from './schema.ts';

export type DocumentState = 'pending' | 'synced' | 'parked' | 'ignored';

/** Why a document stands where it stands, in words for a person. */
export type Reason = {
  /** Stable, for filters. */
  code: string;
  message: string;
  wayOut?: string;
  problems?: { field: string; value: string; rule: string }[];
  figures?: Figures;
  /** The document that has to be settled first. */
  waitsFor?: string;
  /** What a person may decide. */
  choices?: readonly Choice[];
};

/** The same thing as each side has it. */
export type Figures = readonly { name: string; source: string; destination: string }[];

/** One way on for a parked record. */
export type Choice = {
  /** Stable; with `argument` where it needs one. */
  choice: keyof Decisions;
  argument?: string;
  /** What is asked for as the argument, where a person has to name it. */
  asks?: string;
  label: string;
  explains: string;
};

/** What a person decided for one record; each plan of it heeds them. */
export type Decisions = {
  /** Take the document of the destination with the same number as the copy. */
  adopt?: true;
  /** Give the copy a number of its own, so many suffixes on. */
  renumber?: number;
  /** Its number is another copy's: it gets one that no other document can get. */
  'own-number'?: true;
  /** Make the copy equal to the source again, once. */
  heal?: true;
  /** Book it on the first open day. */
  'open-day'?: true;
  /** Do not copy it. */
  'leave-out'?: true;
  /** Clients: the number of the account to link. */
  account?: string;
  /** Clients: the number of an account that another client has and this one is to share. */
  'share-account'?: string;
  /** Clients: make an account of its own, whatever others have the e-mail. */
  'new-account'?: true;
  /** Clients that cannot be read: make the account from what an invoice says of them. */
  'from-invoice'?: true;
};

export type SyncDocument = {
  id: string;
  connectionId: string;
  kind: DocumentKind;
  sourceId: string;
  lane: string;
  state: DocumentState;
  reason: Reason | null;
  label: string;
  /** Logical tick of the newest read that is stored as a revision. */
  fetchedSeq: bigint;
  revisionId: string | null;
  decisions: Decisions;
};

function toDocument(row: Selectable<Documents>): SyncDocument {
  return {
    id: row.id,
    connectionId: row.connection_id,
    kind: row.kind as DocumentKind,
    sourceId: row.source_id,
    lane: row.lane,
    state: row.state as DocumentState,
    reason: row.reason as Reason | null,
    label: row.label,
    fetchedSeq: row.fetched_seq,
    revisionId: row.revision_id,
    decisions: row.decisions as Decisions,
  };
}

/** Where a document waits until its client is known; a client's own lane is known from the start. */
export function firstLaneOf(kind: DocumentKind, sourceId: string): string {
  return `${kind}/${sourceId}`;
}

export function clientLane(clientId: string): string {
  return firstLaneOf('client', clientId);
}

export async function loadDocument(db: Db, id: string): Promise<SyncDocument> {
  return toDocument(
    await db.selectFrom('documents').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  );
}

/** As it is once whoever writes it now has committed; nobody else writes it until this transaction ends. */
export async function lockDocument(tx: Db, id: string): Promise<SyncDocument> {
  const query = tx.selectFrom('documents').selectAll().where('id', '=', id).forNoKeyUpdate();
  return toDocument(await query.executeTakeFirstOrThrow());
}

/** By our own id, which may be any text. */
export async function findDocumentById(db: Db, id: string): Promise<SyncDocument | undefined> {
  if (!isId(id)) return undefined;
  const row = await db.selectFrom('documents').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toDocument(row);
}

export async function findDocument(
  db: Db,
  connectionId: string,
  kind: DocumentKind,
  sourceId: string,
): Promise<SyncDocument | undefined> {
  const row = await db
    .selectFrom('documents')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .where('kind', '=', kind)
    .where('source_id', '=', sourceId)
    .executeTakeFirst();
  return row && toDocument(row);
}

/** The document of a lane whose unsettled event has waited longest; history after all that is live (R6). */
export async function findPendingDocument(
  db: Db,
  { connectionId, lane }: LaneKey,
  now: Date,
): Promise<SyncDocument | undefined> {
  const { rows } = await sql<Selectable<Documents>>`
    select d.* from documents d
    join lateral (
      select min(seq) as seq, bool_and(origin = 'backfill') as is_history
      from events e where e.document_id = d.id and e.settled_at is null and ${isDue(now)}
    ) e on e.seq is not null
    where d.connection_id = ${connectionId} and d.lane = ${lane}
    order by e.is_history, e.seq limit 1`.execute(db);
  const [row] = rows;
  return row && toDocument(row);
}

/** Moves a document out of its provisional lane; false when somebody else has moved it already. */
export async function moveDocument(db: Db, document: SyncDocument, lane: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('documents')
    .set({ lane })
    .where('id', '=', document.id)
    .where('lane', '=', document.lane)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Parked only because another record is: it goes on by itself after that one. Of documents as `d`. */
export const IS_FOLLOWER = sql<boolean>`(d.state = 'parked' and d.reason ? 'waitsFor' and exists (
  select from documents awaited
  where awaited.id = (d.reason ->> 'waitsFor')::uuid and awaited.state = 'parked'))`;

/** What people see and look for. */
export async function setDocumentFace(
  db: Db,
  id: string,
  face: Pick<SourceRecord, 'label' | 'amount' | 'date' | 'invoiceId'>,
): Promise<void> {
  await db
    .updateTable('documents')
    .set({
      label: face.label,
      currency: face.amount?.currency ?? null,
      amount_minor: face.amount?.amountMinor.toString() ?? null,
      dated_on: face.date ?? null,
      invoice_source_id: face.invoiceId ?? null,
    })
    .where('id', '=', id)
    .execute();
}

export async function setDocumentState(
  db: Db,
  id: string,
  state: DocumentState,
  reason: Reason | null,
  now: Date,
): Promise<void> {
  await db
    .updateTable('documents')
    .set({ state, reason: reason === null ? null : JSON.stringify(reason), held_by: null, changed_at: now })
    .where('id', '=', id)
    .execute();
}

export async function setDecisions(db: Db, id: string, decisions: Decisions): Promise<void> {
  await db
    .updateTable('documents')
    .set({ decisions: JSON.stringify(decisions) })
    .where('id', '=', id)
    .execute();
}

/** As if a person had decided so for this record. */
export async function healOnce(db: Db, id: string): Promise<void> {
  await sql`update documents set decisions = decisions || '{"heal": true}' where id = ${id}`.execute(db);
}

/** Whoever replays a record wants it copied. */
export async function takeBackLeavingOut(db: Db, id: string): Promise<void> {
  await sql`update documents set decisions = decisions - 'leave-out' where id = ${id} and decisions ? 'leave-out'`.execute(
    db,
  );
}

/** Documents parked until `documentId` is settled. */
export async function listWaitingFor(db: Db, documentId: string): Promise<SyncDocument[]> {
  const rows = await db
    .selectFrom('documents')
    .selectAll()
    .where('state', '=', 'parked')
    .where(sql<string>`reason ->> 'waitsFor'`, '=', documentId)
    .execute();
  return rows.map(toDocument);
}

/** As it stands once whoever writes it now has committed; nobody settles it until this transaction ends. */
export async function lockState(tx: Db, id: string): Promise<DocumentState | undefined> {
  const query = tx.selectFrom('documents').selectAll().where('id', '=', id).forShare();
  const row = await query.executeTakeFirst();
  return row && toDocument(row).state;
}

/** Touching a row for each poll would cost more than it tells. */
const SIGHT_WORTH_NOTING_MS = 3_600_000;

/** The source has shown these documents just now. Rows that somebody else writes are left for the next time. */
export async function markSeen(
  db: Db,
  connectionId: string,
  kind: DocumentKind,
  sourceIds: readonly string[],
  now: Date,
): Promise<void> {
  if (sourceIds.length === 0) return;
  const before = new Date(now.getTime() - SIGHT_WORTH_NOTING_MS);
  await sql`
    update documents set seen_at = ${now} where id in (
      select id from documents
      where connection_id = ${connectionId} and kind = ${kind} and source_id = any(${[...sourceIds]})
        and (seen_at is null or seen_at < ${before})
      order by id for update skip locked)`.execute(db);
}

/** The reason's code of what the source knew before and does not know any more. */
export const GONE_FROM_SOURCE = 'gone-from-source';

/** Those of `sourceIds` that stand as gone. */
export async function listGone(
  db: Db,
  connectionId: string,
  kind: DocumentKind,
  sourceIds: readonly string[],
): Promise<string[]> {
  const rows = await db
    .selectFrom('documents')
    .select('source_id')
    .where('connection_id', '=', connectionId)
    .where('kind', '=', kind)
    .where('source_id', 'in', [...sourceIds])
    .where(sql<string>`reason ->> 'code'`, '=', GONE_FROM_SOURCE)
    .execute();
  return rows.map((row) => row.source_id);
}

/** Known documents of these kinds that neither a list nor a read has shown since `before`, the longest unseen first. */
export async function listUnseen(
  db: Db,
  connectionId: string,
  { kinds, before, limit }: { kinds: readonly DocumentKind[]; before: Date; limit: number },
): Promise<SyncDocument[]> {
  if (kinds.length === 0) return [];
  const { rows } = await sql<Selectable<Documents>>`
    select * from documents
    where connection_id = ${connectionId} and kind = any(${[...kinds]}) and revision_id is not null
      and coalesce(seen_at, first_seen_at) < ${before}
    order by coalesce(seen_at, first_seen_at) limit ${limit}`.execute(db);
  return rows.map(toDocument);
}

function moneyOf(row: { currency: string | null; amount_minor: string | null }): Money | undefined {
  if (row.currency === null || row.amount_minor === null) return undefined;
  return { currency: row.currency, amountMinor: BigInt(row.amount_minor) };
}

export function amountTextOf(row: { currency: string | null; amount_minor: string | null }): string | null {
  const money = moneyOf(row);
  return money ? formatMoney(money) : null;
}

/** What changed its state after that moment, oldest first. */
export async function listChangedAfter(
  db: Db,
  after: Date,
): Promise<{ id: string; state: DocumentState; at: Date }[]> {
  const rows = await db
    .selectFrom('documents')
    .select(['id', 'state', 'changed_at'])
    .where('changed_at', '>', after)
    .orderBy('changed_at')
    .limit(500)
    .execute();
  return rows.map(({ id, state, changed_at: at }) => ({ id, state: state as DocumentState, at }));
}
