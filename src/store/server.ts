/** Which PostgreSQL answers. */
import { sql } from 'kysely';
import { APPLICATION_ROLE } from '../platform/postgres/cluster.ts';
import { type DatabaseVersion, describeVersion } from '../platform/postgres/known-version.ts';
import type { Db } from './db.ts';

/** Only the built-in database has our role. */
export async function readServer(db: Db): Promise<DatabaseVersion> {
  const { rows } = await sql<{ version: string; role: string }>`
    select split_part(current_setting('server_version'), ' ', 1) as version, current_user::text as role`.execute(
    db,
  );
  const [row] = rows;
  return describeVersion({ version: row?.version ?? 'unknown', builtIn: row?.role === APPLICATION_ROLE });
}
