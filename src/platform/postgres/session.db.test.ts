/** What we depend on of a session, whatever the database or its role has set. */
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/kit/database.ts';
import { createEngineKit, invoiceOf } from '../../../test/kit/engine.ts';
import { TEST_SIGNER } from '../../../test/kit/test-signer.ts';
import type { DB } from '../../store/schema.ts';
import { withSigner } from '../../store/signer.ts';
import { openDatabase } from '../database.ts';

const log = pino({ level: 'silent' });

let database: TestDatabase<DB>;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});

afterAll(async () => {
  await database.drop();
});

/** For sessions that begin from now on. */
async function setDefault(name: string, value: string): Promise<() => Promise<void>> {
  const at = `ALTER DATABASE ${database.connection.database}`;
  const client = new pg.Client(database.connection);
  await client.connect();
  await client.query(`${at} SET ${name} = '${value}'`);
  return async () => {
    await client.query(`${at} RESET ${name}`);
    await client.end();
  };
}

test.each([
  ['DateStyle', 'SQL, DMY'],
  ['DateStyle', 'German'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['IntervalStyle', 'iso_8601'],
  ['bytea_output', 'escape'],
  ['standard_conforming_strings', 'off'],
  ['extra_float_digits', '-15'],
  ['default_transaction_isolation', 'serializable'],
  ['synchronous_commit', 'off'],
  ['idle_in_transaction_session_timeout', '1h'],
  ['statement_timeout', '1h'],
])('an invoice is copied and its audit holds though the database says %s = %s', async (name, value) => {
  const reset = await setDefault(name, value);
  try {
    const opened = await openDatabase<DB>({ connection: database.connection, log });
    try {
      const kit = await createEngineKit({ ...database, db: withSigner(opened.db, TEST_SIGNER) });
      kit.books.put('client', { id: '7', name: 'Ada’s \\ "Books"' });
      kit.books.put('invoice', invoiceOf({ id: '1' }));
      await kit.accept({ kind: 'invoice', sourceId: '1' });
      await kit.settle();
      expect(await kit.stateOf('invoice', '1')).toBe('synced');
      expect(await kit.brokenTrails()).toEqual([]);
    } finally {
      await opened.close();
    }
  } finally {
    await reset();
  }
});

test.each([
  ['session_replication_role', 'replica', /session_replication_role = replica/],
  ['default_transaction_read_only', 'on', /read_only = on/],
  ['search_path', 'nowhere', /search_path/],
])('a database that says %s = %s is refused at the start with a sentence', async (name, value, sentence) => {
  const reset = await setDefault(name, value);
  try {
    await expect(openDatabase({ connection: database.connection, log })).rejects.toThrow(sentence);
  } finally {
    await reset().catch(() => {});
    await forget(name);
  }
});

/** A read-only default binds the session that takes it back, too. */
async function forget(name: string): Promise<void> {
  const client = new pg.Client({ ...database.connection, database: 'postgres' });
  await client.connect();
  await client.query(`ALTER DATABASE ${database.connection.database} RESET ${name}`);
  await client.end();
}
