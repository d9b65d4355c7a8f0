/** A database as it was before: every table but the credentials, which a person would have to enter anew. */
import { sql } from 'kysely';
import type { Db } from '../../src/store/db.ts';

export function createBackups(db: Db) {
  let made = 0;
  const tables = async (run: Db) => {
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'credentials'`.execute(
      run,
    );
    return rows.map(({ name }) => name);
  };
  return {
    async backup(): Promise<string> {
      made += 1;
      const schema = `backup_${made}`;
      await sql`create schema ${sql.id(schema)}`.execute(db);
      for (const name of await tables(db))
        await sql`create table ${sql.id(schema, name)} as table ${sql.id('public', name)}`.execute(db);
      return schema;
    },
    restore: (schema: string) =>
      db.transaction().execute(async (tx) => {
        // Neither triggers nor foreign keys have a say in what was there once.
        await sql`set local session_replication_role = replica`.execute(tx);
        for (const name of await tables(tx)) {
          await sql`delete from ${sql.id('public', name)}`.execute(tx);
          await sql`insert into ${sql.id('public', name)} overriding system value
            select * from ${sql.id(schema, name)}`.execute(tx);
        }
      }),
  };
}
