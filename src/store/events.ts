/** Events: everything that told us to look at a document, from acceptance to its end state (I1). */
import { sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { newId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './db.ts';
import { firstLaneOf } from './documents.ts';

export type EventOrigin = 'webhook' | 'poll' | 'backfill' | 'replay' | 'reconciliation' | 'dependency';

export type NewEvent = {
  connectionId: string;
  kind: DocumentKind;
  sourceId: string;
  origin: EventOrigin;
  topic: string;
  /** The exact bytes of a webhook. */
  raw?: Uint8Array;
  headers?: Record<string, string>;
  /** A full record read at tick `readSeq`. */
  record?: JsonObject;
  readSeq?: bigint;
};

export type EventRow = {
  seq: bigint;
  origin: EventOrigin;
  topic: string;
  raw: Buffer | null;
  headers: Record<string, string> | null;
  record: JsonObject | null;
  readSeq: bigint | null;
  receivedAt: Date;
  noted: boolean;
};

export type LaneKey = { connectionId: string; lane: string };

/**
 * Stores events and, where new, their documents, in the caller's transaction. Returns the lanes that have work now.
 * Rows are taken in key order so that two transactions never wait for each other in a circle.
 */
export async function insertEvents(db: Db, events: readonly NewEvent[], now: Date): Promise<LaneKey[]> {
  if (events.length === 0) return [];
  const sorted = events
    .map((event) => ({ event, key: `${event.connectionId}/${event.kind}/${event.sourceId}` }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ event }) => event);
  const rows = sorted.map((event) => ({
    document_id: newId(now.getTime()),
    connection_id: event.connectionId,
    kind: event.kind,
    source_id: event.sourceId,
    lane: firstLaneOf(event.kind, event.sourceId),
    origin: event.origin,
    topic: event.topic,
    raw: event.raw ? Buffer.from(event.raw).toString('base64') : null,
    headers: event.headers ?? null,
    record: event.record ?? null,
    read_seq: event.readSeq?.toString() ?? null,
  }));
  const input = JSON.stringify(rows);
  await sql`
    insert into documents (id, connection_id, kind, source_id, lane, state, first_seen_at, changed_at)
    select document_id, connection_id, kind, source_id, lane, 'pending', ${now}, ${now}
    from jsonb_to_recordset(${input}::jsonb) as r(document_id uuid, connection_id uuid, kind text, source_id text, lane text)
    on conflict do nothing`.execute(db);
  const inserted = await sql<{ connection_id: string; lane: string }>`
    with r as (
      select * from jsonb_to_recordset(${input}::jsonb) as r(
        connection_id uuid, kind text, source_id text, origin text, topic text, raw text, headers jsonb, record jsonb, read_seq bigint)
    ), known as (
      select d.id as document_id, d.lane, r.* from r
      -- "limit" keeps the planner at one index look-up a row: stale statistics made it read the whole table instead.
      cross join lateral (
        select id, lane from documents
        where connection_id = r.connection_id and kind = r.kind and source_id = r.source_id limit 1
      ) d
    ), stored as (
      insert into events (connection_id, document_id, origin, topic, raw, headers, record, read_seq, received_at)
      select connection_id, document_id, origin, topic, decode(raw, 'base64'), headers, record, read_seq, ${now} from known
    )
    select distinct connection_id, lane from known`.execute(db);
  return inserted.rows.map((row) => ({ connectionId: row.connection_id, lane: row.lane }));
}

/** The next tick of the logical clock. */
export async function nextTick(db: Db): Promise<bigint> {
  const { rows } = await sql<{ tick: bigint }>`select nextval('event_clock') as tick`.execute(db);
  const tick = rows[0]?.tick;
  if (tick === undefined) throw new Error('the event clock gave no tick');
  return tick;
}

/** Whether nobody but a backfill waits for the document. */
export async function isBackfilled(db: Db, documentId: string): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('seq')
    .where('document_id', '=', documentId)
    .where('settled_at', 'is', null)
    .where('origin', '!=', 'backfill')
    .limit(1)
    .executeTakeFirst();
  return row === undefined;
}

export async function listUnsettledEvents(db: Db, documentId: string): Promise<EventRow[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('document_id', '=', documentId)
    .where('settled_at', 'is', null)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({
    seq: row.seq,
    origin: row.origin as EventOrigin,
    topic: row.topic,
    raw: row.raw,
    headers: row.headers as Record<string, string> | null,
    record: row.record as JsonObject | null,
    readSeq: row.read_seq,
    receivedAt: row.received_at,
    noted: row.noted,
  }));
}

export async function markNoted(db: Db, seqs: readonly bigint[]): Promise<void> {
  if (seqs.length === 0) return;
  await db
    .updateTable('events')
    .set({ noted: true })
    .where('seq', 'in', [...seqs])
    .execute();
}

/**
 * Which events a read answers: all stored up to the tick at which it was asked for, and the one that carried it,
 * which was stored after. An event between the two is not answered: it may tell of a later change.
 */
export type Answered = { upTo: bigint; carrier?: bigint };

/** Gives an end state to the events that a read answers; returns when they had been received. */
export async function settleEvents(
  db: Db,
  documentId: string,
  answered: Answered,
  outcome: string,
  now: Date,
): Promise<Date[]> {
  const rows = await db
    .updateTable('events')
    .set({ settled_at: now, outcome })
    .where('document_id', '=', documentId)
    .where('settled_at', 'is', null)
    .where((eb) => eb.or([eb('seq', '<=', answered.upTo), eb('seq', '=', answered.carrier ?? -1n)]))
    .returning('received_at')
    .execute();
  return rows.map((row) => row.received_at);
}

/** An event younger than this still has the job that came with it. */
const OWN_JOB_MS = 3_000;

/** Lanes of active connections that have unsettled events and no live holder: put off and due again, or forgotten. */
export async function listDueLanes(db: Db, now: Date): Promise<LaneKey[]> {
  const forgottenBefore = new Date(now.getTime() - OWN_JOB_MS);
  const { rows } = await sql<{ connection_id: string; lane: string }>`
    select distinct d.connection_id, d.lane
    from events e
    join documents d on d.id = e.document_id
    join connections c on c.id = d.connection_id and c.state = 'active'
    left join lanes l on l.connection_id = d.connection_id and l.lane = d.lane
    where e.settled_at is null
      and (e.received_at <= ${forgottenBefore} or l.not_before is not null)
      and (l.not_before is null or l.not_before <= ${now})
      and (l.holder is null or l.expires_at <= ${now})
    limit 1000`.execute(db);
  return rows.map((row) => ({ connectionId: row.connection_id, lane: row.lane }));
}
