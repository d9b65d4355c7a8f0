/** The way to PostgreSQL for everything else: one pool, typed queries, transactions. */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { UsageError } from '../core/errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { isSerializationFailure, toDatabaseUsageError } from './database-errors.ts';
import { columnParsers } from './database-types.ts';
import type { Log } from './log.ts';
import type { LocalConnection } from './postgres/connection.ts';

export { isConnectionLoss } from './database-errors.ts';

/** PostgreSQL as `DATABASE_URL` names it, or as the launcher started it. */
export type DatabaseAddress = { url: string } | { connection: LocalConnection };

export type DatabaseOptions = DatabaseAddress & {
  log: Log;
  /** Connections of this process, at most; 10 unless told. */
  max?: number;
  clock?: Clock;
  applicationName?: string;
};

export type TransactionOptions = {
  /** Read committed unless told. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
};

export type Database<Schema> = {
  pool: pg.Pool;
  db: Kysely<Schema>;
  /**
   * Runs `work` in one transaction. It runs again, at most twice, when PostgreSQL rolled it back for a deadlock or a
   * serialization failure: so it must have no effect outside. A lost connection is never tried again here, since the
   * commit may have happened.
   */
  transaction<T>(work: (trx: Transaction<Schema>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Waits for queries in flight. May be called twice. */
  close(): Promise<void>;
};

const MINIMUM_VERSION = 150_000;
const CONNECT_TIMEOUT_MS = 10_000;
const RETRIES = 2;
const RETRY_PAUSE_MS = 20;

/** Connects once to see that the database is there, is the right one and new enough; throws `UsageError` if not. */
export async function openDatabase<Schema>(options: DatabaseOptions): Promise<Database<Schema>> {
  const { clock = systemClock, log } = options;
  const config = toClientConfig(options, options.applicationName);
  const pool = createPool(config, options.max ?? 10, log);
  try {
    await assertVersion(pool);
  } catch (error) {
    await pool.end();
    throw toDatabaseUsageError(error, config);
  }
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  let closed: Promise<void> | undefined;
  return {
    pool,
    db,
    async transaction(work, { isolation = 'read committed' } = {}) {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await db.transaction().setIsolationLevel(isolation).execute(work);
        } catch (error) {
          if (attempt >= RETRIES || !isSerializationFailure(error)) throw error;
          await clock.sleep(RETRY_PAUSE_MS * (attempt + 1));
        }
      }
    },
    close() {
      closed ??= db.destroy();
      return closed;
    },
  };
}

/** For those who need a connection of their own: LISTEN, migrations, pg-boss. */
export function toClientConfig(address: DatabaseAddress, applicationName = 'ml-connector'): pg.ClientConfig {
  if ('url' in address) assertUrl(address.url);
  return {
    ...('url' in address ? { connectionString: address.url } : address.connection),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: columnParsers,
  };
}

function assertUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  if (protocol === 'postgres:' || protocol === 'postgresql:') return;
  // The value itself is not shown: it may hold a password.
  throw new UsageError(
    'DATABASE_URL is not a PostgreSQL URL.',
    'It looks like postgresql://user:password@host:5432/database',
  );
}

function createPool(config: pg.ClientConfig, max: number, log: Log): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    max,
    idleTimeoutMillis: 30_000,
    // A role or a managed service may have switched it off, and an acknowledged event must be on disk.
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it, whatever its type says
    onConnect: async (client) => {
      await client.query("SET synchronous_commit = 'on'; SET timezone = 'UTC'");
    },
  });
  // Without these two a restart of PostgreSQL ends the process: an idle and a borrowed client report their loss as an event.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'An idle database connection was lost'));
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ reason: error.message }, 'A database connection was lost'));
  });
  return pool;
}

async function assertVersion(pool: pg.Pool): Promise<void> {
  const result = await pool.query<{ number: number; name: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name`,
  );
  const version = result.rows[0];
  if (version && version.number >= MINIMUM_VERSION) return;
  throw new UsageError(
    `The database runs PostgreSQL ${version?.name ?? '(unknown)'}; version 15 or newer is needed.`,
    'Upgrade it, or set DATABASE_URL to a newer one.',
  );
}
