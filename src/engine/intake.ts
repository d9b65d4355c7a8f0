/** The one door: every event, wherever it comes from, is stored and its lane woken in one transaction. */
import type { QueueName, SqlRunner, Wake } from '../platform/queue.ts';
import type { Db } from '../store/db.ts';
import { sqlRunner } from '../store/db.ts';
import { insertEvents, type LaneKey, type NewEvent } from '../store/events.ts';
import { reach } from './checkpoints.ts';
import { type EngineParts, nowOf } from './parts.ts';

/** Live work goes before history. */
export const PRIORITY: Record<NewEvent['origin'], number> = {
  webhook: 10,
  dependency: 10,
  poll: 8,
  replay: 5,
  reconciliation: 3,
  backfill: 0,
};

function laneJobKey({ connectionId, lane }: LaneKey): string {
  return `${connectionId} ${lane}`;
}

export function parseLaneJobKey(key: string): LaneKey {
  const [connectionId = '', ...lane] = key.split(' ');
  return { connectionId, lane: lane.join(' ') };
}

type Waker = { wake(name: QueueName, wakes: readonly Wake[], run: SqlRunner): Promise<void> };

export async function wakeLanes(
  tx: Db,
  queue: Waker,
  lanes: readonly LaneKey[],
  priority: number,
): Promise<void> {
  // In key order, so that two transactions that wake the same lanes never wait for each other in a circle.
  const keys = lanes.map(laneJobKey).toSorted();
  await queue.wake(
    'lane',
    keys.map((key) => ({ key, priority })),
    sqlRunner(tx),
  );
}

/** Stores the events inside `tx` and wakes their lanes when it commits. */
export async function acceptEvents(parts: EngineParts, tx: Db, events: readonly NewEvent[]): Promise<void> {
  const lanes = await insertEvents(tx, events, nowOf(parts));
  const priority = Math.max(0, ...events.map((event) => PRIORITY[event.origin]));
  await wakeLanes(tx, parts.queue, lanes, priority);
  for (const event of events) parts.metrics.eventsAccepted.inc({ origin: event.origin });
}

/** Two overlap the work of PostgreSQL with ours; more only make the batches smaller. */
const COMMITS_AT_ONCE = 2;
const MOST_IN_ONE_COMMIT = 200;

/**
 * Group commit: events that arrive while commits are on their way share the next one. Resolves once the event is
 * durable; rejects for all of a batch when it could not be stored.
 */
export function createGroupCommit(parts: EngineParts): (event: NewEvent) => Promise<void> {
  type Waiting = { event: NewEvent; resolve: () => void; reject: (error: unknown) => void };
  let waiting: Waiting[] = [];
  let committing = 0;

  async function commit(batch: readonly Waiting[]): Promise<void> {
    const events = batch.map(({ event }) => event);
    try {
      await parts.db.transaction().execute(async (tx) => {
        await acceptEvents(parts, tx, events);
        await reach(parts, 'before event');
      });
      await reach(parts, 'after event');
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function commitWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_IN_ONE_COMMIT);
      waiting = waiting.slice(MOST_IN_ONE_COMMIT);
      await commit(batch);
    }
    committing -= 1;
  }

  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      if (committing === COMMITS_AT_ONCE) return;
      committing += 1;
      setImmediate(() => void commitWaiting());
    });
}
