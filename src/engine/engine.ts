/** The worker: takes jobs from the queue, and ticks for what no job tells of (schedules, sweeps, housekeeping). */

import { ANSWER_UNFIT, OperatingError } from '../core/errors.ts';
import { withPatience } from '../platform/database-client.ts';
import { purgeAlerts } from '../store/alerts.ts';
import { listOpenBackfills } from '../store/backfills.ts';
import { listConnectionsAwaitingCallbacks } from '../store/callbacks.ts';
import { listConnections, takeDuePolls } from '../store/connections.ts';
import { type Db, sqlRunner } from '../store/db.ts';
import { listDueLanes } from '../store/events.ts';
import { purgeFormer } from '../store/former-secrets.ts';
import { purgeRejections } from '../store/rejections.ts';
import { restartWaits } from '../store/set-back.ts';
import { noticeAlerts, sendAlerts } from './alerts.ts';
import { runBackfill } from './backfill.ts';
import { tryDueBlocks } from './blocks.ts';
import { tendCallbacks } from './callbacks.ts';
import type { ConnectionRuntime } from './connection-runtime.ts';
import { parseLaneJobKey, wakeLanes } from './intake.ts';
import { drainLane } from './lane.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';
import { connectionPauser } from './pause.ts';
import { pollConnection } from './poll.ts';
import { sealUntilStopped } from './seal-trail.ts';

const TICK_MS = 500;
/** For so long after a change a connection counts as new. */
const NEW_MS = 10 * 60_000;
/** Every so many ticks. */
const TEND_CALLBACKS_EVERY = 240;
const TEND_NEW_CALLBACKS_EVERY = 12;
const HOUSEKEEPING_EVERY = 120;
const BACKFILLS_EVERY = 2;
const ALERTS_EVERY = 10;
const ALERTS_KEPT_MS = 30 * 86_400_000;
const SET_BACK_EVERY = 20;
const SUMS_MS = 300_000;

export async function startWorker(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  options: { lanes: number; publicUrl: string },
): Promise<{ stop(): Promise<void> }> {
  const guarded = (name: string, work: (key: string) => Promise<void>) => async (key: string) => {
    if (parts.stopping.aborted) return;
    await work(key).catch((error: unknown) => onJobError(parts, name, key, error));
  };
  await parts.queue.work(
    'lane',
    options.lanes,
    guarded('lane', (key) => drainLane(parts, runtime, parseLaneJobKey(key))),
  );
  await parts.queue.work(
    'poll',
    2,
    guarded('poll', (key) => pollConnection(parts, runtime, key)),
  );
  await parts.queue.work(
    'backfill',
    1,
    // At its end, sums over all that is stored.
    guarded('backfill', (key) => withPatience(SUMS_MS, () => runBackfill(parts, runtime, key))),
  );
  await parts.queue.work(
    'callbacks',
    1,
    guarded('callbacks', (key) => tendCallbacks(parts, runtime, key, options.publicUrl)),
  );
  await parts.queue.work(
    'alerts',
    1,
    guarded('alerts', (key) => sendAlerts(parts, key, options.publicUrl)),
  );
  const ticking = Promise.all([tickUntilStopped(parts), sealUntilStopped(parts)]);
  return {
    async stop() {
      await ticking;
      await parts.queue.stop();
    },
  };
}

/** What a job cannot do now, the next tick or schedule asks for again; only a dead credential, or answers that never fit, need a person. */
export async function onJobError(
  parts: EngineParts,
  name: string,
  key: string,
  error: unknown,
): Promise<void> {
  const [connectionId = ''] = key.split(' ');
  if (error instanceof OperatingError && (error.kind === 'unauthorized' || error.code === ANSWER_UNFIT)) {
    await connectionPauser(parts)(connectionId, error.message, ENGINE_ACTOR, error.code);
  } else {
    parts.log.warn({ err: error, job: name, connectionId }, `${name} put off`);
  }
}

async function tickUntilStopped(parts: EngineParts): Promise<void> {
  for (let tick = 0; !parts.stopping.aborted; tick += 1) {
    await tickOnce(parts, tick).catch((error: unknown) => parts.log.warn({ err: error }, 'tick failed'));
    if (tick % ALERTS_EVERY === 0) {
      await noticeAlerts(parts);
      await tryDueBlocks(parts).catch((error: unknown) => parts.log.warn({ err: error }, 'blocks not tried'));
    }
    await parts.clock.sleep(TICK_MS, parts.stopping);
  }
}

async function tickOnce(parts: EngineParts, tick: number): Promise<void> {
  const now = nowOf(parts);
  await parts.db.transaction().execute(async (tx) => {
    const run = sqlRunner(tx);
    if (tick % SET_BACK_EVERY === 0) {
      const waits = (await restartWaits(tx, now)) + ((await parts.queue.restartWaits?.(run)) ?? 0);
      if (waits > 0)
        parts.log.warn({ waits }, 'The clock was set back: waits that it had written begin anew.');
    }
    await wakeLanes(tx, parts.queue, await listDueLanes(tx, now), 1);
    const polls = await takeDuePolls(tx, now);
    await parts.queue.wake(
      'poll',
      polls.map((key) => ({ key })),
      run,
    );
    if (tick % BACKFILLS_EVERY === 0) {
      const backfills = await listOpenBackfills(tx);
      await parts.queue.wake(
        'backfill',
        backfills.map((key) => ({ key })),
        run,
      );
    }
    if (tick % HOUSEKEEPING_EVERY === 0) {
      await purgeRejections(tx, now);
      await purgeFormer(tx, now);
      await purgeAlerts(tx, new Date(now.getTime() - ALERTS_KEPT_MS));
    }
    const tend = await connectionsToTend(tx, tick, now);
    await parts.queue.wake(
      'callbacks',
      tend.map((key) => ({ key })),
      run,
    );
  });
}

/** All now and then; more often those just changed, whose person is waiting for the first event. */
async function connectionsToTend(tx: Db, tick: number, now: Date): Promise<string[]> {
  if (tick % TEND_CALLBACKS_EVERY === 0) {
    return (await listConnections(tx)).filter(({ state }) => state === 'active').map(({ id }) => id);
  }
  if (tick % TEND_NEW_CALLBACKS_EVERY !== 0) return [];
  return listConnectionsAwaitingCallbacks(tx, new Date(now.getTime() - NEW_MS));
}
