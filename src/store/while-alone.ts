/** A turn for each: what one process does, another waits for, however the first one ends. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

/** The turn is a transaction of its own, which writes nothing and ends with the process at the latest. */
export async function whileAlone<T>(db: Db, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
    return work();
  });
}
