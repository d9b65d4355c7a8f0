/** Where the service is reached, as its process with a server has said last. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

export async function saveWebAddress(db: Db, url: string, now: Date): Promise<void> {
  await sql`insert into web_address (url, said_at) values (${url}, ${now})
    on conflict (one) do update set url = excluded.url, said_at = excluded.said_at`.execute(db);
}

export async function findWebAddress(db: Db): Promise<string | undefined> {
  const { rows } = await sql<{ url: string }>`select url from web_address`.execute(db);
  return rows[0]?.url;
}
