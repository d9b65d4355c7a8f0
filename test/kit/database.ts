/** A database of its own for each test file, copied from the migrated template. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../src/platform/database.ts';
import { type LocalConnection, toConnectionString } from '../../src/platform/postgres/connection.ts';
import { withSigner } from '../../src/store/signer.ts';
import { TEST_SIGNER } from './test-signer.ts';

export type TestDatabase<Schema> = Database<Schema> & {
  connection: LocalConnection;
  url: string;
  /** Closes the pool and removes the database, whoever is still connected. */
  drop(): Promise<void>;
};

export type TestDatabaseOptions = {
  max?: number /** An empty database instead of a migrated one. */;
  empty?: boolean;
};

/** Call it in `beforeAll`, and `drop()` in `afterAll`. Works in files that `vitest.config.ts` gives a PostgreSQL. */
export async function createTestDatabase<Schema>(
  options: TestDatabaseOptions = {},
): Promise<TestDatabase<Schema>> {
  const { connection: server, template } = inject('testPostgres');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdministrator(
    server,
    `CREATE DATABASE ${name} TEMPLATE ${options.empty ? 'template0' : template} STRATEGY FILE_COPY`,
  );
  const connection = { ...server, database: name };
  const database = await openDatabase<Schema>({
    connection,
    max: options.max ?? 5,
    log: pino({ level: 'silent' }),
  });
  const db = withSigner(database.db, TEST_SIGNER);
  return {
    ...database,
    db,
    connection,
    url: toConnectionString(connection),
    async drop() {
      await database.close();
      await asAdministrator(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function asAdministrator(server: LocalConnection, sql: string): Promise<void> {
  const client = new pg.Client({ ...server, database: 'postgres' });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
