/** A turn for each: what one process does, another waits for, however the first one ends. */
import { sql } from 'kysely';
import { withPatience } from '../platform/database-client.ts';
import type { Db } from './db.ts';

/** Whoever is stopped in the middle keeps its turn; the others give up then, and come back later. */
const LONGEST_WAIT = '60s';
const LONGEST_WORK_MS = 1_800_000;

/** The turn is a transaction of its own, which writes nothing and ends with the process at the latest. */
export async function whileAlone<T>(db: Db, name: string, work: () => Promise<T>): Promise<T> {
  return withPatience(LONGEST_WORK_MS, () =>
    db.transaction().execute(async (tx) => {
      await sql`select set_config('lock_timeout', ${LONGEST_WAIT}, true)`.execute(tx);
      await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
      return work();
    }),
  );
}

/** Whether somebody has that turn just now. */
export async function isTurnTaken(db: Db, name: string): Promise<boolean> {
  const { rows } = await sql<{ free: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as free`.execute(db);
  return rows[0]?.free === false;
}
