/** Migrations at start: once, whole or not at all, and never backwards. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/kit/database.ts';
import { migrate } from './migrate.ts';

const log = pino({ level: 'silent' });
let dir: string;
let database: TestDatabase<unknown>;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ml-connector-migrations-'));
  writeFileSync(join(dir, 'README.md'), 'Not a migration.');
  write('0001_first', `CREATE TABLE first (id int, data jsonb DEFAULT '{"a": 1}'); -- a comment; to the end`);
  write('0002_second', 'INSERT INTO first (id) VALUES (2);\nSELECT pg_sleep(0.2);');
  database = await createTestDatabase({ empty: true });
});

afterEach(async () => {
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

function write(name: string, sql: string): void {
  writeFileSync(join(dir, `${name}.sql`), sql);
}

async function count(): Promise<number> {
  return (await database.pool.query('SELECT count(*)::int AS count FROM first')).rows[0].count;
}

test('each migration runs once, in order, and a second start has nothing to do', async () => {
  expect(await migrate({ connection: database.connection, dir, log })).toEqual(['0001_first', '0002_second']);
  expect(await migrate({ url: database.url, dir, log })).toEqual([]);
  expect(await count()).toBe(1);
});

test('of processes that start at once each migration is run by one, while the others wait', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => migrate({ connection: database.connection, dir, log })));
  expect(runs.flat().toSorted()).toEqual([...new Set(runs.flat())].toSorted());
  expect(runs.flat()).toHaveLength(2);
  expect(await count()).toBe(1);
});

test('a failing migration names its file and reason, is rolled back, and keeps those before it', async () => {
  write('0003_broken', 'INSERT INTO first (id) VALUES (3);\nSELECT * FROM nowhere;');
  await expect(migrate({ connection: database.connection, dir, log })).rejects.toThrow(
    /^Migration 0003_broken\.sql failed and was rolled back: relation "nowhere" does not exist \(code: 42P01/,
  );
  expect(await count()).toBe(1);
  write('0003_broken', 'INSERT INTO first (id) VALUES (3);');
  expect(await migrate({ connection: database.connection, dir, log })).toEqual(['0003_broken']);
  expect(await count()).toBe(2);
});

test('a database that a newer version has migrated is refused and not touched', async () => {
  write('0003_newer', 'INSERT INTO first (id) VALUES (3);');
  await migrate({ connection: database.connection, dir, log });
  rmSync(join(dir, '0003_newer.sql'));
  write('0004_ours', 'DROP TABLE first;');
  await expect(migrate({ connection: database.connection, dir, log })).rejects.toThrow(
    'migrated by a newer version of ml-connector (it has 0003_newer)',
  );
  expect(await count()).toBe(2);
});

test('a migration that would come before one that ran is refused', async () => {
  write('0004_later', 'SELECT 1;');
  await migrate({ connection: database.connection, dir, log });
  write('0003_late', 'DROP TABLE first;');
  await expect(migrate({ connection: database.connection, dir, log })).rejects.toThrow('0003_late');
  expect(await count()).toBe(1);
});

test('two files with one number are refused before anything runs', async () => {
  write('0002_other', 'SELECT 1;');
  await expect(migrate({ connection: database.connection, dir, log })).rejects.toThrow(
    'have the number 0002',
  );
});
