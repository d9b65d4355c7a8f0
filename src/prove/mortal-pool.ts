/** Connections of one process: they fail as ordered, and all end at once when the process is killed. */
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { toClientConfig } from '../platform/database.ts';
import type { LocalConnection } from '../platform/postgres/connection.ts';
import type { Signer } from '../platform/signing.ts';
import type { Db } from '../store/db.ts';
import type { DB } from '../store/schema.ts';
import { withSigner } from '../store/signer.ts';

/** Thrown into whatever a killed process was doing. Nothing catches it and works on: all its doors are shut by then. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export const COMMIT_FAULTS = {
  /** Rolled back; PostgreSQL says that it may be tried again. */
  'serialization failure': '40001',
  deadlock: '40P01',
  'disk full': '53100',
  /** Committed, and the connection is gone before anybody knows. */
  'answer to the commit lost': '08006',
} as const;
export type CommitFault = keyof typeof COMMIT_FAULTS;

export type MortalPool = {
  db: Db;
  /** Queries so far: something is going on. */
  activity(): number;
  /** The next commits that come after so many others fail like this. */
  failCommit(fault: CommitFault, after: number): void;
  /** Takes all connections there are but one for so long as `held` runs. */
  exhaust(held: () => Promise<void>): Promise<void>;
  /** Commit faults that were met. */
  met(): number;
  calm(): void;
  kill(): void;
  close(): Promise<void>;
};

const MOST_CONNECTIONS = 10;

export function createMortalPool(connection: LocalConnection, signer: Signer): MortalPool {
  const pool = new pg.Pool({ ...toClientConfig({ connection }), max: MOST_CONNECTIONS });
  const clients = new Set<pg.PoolClient>();
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    clients.add(client);
    client.on('error', () => {});
  });
  pool.on('remove', (client) => clients.delete(client));
  let isDead = false;
  let activity = 0;
  let met = 0;
  let orders: { fault: CommitFault; after: number }[] = [];

  function takeOrder(): CommitFault | undefined {
    const [first] = orders;
    if (first === undefined) return undefined;
    first.after -= 1;
    if (first.after >= 0) return undefined;
    orders = orders.slice(1);
    met += 1;
    return first.fault;
  }

  async function commit(client: pg.PoolClient): Promise<pg.QueryResult> {
    const fault = takeOrder();
    if (fault === undefined) return client.query('commit');
    await client.query(fault === 'answer to the commit lost' ? 'commit' : 'rollback');
    if (fault === 'answer to the commit lost') socketOf(client).destroy();
    throw Object.assign(new Error(fault), { code: COMMIT_FAULTS[fault] });
  }

  function wrap(client: pg.PoolClient): PostgresPoolClient {
    const query = (text: unknown, values: unknown) => {
      if (isDead) return Promise.reject(new Killed('the process is dead'));
      activity += 1;
      return text === 'commit' ? commit(client) : client.query(text as string, values as unknown[]);
    };
    return { query, release: () => client.release() } as unknown as PostgresPoolClient;
  }

  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  async function connect(): Promise<PostgresPoolClient> {
    if (isDead) throw new Killed('the process is dead');
    activity += 1;
    const client = await pool.connect();
    const known = wrapped.get(client) ?? wrap(client);
    wrapped.set(client, known);
    return known;
  }

  return {
    db: withSigner(
      new Kysely<DB>({ dialect: new PostgresDialect({ pool: { connect, end: () => pool.end() } }) }),
      signer,
    ),
    activity: () => activity,
    met: () => met,
    failCommit: (fault, after) => void orders.push({ fault, after }),
    async exhaust(held) {
      const taken = await Promise.all(Array.from({ length: MOST_CONNECTIONS - 1 }, () => pool.connect()));
      try {
        await held();
      } finally {
        for (const client of taken) client.release();
      }
    },
    calm: () => void (orders = []),
    kill() {
      isDead = true;
      for (const client of clients) socketOf(client).destroy();
    },
    async close() {
      const wasDead = isDead;
      isDead = true;
      // The connections of a dead one are gone; waiting for them would wait for ever.
      const ended = pool.end().catch(() => {});
      if (!wasDead) await ended;
    },
  };
}

function socketOf(client: pg.PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}
