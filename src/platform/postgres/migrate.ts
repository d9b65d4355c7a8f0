/** Brings the database to this version's schema at start: plain SQL files, forward only, one process at a time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import { UsageError } from '../../core/errors.ts';
import { type DatabaseAddress, toClientConfig } from '../database.ts';
import { GuardedClient } from '../database-client.ts';
import { toDatabaseUsageError } from '../database-errors.ts';
import type { Log } from '../log.ts';
import { findPackageRoot } from '../package-root.ts';

export type MigrateOptions = DatabaseAddress & { log: Log; dir?: string };

/** Not the runner's own: an earlier version may have left that one behind in a pooler's session. */
const LOCK_ID = 7_241_865_325_823_965;
const TABLE = 'schema_migration';
const FILE_NAME = /^(\d{4}_[a-z0-9_-]+)\.sql$/;
/** Files beside the migrations (a README) that node-pg-migrate is to leave alone. */
const NOT_MIGRATIONS = '(?!\\d{4}_[a-z0-9_-]+\\.sql$).*';

/**
 * Returns the names of the migrations that it ran. Each runs in its own transaction; the first failure throws
 * `UsageError` and must stop the start. Also throws it when the database has migrations that `dir` has not: a newer
 * version has been here. A second process that starts meanwhile waits.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { dir = join(findPackageRoot(), 'migrations'), log } = options;
  const names = listMigrations(dir);
  const config = toClientConfig(options, 'ml-connector migrate');
  // A migration may wait long for a table; only connecting has a limit.
  const client = new GuardedClient(config);
  client.on('error', (error) =>
    log.debug({ reason: error.message }, 'The connection of the migrations was lost'),
  );
  try {
    await client.connect();
  } catch (error) {
    throw toDatabaseUsageError(error, config);
  }
  try {
    const done: string[] = [];
    for (;;) {
      const name = await runNext(client, dir, names, log);
      if (name === undefined) return done;
      done.push(name);
    }
  } finally {
    await client.end();
  }
}

/**
 * Runs the first migration that is missing, in one transaction together with the lock that keeps others away: a lock
 * of the session would stay behind in a pooler that lends its sessions for a transaction at a time.
 */
async function runNext(
  client: pg.Client,
  dir: string,
  names: readonly string[],
  log: Log,
): Promise<string | undefined> {
  let name: string | undefined;
  try {
    await begin(client, log);
    name = findPending(names, await listApplied(client));
    if (name === undefined) return undefined;
    log.info({ migration: name }, 'Migrating the database');
    // It begins a transaction where there is one already, which PostgreSQL only remarks on, and it commits that.
    await runner({
      dbClient: client,
      dir,
      ignorePattern: NOT_MIGRATIONS,
      migrationsTable: TABLE,
      direction: 'up',
      // One at a time, so that an error is known to be this file's.
      count: 1,
      singleTransaction: true,
      noLock: true,
      logger: { info: () => {}, warn: (text) => log.debug(text), error: (text) => log.debug(text) },
    });
    return name;
  } catch (error) {
    if (name === undefined) throw error;
    throw new UsageError(
      `Migration ${name}.sql failed and was rolled back: ${describe(error)}.`,
      'The service does not start on a half-migrated database. Nothing of this file took effect; mend the cause and start again.',
    );
  } finally {
    // Of what is still open; after a commit there is nothing.
    await client.query('ROLLBACK').catch(() => {});
  }
}

/** However long it takes: what a role or database asks of its sessions does not cut a migration short. */
async function begin(client: pg.Client, log: Log): Promise<void> {
  await client.query(
    'BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
  );
  const tried = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [
    LOCK_ID,
  ]);
  if (tried.rows[0]?.taken === true) return;
  log.info('Another process is migrating the database; waiting for it');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_ID]);
}

function findPending(names: readonly string[], applied: readonly string[]): string | undefined {
  const unknown = applied.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `The database was migrated by a newer version of ml-connector (it has ${unknown.join(', ')}).`,
      'Start that version or a newer one, or restore the backup that was made before the upgrade.',
    );
  }
  return names.find((name) => !applied.includes(name));
}

async function listApplied(client: pg.Client): Promise<string[]> {
  const table = await client.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
    TABLE,
  ]);
  if (table.rows[0]?.found !== true) return [];
  const rows = await client.query<{ name: string }>(`SELECT name FROM ${TABLE}`);
  return rows.rows.map((row) => row.name);
}

function listMigrations(dir: string): string[] {
  if (!existsSync(dir))
    throw new UsageError(`The migrations folder ${dir} is missing.`, 'Install ml-connector again.');
  const names = readdirSync(dir)
    .flatMap((file) => FILE_NAME.exec(file)?.[1] ?? [])
    .sort();
  const numbers = names.map((name) => name.slice(0, 4));
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice !== undefined) throw new UsageError(`Two migrations in ${dir} have the number ${twice}.`);
  return names;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = ['code', 'detail', 'hint', 'where', 'position'].flatMap((field) => {
    const value: unknown = Reflect.get(error, field);
    return typeof value === 'string' && value !== '' ? [`${field}: ${value}`] : [];
  });
  return details.length === 0 ? error.message : `${error.message} (${details.join('; ')})`;
}
