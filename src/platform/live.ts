/** Tells every process that something changed, over PostgreSQL's NOTIFY; a hint, never the truth. */
import pg from 'pg';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

const CHANNEL = 'ml_live';
const GATHER_MS = 150;
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
export function startLiveFeed(config: pg.ClientConfig, clock: Clock, log: Log): LiveFeed {
  const listeners = new Set<(change: LiveChange) => void>();
  const closing = new AbortController();
  let client: pg.Client | undefined;

  async function listen(): Promise<void> {
    const lost = Promise.withResolvers<void>();
    client = new pg.Client(config);
    client.on('error', () => lost.resolve());
    client.on('end', () => lost.resolve());
    client.on('notification', ({ payload }) => {
      for (const change of JSON.parse(payload ?? '[]') as LiveChange[]) {
        for (const listener of listeners) listener(change);
      }
    });
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    await lost.promise;
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
