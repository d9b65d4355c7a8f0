/** The trail: one hash chain per subject, from the first entry to the newest (I8). */
import { setImmediate } from 'node:timers/promises';
import { type Selectable, sql } from 'kysely';
import { newId } from '../core/ids.ts';
import { canonicalJsonInTurns } from '../core/json.ts';
import type { Db } from './db.ts';
import type { Trail } from './schema.ts';
import { signerOf } from './signer.ts';
import { ENTRY_PURPOSE, hashOfContent, toMicros } from './trail-format.ts';

/** What an entry is about, in the order in which a document meets them. */
export type TrailEntryKind =
  | 'event'
  | 'revision'
  | 'transformation'
  | 'plan'
  | 'intent'
  | 'call'
  | 'outcome'
  | 'confirmation'
  | 'state'
  | 'deferral'
  | 'decision';

/** Behind every entry: positions are 32 bits wide. */
const NO_POSITION = 2 ** 31 - 1;

export type NewTrailEntry = {
  subject: string;
  connectionId: string | undefined;
  actor: string;
  entry: TrailEntryKind;
  /** Must have a `summary`: one line for a person. */
  data: { summary: string } & Record<string, unknown>;
};

export type TrailEntry = {
  position: number;
  at: Date;
  actor: string;
  entry: TrailEntryKind;
  data: { summary: string } & Record<string, unknown>;
};

export function documentSubject(documentId: string): string {
  return `document:${documentId}`;
}

export function connectionSubject(connectionId: string): string {
  return `connection:${connectionId}`;
}

/** The code that it bears is made here, where the key is: nobody who only reaches the database can make one. */
export async function appendTrail(db: Db, entry: NewTrailEntry, now: Date): Promise<void> {
  const { subject, actor, entry: kind } = entry;
  const id = newId(now.getTime());
  const connectionId = entry.connectionId ?? null;
  const payload = await canonicalJsonInTurns(entry.data);
  const signer = signerOf(db);
  const micros = toMicros(now);
  const content = hashOfContent({ id, subject, connectionId, micros, actor, entry: kind, payload });
  const mac = signer.mac(ENTRY_PURPOSE, content);
  await sql`select append_trail(${id}::uuid, ${subject}, ${connectionId}::uuid, ${now}, ${actor}, ${kind}, ${payload},
    ${content}, ${signer.keyId}, ${mac})`.execute(db);
}

function toEntry(row: Selectable<Trail>): TrailEntry {
  return {
    position: row.position,
    at: row.at,
    actor: row.actor,
    entry: row.entry as TrailEntryKind,
    data: JSON.parse(row.payload) as TrailEntry['data'],
  };
}

export async function listTrail(db: Db, subject: string): Promise<TrailEntry[]> {
  const rows = await db
    .selectFrom('trail')
    .selectAll()
    .where('subject', '=', subject)
    .orderBy('position')
    .execute();
  return rows.map(toEntry);
}

const ENTRIES_ON_A_PAGE = 200;
/** Of payloads; one entry is on a page whatever its size. */
const BYTES_ON_A_PAGE = 256 * 1024;
/** Reading JSON holds up everybody else in the process: after so much of it, others have their turn. */
const BYTES_AT_ONCE = 256 * 1024;

/** The newest entries before a position, oldest first; `earlier` is where the next page ends, null on the last one. */
export async function listTrailPage(
  db: Db,
  subject: string,
  before: number | undefined,
): Promise<{ entries: TrailEntry[]; earlier: number | null }> {
  const { rows } = await sql<Selectable<Trail>>`
    with sized as (
      select position, sum(octet_length(payload)) over (order by position desc) as bytes,
        row_number() over (order by position desc) as nth
      from (select position, payload from trail
        where subject = ${subject} and position < ${before ?? NO_POSITION}
        order by position desc limit ${ENTRIES_ON_A_PAGE}) newest
    )
    select trail.* from trail join sized using (position)
    where subject = ${subject} and (sized.nth = 1 or sized.bytes <= ${BYTES_ON_A_PAGE})
    order by position`.execute(db);
  const entries: TrailEntry[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.payload.length;
    if (bytes > BYTES_AT_ONCE) {
      await setImmediate();
      bytes = row.payload.length;
    }
    entries.push(toEntry(row));
  }
  const first = entries[0]?.position ?? 1;
  return { entries, earlier: first > 1 ? first : null };
}

/** The data of the newest entry of its kind that fits. */
export async function findNewestEntry(
  db: Db,
  subject: string,
  entry: TrailEntryKind,
  fits: (data: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown> | undefined> {
  for (let before = NO_POSITION; ; ) {
    const row = await db
      .selectFrom('trail')
      .select(['position', 'payload'])
      .where('subject', '=', subject)
      .where('entry', '=', entry)
      .where('position', '<', before)
      .orderBy('position', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return undefined;
    const data = JSON.parse(row.payload) as Record<string, unknown>;
    if (fits(data)) return data;
    before = row.position;
  }
}

/** What people and the engine decided, without the calls; the newest first. */
export async function listNewestTrail(db: Db, subject: string, limit: number): Promise<TrailEntry[]> {
  const rows = await db
    .selectFrom('trail')
    .selectAll()
    .where('subject', '=', subject)
    .where('entry', '<>', 'call')
    .orderBy('position', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/**
 * How many of the newest tries in a row, at most `most`, were put off for a fault or a conflict: since the last end
 * state, decision, or deferral of another kind.
 */
export async function countDeferralsInVain(
  db: Db,
  subject: string,
  kinds: ReadonlySet<string>,
  most: number,
): Promise<number> {
  const rows = await db
    .selectFrom('trail')
    .select(['entry', 'payload'])
    .where('subject', '=', subject)
    .where('entry', 'in', ['deferral', 'state', 'decision'])
    .orderBy('position', 'desc')
    .limit(most)
    .execute();
  const other = rows.findIndex(({ entry, payload }) => {
    const { kind } = JSON.parse(payload) as { kind?: string };
    return entry !== 'deferral' || !kinds.has(kind ?? '');
  });
  return other === -1 ? rows.length : other;
}
