/** Which processes of ours are at work on this database, as PostgreSQL itself sees their connections. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

const LONGEST_NAME = 63;

/** What a process calls its connections. */
export function sessionName(instance: string): string {
  return `ml-connector @${instance}`.slice(0, LONGEST_NAME);
}

/** Names of the other processes that have connections open now. */
export async function listOtherSessions(db: Db, instance: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct application_name as name from pg_stat_activity
    where datname = current_database() and application_name like 'ml-connector @%'
      and application_name <> ${sessionName(instance)}`.execute(db);
  return rows.map(({ name }) => name);
}
