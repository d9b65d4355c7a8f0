/** Checks of the whole audit: who asked for one, how far it is, and what it has found. */
import type { Selectable } from 'kysely';
import type { Db } from './db.ts';
import type { TrailChecks } from './schema.ts';

export type AuditFault = {
  /** A chain's subject, or "batch 12" of the chain of ends. */
  subject: string;
  /** The first broken place; null where a whole chain is not there. */
  position: number | null;
  why: string;
};

export type AuditCheck = {
  id: string;
  actor: string;
  startedAt: Date;
  seenAt: Date;
  finishedAt: Date | null;
  chains: number;
  entries: number;
  batches: number;
  faults: AuditFault[];
};

export type AuditFigures = Pick<AuditCheck, 'chains' | 'entries' | 'batches' | 'faults'>;

export async function insertCheck(db: Db, check: { id: string; actor: string }, now: Date): Promise<void> {
  await db
    .insertInto('trail_checks')
    .values({ ...check, started_at: now, seen_at: now })
    .execute();
}

export async function saveCheck(
  db: Db,
  id: string,
  { chains, entries, batches, faults }: AuditFigures,
  times: { now: Date; finished: boolean },
): Promise<void> {
  await db
    .updateTable('trail_checks')
    .set({
      chains,
      entries: BigInt(entries),
      batches,
      faults: JSON.stringify(faults),
      seen_at: times.now,
      finished_at: times.finished ? times.now : null,
    })
    .where('id', '=', id)
    .execute();
}

export async function loadCheck(db: Db, id: string): Promise<AuditCheck> {
  return toCheck(
    await db.selectFrom('trail_checks').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  );
}

export async function findNewestCheck(
  db: Db,
  only: { finished: boolean } = { finished: false },
): Promise<AuditCheck | undefined> {
  const row = await db
    .selectFrom('trail_checks')
    .selectAll()
    .$if(only.finished, (query) => query.where('finished_at', 'is not', null))
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && toCheck(row);
}

function toCheck(row: Selectable<TrailChecks>): AuditCheck {
  return {
    id: row.id,
    actor: row.actor,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    finishedAt: row.finished_at,
    chains: row.chains,
    entries: Number(row.entries),
    batches: row.batches,
    faults: row.faults as AuditFault[],
  };
}
