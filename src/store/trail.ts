/** The trail: one hash chain per subject, from the first entry to the newest (I8). */
import { type Selectable, sql } from 'kysely';
import { newId } from '../core/ids.ts';
import { canonicalJson } from '../core/json.ts';
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
  const payload = canonicalJson(entry.data);
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
export async function countDeferralsInVain(db: Db, subject: string, most: number): Promise<number> {
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
    return entry !== 'deferral' || (kind !== 'fault' && kind !== 'conflict');
  });
  return other === -1 ? rows.length : other;
}
