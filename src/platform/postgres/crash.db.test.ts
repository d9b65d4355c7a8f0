/** The built-in PostgreSQL when processes are killed: what was acknowledged is there, and nothing keeps running. */
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectionOf,
  eventually,
  listWatchdogs,
  type Owner,
  startOwner,
} from '../../../test/kit/postgres-processes.ts';
import { isAlive, listClusterProcesses, signal } from './processes.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
let folder: string;
let dataDir: string;
let cluster: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ml-connector-crash-'));
  dataDir = join(folder, 'data');
  cluster = join(dataDir, 'postgres');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function connect(owner: Owner): Promise<pg.Client> {
  const client = new pg.Client(connectionOf(owner));
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Writes one committed row after the other until the connection breaks; answers the last acknowledged number. */
async function writeUntilKilled(owner: Owner, kill: () => void): Promise<number> {
  const client = await connect(owner);
  await client.query('CREATE TABLE IF NOT EXISTS acknowledged (number int)');
  let last = (await client.query('SELECT coalesce(max(number), 0) AS last FROM acknowledged')).rows[0].last;
  const first = last;
  try {
    while (true) {
      await client.query('INSERT INTO acknowledged VALUES ($1)', [last + 1]);
      last += 1;
      if (last === first + 200) kill();
    }
  } catch {
    return last;
  }
}

async function readLast(owner: Owner): Promise<number> {
  const client = await connect(owner);
  const result = await client.query('SELECT max(number) AS last, count(*)::int AS count FROM acknowledged');
  await client.end();
  expect(result.rows[0].count).toBe(result.rows[0].last);
  return result.rows[0].last;
}

test('kill -9 of the service stops PostgreSQL too, and the next start finds everything acknowledged', async () => {
  const owner = await startOwner(dataDir);
  const last = await writeUntilKilled(owner, () => owner.process.kill('SIGKILL'));
  await eventually(() => listClusterProcesses(cluster).length === 0);
  const next = await startOwner(dataDir);
  expect(await readLast(next)).toBeGreaterThanOrEqual(last);
  await next.end('SIGTERM');
  expect(listClusterProcesses(cluster)).toEqual([]);
});

test('an acknowledged commit survives kill -9 of everything at once', async () => {
  const owner = await startOwner(dataDir);
  const pid = owner.process.pid ?? 0;
  const last = await writeUntilKilled(owner, () => {
    for (const each of [pid, ...listWatchdogs(pid), ...listClusterProcesses(cluster)])
      signal(each, 'SIGKILL');
  });
  const next = await startOwner(dataDir);
  expect(last).toBeGreaterThan(200);
  expect(await readLast(next)).toBeGreaterThanOrEqual(last);
  await next.end('SIGTERM');
});

test('a PostgreSQL that lost both its service and its watchdog is taken down by the next start', async () => {
  const owner = await startOwner(dataDir);
  const orphan = 'postmasterPid' in owner.answer ? owner.answer.postmasterPid : 0;
  const pid = owner.process.pid ?? 0;
  for (const each of [...listWatchdogs(pid), pid]) signal(each, 'SIGKILL');
  await owner.end('SIGKILL');
  expect(isAlive(orphan)).toBe(true);
  const next = await startOwner(dataDir);
  expect(listClusterProcesses(cluster)).not.toContain(orphan);
  expect('postmasterPid' in next.answer).toBe(true);
  await next.end('SIGTERM');
});

test.runIf(isRoot)('it runs as a normal user, who cannot be given a directory of somebody else', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ml-connector-user-'));
  chownSync(home, NOBODY, NOBODY);
  try {
    const as = { uid: NOBODY, gid: NOBODY };
    const owner = await startOwner(join(home, 'data'), as);
    const client = await connect(owner);
    expect((await client.query('SELECT 1 AS one')).rows[0].one).toBe(1);
    await client.end();
    await owner.end('SIGTERM');

    chownSync(join(home, 'data', 'postgres'), NOBODY - 1, NOBODY);
    const refused = await startOwner(join(home, 'data'), as);
    expect(refused.answer).toMatchObject({
      refused: expect.stringContaining(`belongs to user id ${NOBODY - 1}`),
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
