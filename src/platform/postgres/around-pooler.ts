/** Ways around what stands between us and PostgreSQL: a direct address, the job engine's connections, and a stop without an answer. */
import type { Pool } from 'pg';
import { UsageError } from '../../core/errors.ts';
import { systemClock } from '../clock.ts';
import { type DatabaseAddress, toClientConfig, toPoolConfig } from '../database.ts';
import type { GuardedConfig, Silence } from '../database-client.ts';
import { toDatabaseUsageError } from '../database-errors.ts';
import type { Log } from '../log.ts';
import { inspectSession, type Pooling } from './session.ts';

/** So long a stop waits for a database that says nothing. */
const STOP_WITHOUT_DATABASE_MS = 6_000;

/** pg-boss reads its own rows and wants them as `pg` gives them. In the built-in database its schema is made for it. */
export function toQueueConfig(address: DatabaseAddress, silence: Silence, pooling: Pooling) {
  const config: GuardedConfig & { createSchema?: boolean } =
    'url' in address
      ? { connectionString: address.url, silence }
      : { ...address.connection, createSchema: false, silence };
  return toPoolConfig(config, pooling);
}

/** Throws UsageError where the address for migrations and LISTEN leads through such a pooler, too. */
export async function openDirect(url: string | undefined): Promise<DatabaseAddress | undefined> {
  if (url === undefined) return undefined;
  const config = toClientConfig({ url }, 'ml-connector start');
  const { pooling } = await inspectSession(config).catch((error: unknown) => {
    throw toDatabaseUsageError(error, config);
  });
  if (pooling !== 'transaction') return { url };
  throw new UsageError(
    'DATABASE_DIRECT_URL leads through a pooler that lends its sessions for a transaction at a time.',
    'Give it the address of PostgreSQL itself, or leave it out.',
  );
}

export async function assertSameDatabase({ pool }: { pool: Pool }): Promise<void> {
  const { rows } = await pool.query<{ found: boolean }>(
    `select to_regclass('schema_migration') is not null as found`,
  );
  if (rows[0]?.found === true) return;
  throw new UsageError(
    'DATABASE_DIRECT_URL and DATABASE_URL lead to different databases: what was migrated by the one is not seen by the other.',
    'Let both name the same database, with the same role or search_path.',
  );
}

/** In one sentence. */
export function poolingText(pooling: Pooling, isDirect: boolean): string | undefined {
  if (pooling !== 'transaction') return undefined;
  return isDirect
    ? 'DATABASE_URL leads through a pooler in transaction mode; migrations and waking go through DATABASE_DIRECT_URL.'
    : 'DATABASE_URL leads through a pooler in transaction mode, which cannot wake anybody: work is looked for every half second, unless DATABASE_DIRECT_URL names PostgreSQL itself.';
}

/** Resolves where a database elsewhere does not answer: what is open there its own time-outs end. */
export async function givenUp(
  { log, silence }: { log: Log; silence: Silence },
  closing: Promise<void>,
): Promise<void> {
  const closed = new AbortController();
  const whenClosed = closing.then(() => closed.abort());
  while (!closed.signal.aborted && silence.unansweredMs() < STOP_WITHOUT_DATABASE_MS)
    await Promise.race([whenClosed, systemClock.sleep(500)]);
  if (closed.signal.aborted) return;
  log.warn('The database does not answer: stopped without waiting for it. Nothing that was stored is lost.');
}
