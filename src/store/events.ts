/** Events: everything that told us to look at a document, from acceptance to its end state (I1). */
import { type Selectable, sql } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import { newId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './db.ts';
import { firstLaneOf } from './documents.ts';
import { isDue } from './due.ts';
import type { Events } from './schema.ts';
import { CLOCKS_AGREE_MS } from './set-back.ts';

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
  /** Equal for two webhooks of one document: the sender has said the same thing again. */
  signature?: string | undefined;
  /** Nobody looks because of it before then. */
  dueAt?: Date | undefined;
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
  /** How often the same was said again, before anybody began to look. */
  repeats: number;
  repeatedAt: Date | null;
};

export type LaneKey = { connectionId: string; lane: string };

type NewRow = NewEvent & { repeats: number };

/** In key order, and what says the same as one row: two transactions never wait for each other in a circle. */
function toRows(events: readonly NewEvent[]): NewRow[] {
  const rows = new Map<string, NewRow>();
  events.forEach((event, index) => {
    const { connectionId, kind, sourceId, topic, signature } = event;
    const document = `${connectionId}/${kind}/${sourceId}`;
    const key = `${document} ${signature === undefined ? index : `${topic} ${signature}`}`;
    const same = rows.get(key);
    if (same) same.repeats += 1;
    else rows.set(key, { ...event, repeats: 0 });
  });
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row);
}

/**
 * Stores events and, where new, their documents, in the caller's transaction. Returns the lanes that have work now.
 *
 * A webhook that says the same as one which nobody has begun to look for takes that one's place: the event moves to
 * the present tick and counts up. So it is answered only by a read that begins after the newest of them, as if each
 * had its own event.
 */
export async function insertEvents(db: Db, events: readonly NewEvent[], now: Date): Promise<LaneKey[]> {
  if (events.length === 0) return [];
  const rows = toRows(events);
  const documents = rows.map(({ connectionId, kind, sourceId }) => ({
    document_id: newId(now.getTime()),
    connection_id: connectionId,
    kind,
    source_id: sourceId,
    lane: firstLaneOf(kind, sourceId),
  }));
  await sql`
    insert into documents (id, connection_id, kind, source_id, lane, state, first_seen_at, changed_at)
    select document_id, connection_id, kind, source_id, lane, 'pending', ${now}, ${now}
    from jsonb_to_recordset(${JSON.stringify(documents)}::jsonb)
      as r(document_id uuid, connection_id uuid, kind text, source_id text, lane text)
    -- Not tried with those that are known: it would wait for whoever is changing one. "limit": see below.
    where (
      select id from documents
      where connection_id = r.connection_id and kind = r.kind and source_id = r.source_id limit 1
    ) is null
    on conflict do nothing`.execute(db);
  const input = rows.map((event) => ({
    connection_id: event.connectionId,
    kind: event.kind,
    source_id: event.sourceId,
    origin: event.origin,
    topic: event.topic,
    signature: event.signature ?? null,
    repeats: event.repeats,
    raw: event.raw ? Buffer.from(event.raw).toString('base64') : null,
    headers: event.headers ?? null,
    record: event.record ?? null,
    read_seq: event.readSeq?.toString() ?? null,
    due_at: event.dueAt ?? null,
  }));
  const { rows: woken } = await sql<{ connection_id: string; lane: string }>`
    with known as (
      select d.id as document_id, d.lane, r.* from jsonb_to_recordset(${JSON.stringify(input)}::jsonb) as r(
        connection_id uuid, kind text, source_id text, origin text, topic text, signature text,
        repeats integer, raw text, headers jsonb, record jsonb, read_seq bigint, due_at timestamptz)
      -- "limit" keeps the planner at one index look-up a row: stale statistics made it read the whole table instead.
      cross join lateral (
        select id, lane from documents
        where connection_id = r.connection_id and kind = r.kind and source_id = r.source_id limit 1
      ) d
    ), stored as (
      insert into events (connection_id, document_id, origin, topic, signature, repeats, repeated_at, raw, headers,
        record, read_seq, received_at, due_at)
      select connection_id, document_id, origin, topic, signature, repeats,
        case when repeats > 0 then ${now}::timestamptz end, decode(raw, 'base64'), headers, record, read_seq, ${now},
        due_at
      from known
      on conflict (document_id, topic, signature) where settled_at is null and not noted and signature is not null
        do update set seq = nextval('event_clock'), repeats = events.repeats + excluded.repeats + 1,
          repeated_at = ${now}, due_at = case when excluded.due_at is not null then events.due_at end
      returning document_id, due_at
    )
    select distinct connection_id, lane from known join stored using (document_id) where stored.due_at is null`.execute(
    db,
  );
  return woken.map((row) => ({ connectionId: row.connection_id, lane: row.lane }));
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
  return rows.map(toEvent);
}

function toEvent(row: Selectable<Events>): EventRow {
  return {
    seq: row.seq,
    origin: row.origin as EventOrigin,
    topic: row.topic,
    raw: row.raw,
    headers: row.headers as Record<string, string> | null,
    record: row.record as JsonObject | null,
    readSeq: row.read_seq,
    receivedAt: row.received_at,
    noted: row.noted,
    repeats: row.repeats,
    repeatedAt: row.repeated_at,
  };
}

export async function listEvents(db: Db, seqs: readonly bigint[]): Promise<EventRow[]> {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('seq', 'in', [...seqs])
    .orderBy('seq')
    .execute();
  return rows.map(toEvent);
}

/** Marks the events that nobody has looked for yet: from now on they stay as they are. In order. */
export async function noteFresh(db: Db, documentId: string): Promise<EventRow[]> {
  const rows = await db
    .updateTable('events')
    .set({ noted: true })
    .where('document_id', '=', documentId)
    .where('settled_at', 'is', null)
    .where('noted', '=', false)
    .returningAll()
    .execute();
  return rows.map(toEvent).toSorted(inOrder);
}

/** As they came. */
export function inOrder(a: EventRow, b: EventRow): number {
  return a.seq < b.seq ? -1 : 1;
}

/**
 * Which events a read answers: all stored up to the tick at which it was asked for, and the one that carried it,
 * which was stored after. An event between the two is not answered: it may tell of a later change.
 */
export type Answered = { upTo: bigint; carrier?: bigint };

/** Gives an end state to the events that a read answers; returns them. */
export async function settleEvents(
  db: Db,
  documentId: string,
  answered: Answered,
  outcome: string,
  now: Date,
): Promise<Pick<EventRow, 'seq' | 'noted' | 'receivedAt'>[]> {
  const rows = await db
    .updateTable('events')
    .set({ settled_at: now, outcome })
    .where('document_id', '=', documentId)
    .where('settled_at', 'is', null)
    .where((eb) => eb.or([eb('seq', '<=', answered.upTo), eb('seq', '=', answered.carrier ?? -1n)]))
    .returning(['seq', 'noted', 'received_at as receivedAt'])
    .execute();
  return rows;
}

/** An event younger than this still has the job that came with it. */
const OWN_JOB_MS = 3_000;

/** Lanes of active connections that have unsettled events and no live holder: put off and due again, or forgotten. */
export async function listDueLanes(db: Db, now: Date): Promise<LaneKey[]> {
  const forgottenBefore = new Date(now.getTime() - OWN_JOB_MS);
  const setBack = new Date(now.getTime() + CLOCKS_AGREE_MS);
  const { rows } = await sql<{ connection_id: string; lane: string }>`
    select distinct d.connection_id, d.lane
    from events e
    join documents d on d.id = e.document_id
    join connections c on c.id = d.connection_id and c.state = 'active'
    left join lanes l on l.connection_id = d.connection_id and l.lane = d.lane
    where e.settled_at is null and ${isDue(now)}
      and (e.received_at <= ${forgottenBefore} or e.received_at > ${setBack} or l.not_before is not null)
      and (l.not_before is null or l.not_before <= ${now})
      and (l.holder is null or l.expires_at <= ${now})
    limit 1000`.execute(db);
  return rows.map((row) => ({ connectionId: row.connection_id, lane: row.lane }));
}
