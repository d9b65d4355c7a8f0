/** Backfills: how far a listing of history has come; every page is stored together with its place (I9). */
import type { Selectable } from 'kysely';
import type { DocumentKind } from '../core/canonical.ts';
import type { Db } from './db.ts';
import type { Backfills } from './schema.ts';

export type Backfill = {
  id: string;
  connectionId: string;
  changedSince: Date | null;
  kind: DocumentKind;
  cursor: string | null;
  /** Documents listed and estimated so far, by kind. */
  listed: Record<string, number>;
  estimated: Record<string, number>;
  /** `listed`: all pages are stored, the documents are still being brought to their end states. */
  state: 'running' | 'listed' | 'complete' | 'incomplete' | 'failed';
  pass: number;
  report: BackfillReport | null;
  error: string | null;
  actor: string;
};

/** One kind and currency: what the source listed, and what is stored of exactly those documents. */
export type BackfillFigure = {
  kind: DocumentKind;
  currency: string | null;
  listed: number;
  listedMinor: string;
  stored: number;
  storedMinor: string;
};

/** `missing`: documents listed and not stored, by "kind id", at most twenty. `short`: kinds of which fewer came than the source counted. */
export type BackfillReport = {
  figures: BackfillFigure[];
  missing: string[];
  short: { kind: DocumentKind; listed: number; counted: number }[];
};

function toBackfill(row: Selectable<Backfills>): Backfill {
  return {
    id: row.id,
    connectionId: row.connection_id,
    changedSince: row.changed_since,
    kind: row.kind as DocumentKind,
    cursor: row.cursor,
    listed: row.listed as Record<string, number>,
    estimated: row.estimated as Record<string, number>,
    state: row.state as Backfill['state'],
    pass: row.pass,
    report: row.report as BackfillReport | null,
    error: row.error,
    actor: row.actor,
  };
}

export async function insertBackfill(
  db: Db,
  backfill: {
    id: string;
    connectionId: string;
    changedSince: Date | null;
    kind: DocumentKind;
    actor: string;
  },
  now: Date,
): Promise<void> {
  await db
    .insertInto('backfills')
    .values({
      id: backfill.id,
      connection_id: backfill.connectionId,
      changed_since: backfill.changedSince,
      kind: backfill.kind,
      state: 'running',
      actor: backfill.actor,
      created_at: now,
      updated_at: now,
    })
    .execute();
}

export async function findBackfill(db: Db, id: string): Promise<Backfill | undefined> {
  const row = await db.selectFrom('backfills').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toBackfill(row);
}

export type BackfillPlace = Pick<Backfill, 'kind' | 'cursor' | 'listed' | 'estimated' | 'state'> &
  Partial<Pick<Backfill, 'pass' | 'report' | 'error'>>;

/** Moves on only from the place that was read, so that a second worker of the same chunk changes nothing. */
export async function advanceBackfill(
  db: Db,
  from: Backfill,
  to: BackfillPlace,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('backfills')
    .set({
      kind: to.kind,
      cursor: to.cursor,
      listed: JSON.stringify(to.listed),
      estimated: JSON.stringify(to.estimated),
      state: to.state,
      pass: to.pass ?? from.pass,
      report: to.report ? JSON.stringify(to.report) : null,
      error: to.error ?? null,
      updated_at: now,
    })
    .where('id', '=', from.id)
    .where('kind', '=', from.kind)
    .where('cursor', 'is not distinct from', from.cursor)
    .where('state', '=', from.state)
    .where('pass', '=', from.pass)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Those of active connections that are not at their end. */
export async function listOpenBackfills(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('backfills as b')
    .innerJoin('connections as c', 'c.id', 'b.connection_id')
    .select('b.id')
    .where('b.state', 'in', ['running', 'listed'])
    .where('c.state', '=', 'active')
    .execute();
  return rows.map((row) => row.id);
}
