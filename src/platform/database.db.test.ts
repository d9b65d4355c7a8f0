/** Queries and transactions: values arrive unrounded, conflicts are repeated, wrong settings are explained. */
import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { eventually } from '../../test/kit/postgres-processes.ts';
import { UsageError } from '../core/errors.ts';
import { isConnectionLoss, openDatabase } from './database.ts';

type Schema = { counter: { id: number; value: bigint } };

const log = pino({ level: 'silent' });
let database: TestDatabase<Schema>;

beforeAll(async () => {
  database = await createTestDatabase<Schema>();
  await database.pool.query('CREATE TABLE counter (id int PRIMARY KEY, value bigint NOT NULL)');
  await database.pool.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
});

afterAll(() => database.drop());

test('values keep every digit, and dates get no time zone', async () => {
  const { rows } = await sql`SELECT
    9007199254740993::int8 AS big, ARRAY[9007199254740993, NULL]::int8[] AS bigs,
    0.10::numeric AS amount, ARRAY[1.50]::numeric[] AS amounts,
    '2026-03-29'::date AS day, ARRAY['2026-03-29']::date[] AS days, '2026-03-29 02:30'::timestamp AS naive,
    '2026-03-29T02:30:00+02:00'::timestamptz AS instant, '{"a": [1]}'::jsonb AS json,
    ${9007199254740993n}::int8 AS given, current_setting('synchronous_commit') AS commit`.execute(
    database.db,
  );
  expect(rows[0]).toEqual({
    big: 9007199254740993n,
    bigs: [9007199254740993n, null],
    amount: '0.10',
    amounts: ['1.50'],
    day: '2026-03-29',
    days: ['2026-03-29'],
    naive: '2026-03-29 02:30:00',
    instant: new Date('2026-03-29T00:30:00Z'),
    json: { a: [1] },
    given: 9007199254740993n,
    commit: 'on',
  });
});

test('serializable transactions that collide are repeated until none is lost', async () => {
  const before = await database.db
    .selectFrom('counter')
    .select('value')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  const increments = [1, 2].map(() =>
    database.transaction(
      async (trx) => {
        const row = await trx
          .selectFrom('counter')
          .select('value')
          .where('id', '=', 1)
          .executeTakeFirstOrThrow();
        await sql`SELECT pg_sleep(0.05)`.execute(trx);
        await trx
          .updateTable('counter')
          .set({ value: row.value + 1n })
          .where('id', '=', 1)
          .execute();
      },
      { isolation: 'serializable' },
    ),
  );
  await Promise.all(increments);
  const after = await database.db
    .selectFrom('counter')
    .select('value')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  expect(after.value - before.value).toBe(2n);
});

test('an error in a transaction leaves nothing of it', async () => {
  const failing = database.transaction(async (trx) => {
    await trx.updateTable('counter').set({ value: 99n }).where('id', '=', 2).execute();
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  const row = await database.db
    .selectFrom('counter')
    .select('value')
    .where('id', '=', 2)
    .executeTakeFirstOrThrow();
  expect(row.value).toBe(0n);
});

test('connections that the server closes, idle or busy, do not end the process and are replaced', async () => {
  const own = await openDatabase({ connection: database.connection, log, max: 2, applicationName: 'victim' });
  const busy = own.pool.query('SELECT pg_sleep(30)').catch((error: unknown) => error);
  await own.pool.query('SELECT 1');
  await database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'",
  );
  expect(isConnectionLoss(await busy)).toBe(true);
  await eventually(async () => {
    const answer = await own.pool.query('SELECT 1 AS one').catch((error: unknown) => error);
    if (answer instanceof Error) expect(isConnectionLoss(answer)).toBe(true);
    return !(answer instanceof Error);
  });
  await own.close();
});

test('a conflict in the data is no connection loss', async () => {
  const error = await database.pool
    .query('INSERT INTO counter VALUES (1, 0)')
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  expect(isConnectionLoss(error)).toBe(false);
});

test.each([
  [
    'postgresql://clerk:s3cret@127.0.0.1:1/books',
    /database "books" on 127\.0\.0\.1:1 as user "clerk": .*ECONNREFUSED/,
  ],
  [
    'postgresql://clerk:s3cret@nowhere.invalid/books',
    /database "books" on nowhere\.invalid:5432 as user "clerk"/,
  ],
  ['postgres:/s3cret@', /Cannot open database/],
  ['mysql://clerk:s3cret@127.0.0.1/books', /DATABASE_URL is not a PostgreSQL URL/],
  ['s3cret', /DATABASE_URL is not a PostgreSQL URL/],
])('the wrong DATABASE_URL %s is explained without its password', async (url, sentence) => {
  const lines: string[] = [];
  const loud = pino(
    { level: 'trace' },
    new Writable({ write: (line, _, done) => (lines.push(String(line)), done()) }),
  );
  const error = await openDatabase({ url, log: loud }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toMatch(sentence);
  if (url.includes(':s3cret@') || url === 's3cret') {
    expect(`${error} ${JSON.stringify(error)} ${lines.join()}`).not.toContain('s3cret');
  }
});

test('a database or user that does not exist is named', async () => {
  const missing = openDatabase({ connection: { ...database.connection, database: 'missing' }, log });
  await expect(missing).rejects.toThrow(
    /database "missing" on .* as user "ml_connector": database "missing" does not exist/,
  );
  const stranger = openDatabase({ connection: { ...database.connection, user: 'stranger' }, log });
  await expect(stranger).rejects.toThrow(/as user "stranger": .*authentication failed/);
});
