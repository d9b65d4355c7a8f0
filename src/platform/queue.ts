/** The job engine behind a small port: a job only says "there is work here"; our own tables say what. */

import type { PoolConfig } from 'pg';
import { PgBoss } from 'pg-boss';
import type { Log } from './log.ts';

/** Runs one SQL text on a connection or inside the caller's transaction. */
export type SqlRunner = (text: string, values: readonly unknown[]) => Promise<{ rows: unknown[] }>;

export type QueueName = 'lane' | 'poll' | 'backfill' | 'callbacks' | 'alerts';
const QUEUE_NAMES: readonly QueueName[] = ['lane', 'poll', 'backfill', 'callbacks', 'alerts'];

/** At most one job per key waits; the key is what is to be looked at. */
export type Wake = { key: string; priority?: number };

export interface Queue {
  /** Enqueues inside the caller's transaction; a key that already waits is not doubled. */
  wake(name: QueueName, wakes: readonly Wake[], run: SqlRunner): Promise<void>;
  work(
    name: QueueName,
    concurrency: number,
    look: (key: string, signal: AbortSignal) => Promise<void>,
  ): Promise<void>;
  /** Jobs that the database's clock had put off before it was set back; how many there were. */
  restartWaits?(run: SqlRunner): Promise<number>;
  /** Waits for work in hand. May be called twice. */
  stop(): Promise<void>;
}

const SCHEMA = 'jobs';
const SECONDS_PER_DAY = 86_400;
/** Longer than a call may take, so that work in hand is finished rather than left in doubt. */
const STOP_MS = 35_000;

export async function startQueue(
  config: PoolConfig,
  log: Log,
  options: { working: boolean; listening?: boolean },
): Promise<Queue> {
  const boss = new PgBoss({
    ...(config as ConstructorParameters<typeof PgBoss>[0] & object),
    schema: SCHEMA,
    max: options.working ? 6 : 2,
    useListenNotify: options.working && options.listening !== false,
    supervise: options.working,
    schedule: false,
    monitorIntervalSeconds: 2,
    superviseIntervalSeconds: 2,
    queueCacheIntervalSeconds: 5,
    application_name: 'ml-connector jobs',
  });
  boss.on('error', (error) => log.warn({ err: error }, 'job engine'));
  boss.on('warning', (warning) => log.debug({ warning }, 'job engine'));
  await boss.start();
  for (const name of QUEUE_NAMES) await ensureQueue(boss, name);
  let stopped: Promise<void> | undefined;
  return {
    async wake(name, wakes, run) {
      if (wakes.length === 0) return;
      const db = {
        executeSql: async (text: string, values: unknown[] = []) => ({
          rows: [...(await run(text, values)).rows],
        }),
      };
      // In key order, so that two transactions that wake the same keys never wait for each other in a circle.
      const sorted = wakes.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      await boss.insert(
        name,
        sorted.map(({ key, priority }) => ({ singletonKey: key, data: { key }, priority: priority ?? 0 })),
        { db },
      );
    },
    async work(name, concurrency, look) {
      await boss.work<{ key: string }>(
        name,
        {
          localConcurrency: concurrency,
          notifyPollingIntervalSeconds: 0.5,
          pollingIntervalSeconds: 0.5,
          burstWhenReadyExceeds: 1,
        },
        async (jobs) => {
          for (const job of jobs) await look(job.data.key, job.signal);
        },
      );
    },
    async restartWaits(run) {
      // No job of ours is put off for longer than the retries' longest delay.
      const { rows } = await run(
        `update ${SCHEMA}.job set start_after = now()
         where state < 'active' and start_after > now() + interval '5 minutes' returning 1`,
        [],
      );
      return rows.length;
    },
    stop() {
      stopped ??= boss.stop({ graceful: true, timeout: STOP_MS, close: true });
      return stopped;
    },
  };
}

async function ensureQueue(boss: PgBoss, name: QueueName): Promise<void> {
  const settings = {
    notify: true,
    retryLimit: 1_000_000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    heartbeatSeconds: 10,
    expireInSeconds: 6 * 3600,
    retentionSeconds: 3650 * SECONDS_PER_DAY,
    deleteAfterSeconds: 3600,
  };
  if (await boss.getQueue(name)) await boss.updateQueue(name, settings);
  else await boss.createQueue(name, { ...settings, policy: 'short' });
}
