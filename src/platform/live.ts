/** Tells every process that something changed, over PostgreSQL's NOTIFY; a hint, never the truth. */

import type pg from 'pg';
import type { Clock } from './clock.ts';
import { GuardedClient, type GuardedConfig } from './database-client.ts';
import type { Log } from './log.ts';

const CHANNEL = 'ml_live';
const GATHER_MS = 150;
const HEARTBEAT_MS = 10_000;
const SWEEP_MS = 500;
/** NOTIFY takes payloads below 8,000 bytes. */
const MOST_IN_ONE = 80;

export type LiveChange = { id: string; state: string };

/** Gathers changes for a moment and sends them together. */
export function createAnnouncer(
  pool: pg.Pool,
  clock: Clock,
  log: Log,
): { announce(change: LiveChange): void; flush(): Promise<void> } {
  let gathered: LiveChange[] = [];
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    while (gathered.length > 0) {
      const part = gathered.slice(0, MOST_IN_ONE);
      gathered = gathered.slice(MOST_IN_ONE);
      await pool
        .query('select pg_notify($1, $2)', [CHANNEL, JSON.stringify(part)])
        .catch((error: unknown) => log.debug({ err: error }, 'live change not announced'));
    }
    sending = undefined;
  }

  return {
    announce(change) {
      gathered.push(change);
      sending ??= clock.sleep(GATHER_MS).then(send);
    },
    async flush() {
      await sending;
    },
  };
}

export type LiveFeed = {
  subscribe(listener: (change: LiveChange) => void): () => void;
  close(): Promise<void>;
};

/** Listens on a connection of its own and connects again when that is lost. */
export function startLiveFeed(config: GuardedConfig, clock: Clock, log: Log): LiveFeed {
  const listeners = new Set<(change: LiveChange) => void>();
  const closing = new AbortController();
  let client: GuardedClient | undefined;

  async function listen(): Promise<void> {
    const lost = Promise.withResolvers<void>();
    client = new GuardedClient(config);
    client.on('error', () => lost.resolve());
    client.on('end', () => lost.resolve());
    client.on('notification', ({ payload }) => {
      for (const change of JSON.parse(payload ?? '[]') as LiveChange[]) {
        for (const listener of listeners) listener(change);
      }
    });
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    const end = new AbortController();
    const loss = lost.promise.then(() => end.abort());
    // Nothing else is asked on this connection, so a server that has vanished would not be missed.
    while (!end.signal.aborted) {
      await Promise.race([loss, clock.sleep(HEARTBEAT_MS, closing.signal)]);
      if (closing.signal.aborted) return;
      if (!end.signal.aborted) await client.query('select 1');
    }
  }

  async function keepListening(): Promise<void> {
    while (!closing.signal.aborted) {
      await listen().catch((error: unknown) => log.debug({ err: error }, 'live feed lost'));
      await clock.sleep(1000, closing.signal);
    }
  }

  const running = keepListening();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      await client?.end().catch(() => {});
      await running;
    },
  };
}

/** Looks by itself, where nobody can be told: `look` lists what changed after a moment, oldest first. */
export function startSweptFeed(
  look: (after: Date) => Promise<(LiveChange & { at: Date })[]>,
  clock: Clock,
  log: Log,
): LiveFeed {
  const listeners = new Set<(change: LiveChange) => void>();
  const closing = new AbortController();

  async function sweep(): Promise<void> {
    let after = new Date(clock.now());
    while (!closing.signal.aborted) {
      await clock.sleep(SWEEP_MS, closing.signal);
      if (listeners.size === 0) after = new Date(clock.now());
      else {
        const changes = await look(after).catch((error: unknown) => {
          log.debug({ err: error }, 'live changes not looked for');
          return [];
        });
        for (const { id, state } of changes) for (const listener of listeners) listener({ id, state });
        after = changes.at(-1)?.at ?? after;
      }
    }
  }

  const running = sweep();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
