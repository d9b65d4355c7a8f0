/** What we need of a session with PostgreSQL, and what stands between us and it: asked once, before anything is done. */
import type { ClientBase } from 'pg';
import { UsageError } from '../../core/errors.ts';
import { GuardedClient, type GuardedConfig } from '../database-client.ts';

/** `transaction`: each transaction may run in another session, as with PgBouncer's pool_mode = transaction. */
export type Pooling = 'none' | 'session' | 'transaction';

const MINIMUM_VERSION = 150_000;
/** A pooler that other processes use may give another session by chance: so often it is asked. */
const LOOKS = 8;

/** Longest pause between two statements of a transaction, and longest statement in one, unless told. */
const TRANSACTION_MS = 20_000;
/** Statements outside of transactions hold no locks of ours for others. */
const STATEMENT_MS = 120_000;

/**
 * Asked of the server for each session: a session whose client has vanished must not keep its locks. A role or a
 * managed service may have switched synchronous_commit off, and an acknowledged event must be on disk.
 */
const SESSION: Readonly<Record<string, string | number>> = {
  synchronous_commit: 'on',
  statement_timeout: STATEMENT_MS,
  idle_in_transaction_session_timeout: TRANSACTION_MS,
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: TRANSACTION_MS,
};

/** For sessions that are ours alone. */
export async function prepareSession(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query(
    Object.entries(SESSION)
      .map(([name, value]) => `SET ${name} = '${value}'`)
      .join('; '),
  );
}

/** What a transaction asks for itself: all of it where the session is not ours, else only what differs. */
export function transactionSettings(pooling: Pooling, patienceMs: number): string {
  const ms = Math.max(TRANSACTION_MS, patienceMs);
  return [
    ...(pooling === 'transaction' ? [`SET LOCAL synchronous_commit = 'on'`] : []),
    ...(pooling === 'transaction' || ms > TRANSACTION_MS
      ? [`SET LOCAL idle_in_transaction_session_timeout = ${ms}`]
      : []),
    `SET LOCAL statement_timeout = ${ms}`,
  ].join('; ');
}

type Found = {
  number: number;
  name: string;
  backend: number;
  date_style: string;
  time_zone: string;
  strings: string;
  encoding: string;
  commits: string;
  replicated: string;
  read_only: string;
  place: string | null;
};

/** Throws `UsageError` where the database is too old, or does something with our values that we cannot change. */
export async function inspectSession(config: GuardedConfig): Promise<{ pooling: Pooling; encoding: string }> {
  const client = new GuardedClient(config);
  // Its queries report it.
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await look(client);
    assertVersion(found);
    const isDirect = found.backend === backendOf(client);
    const pooling = isDirect ? 'none' : await poolingOf(client, config);
    assertSettings(found, pooling);
    return { pooling, encoding: found.encoding };
  } finally {
    await client.end();
  }
}

async function look(client: GuardedClient): Promise<Found> {
  const { rows } = await client.query<Found>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name,
      pg_backend_pid() AS backend, current_setting('DateStyle') AS date_style, current_setting('TimeZone') AS time_zone,
      current_setting('standard_conforming_strings') AS strings, current_setting('server_encoding') AS encoding,
      current_setting('synchronous_commit') AS commits, current_setting('session_replication_role') AS replicated,
      current_setting('transaction_read_only') AS read_only, current_schema()::text AS place`,
  );
  const [found] = rows;
  if (!found) throw new Error('the database says nothing about itself');
  return found;
}

/** The process that the server named when the session began: a pooler names one of its own. */
function backendOf(client: GuardedClient): number | undefined {
  const named: unknown = Reflect.get(client, 'processID');
  return typeof named === 'number' ? named : undefined;
}

/** Two sessions at once that meet in one backend, or one that changes it, have none of their own. */
async function poolingOf(client: GuardedClient, config: GuardedConfig): Promise<Pooling> {
  const other = new GuardedClient(config);
  other.on('error', () => {});
  await other.connect();
  try {
    const seen = new Map<GuardedClient, number>();
    for (let count = 0; count < LOOKS; count += 1) {
      for (const one of [client, other]) {
        const { backend } = await look(one);
        const isMoved = seen.has(one) && seen.get(one) !== backend;
        seen.set(one, backend);
        if (isMoved || seen.get(client) === seen.get(other)) return 'transaction';
      }
    }
    return 'session';
  } finally {
    await other.end();
  }
}

function assertVersion({ number, name }: Found): void {
  if (number >= MINIMUM_VERSION) return;
  throw new UsageError(
    `The database runs PostgreSQL ${name || '(unknown)'}; version 15 or newer is needed.`,
    'Upgrade it, or set DATABASE_URL to a newer one.',
  );
}

function assertSettings(found: Found, pooling: Pooling): void {
  const needs: { name: string; value: string; fits: boolean; wanted: string }[] = [
    {
      name: 'DateStyle',
      value: found.date_style,
      fits: found.date_style.startsWith('ISO'),
      wanted: 'ISO, MDY',
    },
    {
      name: 'TimeZone',
      value: found.time_zone,
      fits: /^(UTC|Etc\/UTC|GMT)$/.test(found.time_zone),
      wanted: 'UTC',
    },
    { name: 'standard_conforming_strings', value: found.strings, fits: found.strings === 'on', wanted: 'on' },
    {
      name: 'session_replication_role',
      value: found.replicated,
      fits: found.replicated === 'origin',
      wanted: 'origin',
    },
    {
      name: 'default_transaction_read_only',
      value: found.read_only,
      fits: found.read_only === 'off',
      wanted: 'off',
    },
    // Where the session is ours it is set for each; where it is not, single statements go by the default.
    {
      name: 'synchronous_commit',
      value: found.commits,
      fits: pooling !== 'transaction' || found.commits !== 'off',
      wanted: 'on',
    },
  ];
  const wrong = needs.find(({ fits }) => !fits);
  if (wrong) {
    throw new UsageError(
      `The database answers with ${wrong.name} = ${wrong.value}; ml-connector needs ${wrong.wanted}.`,
      `Set it for the database or its role (ALTER ROLE … SET ${wrong.name} = '${wrong.wanted}'), or in the pooler in front of it. A read-only database is a replica: set DATABASE_URL to the primary.`,
    );
  }
  if (found.place !== null) return;
  throw new UsageError(
    'The search_path of the database names no schema that exists, so there is no place for the tables.',
    'Make a schema for this role, or set its search_path (ALTER ROLE … SET search_path = public).',
  );
}
