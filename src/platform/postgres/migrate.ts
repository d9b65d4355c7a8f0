/** Brings the database to this version's schema at start: plain SQL files, forward only, one process at a time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate';
import pg from 'pg';
import { UsageError } from '../../core/errors.ts';
import { type DatabaseAddress, toClientConfig } from '../database.ts';
import { toDatabaseUsageError } from '../database-errors.ts';
import type { Log } from '../log.ts';
import { findPackageRoot } from '../package-root.ts';

export type MigrateOptions = DatabaseAddress & { log: Log; dir?: string };

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
  const client = new pg.Client(config);
  client.on('error', (error) =>
    log.debug({ reason: error.message }, 'The connection of the migrations was lost'),
  );
  try {
    await client.connect();
  } catch (error) {
    throw toDatabaseUsageError(error, config);
  }
  try {
    await takeLock(client, log);
    return await runPending(client, dir, names, log);
  } finally {
    // Ends the session, and the lock with it.
    await client.end();
  }
}

/** The runner takes the same lock again inside, which a session may; ours covers the check as well. */
async function takeLock(client: pg.Client, log: Log): Promise<void> {
  const tried = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
    PG_MIGRATE_LOCK_ID,
  ]);
  if (tried.rows[0]?.taken === true) return;
  log.info('Another process is migrating the database; waiting for it');
  await client.query('SELECT pg_advisory_lock($1)', [PG_MIGRATE_LOCK_ID]);
}

async function runPending(client: pg.Client, dir: string, names: string[], log: Log): Promise<string[]> {
  const applied = await listApplied(client);
  const unknown = applied.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `The database was migrated by a newer version of ml-connector (it has ${unknown.join(', ')}).`,
      'Start that version or a newer one, or restore the backup that was made before the upgrade.',
    );
  }
  const pending = names.filter((name) => !applied.includes(name));
  for (const name of pending) {
    log.info({ migration: name }, 'Migrating the database');
    try {
      // One at a time, so that an error is known to be this file's.
      await runner({
        dbClient: client,
        dir,
        ignorePattern: NOT_MIGRATIONS,
        migrationsTable: TABLE,
        direction: 'up',
        count: 1,
        singleTransaction: true,
        advisoryLockMode: 'wait',
        logger: { info: () => {}, warn: (text) => log.debug(text), error: (text) => log.debug(text) },
      });
    } catch (error) {
      throw new UsageError(
        `Migration ${name}.sql failed and was rolled back: ${describe(error)}.`,
        'The service does not start on a half-migrated database. Nothing of this file took effect; mend the cause and start again.',
      );
    }
  }
  return pending;
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
