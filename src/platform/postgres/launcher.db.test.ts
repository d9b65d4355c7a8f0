/** The built-in PostgreSQL in ordinary life: it starts, refuses company, repairs itself, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, listWatchdogs, startOwner } from '../../../test/kit/postgres-processes.ts';
import { isConnectionLoss, openDatabase } from '../database.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './launcher.ts';
import { findRunningPostgres } from './owner-record.ts';
import { listClusterProcesses } from './processes.ts';

const log = pino({ level: 'silent' });
const isRoot = process.getuid?.() === 0;
const folders: string[] = [];
let dataDir: string;

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ml-connector-launcher-'));
  folders.push(folder);
  return folder;
}

async function ask(server: EmbeddedPostgres, sql: string): Promise<unknown> {
  const client = new pg.Client(server.connectionString);
  await client.connect();
  const result = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  return result.rows[0]?.[0];
}

beforeAll(() => {
  dataDir = join(makeFolder(), 'data');
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('a first start makes a durable cluster that only a socket leads to, and stop leaves nothing', async () => {
  const server = await startEmbeddedPostgres({ dataDir, log });
  const cluster = join(dataDir, 'postgres');
  for (const [name, value] of Object.entries({
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    data_checksums: 'on',
    listen_addresses: '',
    server_encoding: 'UTF8',
  })) {
    expect([name, await ask(server, `SHOW ${name}`)]).toEqual([name, value]);
  }
  expect(await ask(server, 'SELECT datcollate FROM pg_database WHERE datname = current_database()')).toBe(
    'C',
  );
  expect(statSync(cluster).mode & 0o777).toBe(0o700);
  expect(listWatchdogs(process.pid)).toHaveLength(1);
  expect(await findRunningPostgres(dataDir)).toEqual(server.connection);

  await Promise.all([server.stop(), server.stop()]);
  expect(listClusterProcesses(cluster)).toEqual([]);
  expect(listWatchdogs(process.pid)).toEqual([]);
  expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.lock']);
  expect(readdirSync(cluster).filter((name) => /^postmaster\.pid|^\.s\.PGSQL/.test(name))).toEqual([]);
  expect(await findRunningPostgres(dataDir)).toBeUndefined();
  lockDataDirectory(dataDir).release();
});

test('a second start on the same directory is refused in this process and in another', async () => {
  const server = await startEmbeddedPostgres({ dataDir, log });
  try {
    const sentence = `The data directory ${dataDir} is in use by another ml-connector (pid ${process.pid}).`;
    await expect(startEmbeddedPostgres({ dataDir, log })).rejects.toThrow(sentence);
    const other = await startOwner(dataDir);
    expect(other.answer).toMatchObject({ refused: sentence, hint: expect.stringContaining('DATABASE_URL') });
    expect(await ask(server, 'SELECT 1')).toBe(1);
  } finally {
    await server.stop();
  }
});

test('a stale postmaster.pid that names a living stranger is survived, and so is the stranger', async () => {
  const stranger = spawn('sleep', ['60'], { cwd: join(dataDir, 'postgres') });
  writeFileSync(
    join(dataDir, 'postgres', 'postmaster.pid'),
    `${stranger.pid}\n${dataDir}\n0\n5432\n.\n\n\nready\n`,
  );
  const server = await startEmbeddedPostgres({ dataDir, log });
  expect(await ask(server, 'SELECT 1')).toBe(1);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  stranger.kill();
  await server.stop();
});

test('a postmaster killed with -9 comes back by itself, and the pool with it', async () => {
  const events: string[] = [];
  const server = await startEmbeddedPostgres({
    dataDir,
    log,
    onDown: (reason) => events.push(reason),
    onUp: () => events.push('up'),
  });
  const database = await openDatabase({ connection: server.connection, log, max: 3 });
  await database.pool.query('CREATE TABLE IF NOT EXISTS kept (id int)');
  await database.pool.query('INSERT INTO kept VALUES (1)');
  const inFlight = database.pool.query('SELECT pg_sleep(30)').catch((error: unknown) => error);
  await eventually(() => database.pool.totalCount > database.pool.idleCount);
  const killed = server.postmasterPid() ?? 0;
  process.kill(killed, 'SIGKILL');

  expect(isConnectionLoss(await inFlight)).toBe(true);
  const lost: unknown[] = [];
  await eventually(async () => {
    try {
      return (await database.pool.query('SELECT * FROM kept')).rowCount === 1;
    } catch (error) {
      lost.push(error);
      return false;
    }
  });
  expect(lost.filter((error) => !isConnectionLoss(error))).toEqual([]);
  expect(events).toEqual(['killed by SIGKILL', 'up']);
  expect(server.isReady()).toBe(true);
  expect(server.postmasterPid()).not.toBe(killed);
  await database.close();
  await server.stop();
});

test('a data directory with a path too long for a socket works', async () => {
  const deep = join(makeFolder(), 'd'.repeat(90), 'data');
  const server = await startEmbeddedPostgres({ dataDir: deep, log });
  const socketDir = server.connection.host;
  expect(socketDir.length).toBeLessThan(90);
  expect(await ask(server, 'SELECT 1')).toBe(1);
  expect(statSync(socketDir).mode & 0o777).toBe(0o700);
  await server.stop();
  expect(statSync(socketDir, { throwIfNoEntry: false })).toBeUndefined();
});

test.runIf(isRoot && process.platform === 'linux')(
  'root may keep its data below a folder that nobody else can enter',
  async () => {
    const closed = makeFolder();
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    const server = await startEmbeddedPostgres({ dataDir: join(closed, 'data'), log });
    expect(await ask(server, 'SELECT 1')).toBe(1);
    expect(readFileSync(`/proc/${server.postmasterPid()}/status`, 'utf8')).not.toMatch(/^Uid:\t0\t/m);
    await server.stop();
  },
);

test('what is not a cluster, and what another version made, is left alone with a sentence', async () => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'postgres'));
  writeFileSync(join(folder, 'postgres', 'precious.txt'), 'mine');
  await expect(startEmbeddedPostgres({ dataDir: folder, log })).rejects.toThrow(
    'is not a PostgreSQL data directory',
  );
  writeFileSync(join(folder, 'postgres', 'PG_VERSION'), '17\n');
  await expect(startEmbeddedPostgres({ dataDir: folder, log })).rejects.toThrow('was made by PostgreSQL 17');
  expect(readFileSync(join(folder, 'postgres', 'precious.txt'), 'utf8')).toBe('mine');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(startEmbeddedPostgres({ dataDir: join(file, 'data'), log })).rejects.toThrow(
    /cannot run in .*ENOTDIR/,
  );
});
