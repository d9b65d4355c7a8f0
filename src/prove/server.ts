/** One real PostgreSQL for a whole proof: a database for each seed, copied from a migrated template. */
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../platform/clock.ts';
import { isConnectionLoss } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import type { LocalConnection } from '../platform/postgres/connection.ts';
import { startEmbeddedPostgres } from '../platform/postgres/launcher.ts';
import { migrate } from '../platform/postgres/migrate.ts';

/** Application name of whoever only looks on. */
export const OBSERVER = 'proof observer';

const TEMPLATE = 'template_migrated';
const MEMORY_FOLDER = '/dev/shm';
const ENOUGH_BYTES = 4 * 1024 ** 3;
const RETURN_LOOK_MS = 20;
const LONGEST_RETURN_MS = 60_000;

export type ProofServer = {
  connectionTo(database: string): LocalConnection;
  /** A copy of a database that nobody is connected to; of the migrated template unless told. */
  copy(name: string, from?: string): Promise<void>;
  /** Whoever is still connected. */
  drop(name: string): Promise<void>;
  /** Cuts connections to a database, as an administrator can: all, or `most` of them. */
  cut(database: string, most?: number): Promise<number>;
  /** kill -9 of the whole server; resolves when it answers again. */
  crash(): Promise<void>;
  /** At once, but for a server that has just been killed. */
  ready(): Promise<void>;
  stop(): Promise<void>;
};

export async function startProofServer(log: Log): Promise<ProofServer> {
  const dataDir = await mkdtemp(join(await chooseFolder(), 'ml-connector-proof-'));
  const server = await startEmbeddedPostgres({
    dataDir,
    log,
    // Killed processes lose nothing of this; only a power cut would.
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      max_wal_size: '512MB',
      checkpoint_timeout: '1h',
    },
  });
  const run = (sql: string, values: readonly unknown[] = []) =>
    asAdministrator(server.connection, sql, values);
  let returning: Promise<void> = Promise.resolve();
  async function crash(): Promise<void> {
    const pid = server.postmasterPid();
    if (pid === undefined) return returning;
    process.kill(pid, 'SIGKILL');
    for (
      let waited = 0;
      server.postmasterPid() === pid && waited < LONGEST_RETURN_MS;
      waited += RETURN_LOOK_MS
    )
      await systemClock.sleep(RETURN_LOOK_MS);
    return untilItAnswers(() => run('SELECT 1'));
  }
  const proof: ProofServer = {
    connectionTo: (database) => ({ ...server.connection, database }),
    async copy(name, from = TEMPLATE) {
      await run(`CREATE DATABASE ${name} TEMPLATE ${from} STRATEGY FILE_COPY`);
    },
    async drop(name) {
      await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
    async cut(database, most = 1000) {
      const rows = await run(
        `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name <> $3 ORDER BY random() LIMIT $2) AS victims`,
        [database, most, OBSERVER],
      );
      return rows.length;
    },
    crash: () => (returning = crash()),
    ready: () => returning,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await run(`CREATE DATABASE ${TEMPLATE}`);
    await migrate({ connection: proof.connectionTo(TEMPLATE), log });
    return proof;
  } catch (error) {
    await proof.stop();
    throw error;
  }
}

async function untilItAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (let waited = 0; ; waited += RETURN_LOOK_MS) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isConnectionLoss(error) || waited >= LONGEST_RETURN_MS) throw error;
      await systemClock.sleep(RETURN_LOOK_MS);
    }
  }
}

/** Copies of the template are fast in memory, and slow on some disks. */
async function chooseFolder(): Promise<string> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY_FOLDER);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY_FOLDER : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function asAdministrator(
  connection: LocalConnection,
  sql: string,
  values: readonly unknown[],
): Promise<unknown[]> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
