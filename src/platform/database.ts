/** The way to PostgreSQL for everything else: one pool, typed queries, transactions. */
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type Transaction,
  type TransactionSettings,
} from 'kysely';
import pg from 'pg';
import { UsageError } from '../core/errors.ts';
import { type Clock, systemClock } from './clock.ts';
import {
  createSilence,
  GuardedClient,
  type GuardedConfig,
  patienceMs,
  type Silence,
} from './database-client.ts';
import { isSerializationFailure, toDatabaseUsageError } from './database-errors.ts';
import { columnParsers } from './database-types.ts';
import type { Log } from './log.ts';
import type { LocalConnection } from './postgres/connection.ts';
import { inspectSession, type Pooling, prepareSession, transactionSettings } from './postgres/session.ts';

export { isConnectionLoss } from './database-errors.ts';

/** PostgreSQL as `DATABASE_URL` names it, or as the launcher started it. */
export type DatabaseAddress = { url: string } | { connection: LocalConnection };

export type DatabaseOptions = DatabaseAddress & {
  log: Log;
  /** Connections of this process, at most; 10 unless told. */
  max?: number;
  clock?: Clock;
  applicationName?: string;
  /** What gives up connections that have fallen silent; one for all of the process. */
  silence?: Silence;
};

export type TransactionOptions = {
  /** Read committed unless told. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
};

export type Database<Schema> = {
  pool: pg.Pool;
  db: Kysely<Schema>;
  pooling: Pooling;
  /**
   * Runs `work` in one transaction. It runs again, at most twice, when PostgreSQL rolled it back for a deadlock or a
   * serialization failure: so it must have no effect outside. A lost connection is never tried again here, since the
   * commit may have happened.
   */
  transaction<T>(work: (trx: Transaction<Schema>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Waits for queries in flight. May be called twice. */
  close(): Promise<void>;
};

const CONNECT_TIMEOUT_MS = 10_000;
const RETRIES = 2;
const RETRY_PAUSE_MS = 20;

/** Connects once to see that the database is there, is the right one and new enough; throws `UsageError` if not. */
export async function openDatabase<Schema>(options: DatabaseOptions): Promise<Database<Schema>> {
  const { clock = systemClock, log, silence = createSilence({ log }) } = options;
  const config = { ...toClientConfig(options, options.applicationName), silence };
  const { pooling, encoding } = await inspectSession(config).catch((error: unknown) => {
    throw toDatabaseUsageError(error, config);
  });
  if (encoding !== 'UTF8')
    log.warn(
      { encoding },
      'The database is not encoded in UTF8: names that its encoding lacks cannot be stored.',
    );
  const pool = createPool(config, pooling, options.max ?? 10, log);
  const db = new Kysely<Schema>({ dialect: new SettledDialect({ pool }, pooling) });
  let closed: Promise<void> | undefined;
  return {
    pool,
    db,
    pooling,
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

function createPool(config: GuardedConfig, pooling: Pooling, max: number, log: Log): pg.Pool {
  const pool = new pg.Pool({ ...toPoolConfig(config, pooling), max, idleTimeoutMillis: 30_000 });
  // Without these two a restart of PostgreSQL ends the process: an idle and a borrowed client report their loss as an event.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'An idle database connection was lost'));
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ reason: error.message }, 'A database connection was lost'));
  });
  return pool;
}

/** For a pool of our own, or of somebody who makes one from its settings. */
export function toPoolConfig<Config extends GuardedConfig>(
  config: Config,
  pooling: Pooling,
): Config & Pick<pg.PoolConfig, 'Client' | 'onConnect'> {
  return {
    ...config,
    Client: GuardedClient,
    // A session that is not ours would hand our settings on to somebody else.
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it, whatever its type says
    ...(pooling === 'transaction' ? {} : { onConnect: prepareSession }),
  };
}

/** Each transaction says itself what it depends on: isolation, and what a session that is not ours may have otherwise. */
class SettledDialect extends PostgresDialect {
  readonly #config: { pool: pg.Pool };
  readonly #pooling: Pooling;

  constructor(config: { pool: pg.Pool }, pooling: Pooling) {
    super(config);
    this.#config = config;
    this.#pooling = pooling;
  }

  override createDriver(): PostgresDriver {
    return new SettledDriver(this.#config, this.#pooling);
  }
}

class SettledDriver extends PostgresDriver {
  readonly #pooling: Pooling;

  constructor(config: { pool: pg.Pool }, pooling: Pooling) {
    super(config);
    this.#pooling = pooling;
  }

  override async beginTransaction(
    connection: DatabaseConnection,
    { isolationLevel = 'read committed', accessMode = 'read write' }: TransactionSettings,
  ): Promise<void> {
    const settings = transactionSettings(this.#pooling, patienceMs() ?? 0);
    await connection.executeQuery(
      CompiledQuery.raw(`START TRANSACTION ISOLATION LEVEL ${isolationLevel} ${accessMode}; ${settings}`),
    );
  }
}
