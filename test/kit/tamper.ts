/** What only the owner of the tables can do: change the audit past its triggers. */
import { sql } from 'kysely';
import type { Db } from '../../src/store/db.ts';

export function asOwner<T>(db: Db, run: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    return run(tx);
  });
}
