/** The one door: every event, wherever it comes from, is stored and its lane woken in one transaction. */
import type { QueueName, SqlRunner, Wake } from '../platform/queue.ts';
import type { Db } from '../store/db.ts';
import { sqlRunner } from '../store/db.ts';
import { insertEvents, type LaneKey, type NewEvent } from '../store/events.ts';
import { type EngineParts, nowOf } from './parts.ts';

/** Live work goes before history. */
const PRIORITY: Record<NewEvent['origin'], number> = {
  webhook: 10,
  dependency: 10,
  poll: 8,
  replay: 5,
  reconciliation: 3,
  backfill: 0,
};

export function laneJobKey({ connectionId, lane }: LaneKey): string {
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
  await queue.wake(
    'lane',
    lanes.map((lane) => ({ key: laneJobKey(lane), priority })),
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

/**
 * Group commit: events that arrive while a commit is on its way share the next one. Resolves once the event is
 * durable; rejects for all of a batch when it could not be stored.
 */
export function createGroupCommit(parts: EngineParts): (event: NewEvent) => Promise<void> {
  const MOST_IN_ONE_COMMIT = 200;
  type Waiting = { event: NewEvent; resolve: () => void; reject: (error: unknown) => void };
  let waiting: Waiting[] = [];
  let committing = false;

  async function commitAll(): Promise<void> {
    committing = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MOST_IN_ONE_COMMIT);
      waiting = waiting.slice(MOST_IN_ONE_COMMIT);
      try {
        await parts.db.transaction().execute((tx) =>
          acceptEvents(
            parts,
            tx,
            batch.map(({ event }) => event),
          ),
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    committing = false;
  }

  return (event) =>
    new Promise((resolve, reject) => {
      waiting.push({ event, resolve, reject });
      if (!committing) {
        committing = true;
        setImmediate(() => void commitAll());
      }
    });
}
