/** The untrusted proxy that everybody comes through, as a process with a server has seen it last. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

export async function saveSeenProxy(db: Db, address: string, now: Date): Promise<void> {
  await sql`insert into seen_proxy (address, seen_at) values (${address}, ${now})
    on conflict (one) do update set address = excluded.address, seen_at = excluded.seen_at`.execute(db);
}

export async function forgetSeenProxy(db: Db): Promise<void> {
  await sql`delete from seen_proxy`.execute(db);
}

export async function findSeenProxy(db: Db, since: Date): Promise<string | undefined> {
  const { rows } = await sql<{ address: string }>`
    select address from seen_proxy where seen_at >= ${since}`.execute(db);
  return rows[0]?.address;
}
