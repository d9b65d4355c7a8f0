/** A small write, to see whether anything can be stored. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

export async function tryWrite(db: Db, now: Date): Promise<void> {
  await sql`
    insert into write_probe (only_row, tried_at) values (true, ${now})
    on conflict (only_row) do update set tried_at = excluded.tried_at`.execute(db);
}
