/** Draining a lane: one document after the other under a lease, put off as a whole when something has to wait (I5). */
import {
  ACCOUNT_GONE,
  ANSWER_UNFIT,
  NOT_SERVED,
  OperatingError,
  type OperatingErrorKind,
} from '../core/errors.ts';
import { monotonicMs } from '../platform/clock.ts';
import { isConnectionLoss } from '../platform/database.ts';
import { isActive } from '../store/connections.ts';
import { findPendingDocument, type Reason, type SyncDocument } from '../store/documents.ts';
import type { LaneKey } from '../store/events.ts';
import { isBackfilled, listUnsettledEvents } from '../store/events.ts';
import {
  acquireLease,
  countFailures,
  deferLane,
  type Lease,
  LeaseLost,
  releaseLeaseIfIdle,
  renewLease,
} from '../store/lanes.ts';
import { appendTrail, countDeferralsInVain, documentSubject } from '../store/trail.ts';
import { Blocked } from './blocks.ts';
import { withCallPriority } from './call-priority.ts';
import { between, watchingProgress } from './checkpoints.ts';
import type { ConnectionRuntime } from './connection-runtime.ts';
import { hold } from './hold.ts';
import { type LaneWork, settle } from './lane-work.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';
import { connectionPauser } from './pause.ts';
import { LEAVE_OUT } from './plan/plan.ts';
import { syncDocument } from './sync.ts';

/** Longer than any call, statement or wait for a turn of the budget may take. */
const STALLED_MS = 180_000;
const LEASE_MS = 15_000;
const RENEW_MS = 4_000;
const RETURN_LOOK_MS = 500;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 60_000;
/** What is tried so often in a row before the document is set aside. */
const TRIES_IN_VAIN: readonly { kinds: ReadonlySet<string>; tries: number }[] = [
  // A fault of ours, or a copy that is not where it was.
  { kinds: new Set(['fault', 'conflict']), tries: 5 },
  // Nothing is served where it was sent, which an outage of a gateway looks like: minutes.
  { kinds: new Set(['not-served']), tries: 10 },
];

class LaneStalled extends Error {
  override readonly name = 'LaneStalled';
}

export async function drainLane(parts: EngineParts, runtime: ConnectionRuntime, key: LaneKey): Promise<void> {
  const open = await runtime.open(key.connectionId);
  if (open.connection.state === 'paused' || parts.stopping.aborted) return;
  const lease = await between(parts, 'lease', () =>
    acquireLease(parts.db, key, parts.instance, nowOf(parts), LEASE_MS),
  );
  if (!lease) return;
  const stalled = Promise.withResolvers<never>();
  let movedAt = monotonicMs();
  const renewal = setInterval(() => {
    if (monotonicMs() - movedAt > STALLED_MS) return stalled.reject(new LaneStalled(key.lane));
    renewLease(parts.db, lease, nowOf(parts), LEASE_MS).catch((error: unknown) =>
      parts.log.warn({ err: error, lane: key.lane }, 'lease not renewed'),
    );
  }, RENEW_MS);
  try {
    const working = watchingProgress(
      () => (movedAt = monotonicMs()),
      () => drain({ parts, open, lease }),
    );
    await Promise.race([working, stalled.promise]);
  } catch (error) {
    if (error instanceof LaneStalled) {
      parts.metrics.lanesStalled.inc();
      parts.log.error(
        { lane: key.lane, connectionId: key.connectionId, stalledMs: STALLED_MS },
        'The work of a lane makes no progress: its lease is given up, and somebody else goes on with it.',
      );
      return;
    }
    if (!isConnectionLoss(error)) throw error;
    parts.log.warn({ err: error, lane: key.lane }, 'database lost while syncing');
    await giveBackOnReturn(parts, lease);
  } finally {
    clearInterval(renewal);
  }
}

/** Once the database answers again, the lane need not wait for its lease to run out. */
async function giveBackOnReturn(parts: EngineParts, lease: Lease): Promise<void> {
  for (let waitedMs = 0; waitedMs < LEASE_MS && !parts.stopping.aborted; waitedMs += RETURN_LOOK_MS) {
    await parts.clock.sleep(RETURN_LOOK_MS, parts.stopping);
    try {
      return await deferLane(parts.db, lease, nowOf(parts), 0, nowOf(parts));
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
    }
  }
}

async function drain(work: LaneWork): Promise<void> {
  const { parts, lease } = work;
  let hasProgress = false;
  for (;;) {
    if (parts.stopping.aborted || !(await isActive(parts.db, lease.connectionId)))
      return deferLane(parts.db, lease, nowOf(parts), 0, nowOf(parts));
    const now = nowOf(parts);
    const document = await findPendingDocument(parts.db, lease, now);
    if (!document) {
      if (await releaseLeaseIfIdle(parts.db, lease, now)) return;
      continue;
    }
    try {
      const isHistory = await isBackfilled(parts.db, document.id);
      await withCallPriority(isHistory ? 'backfill' : 'live', () => syncOrHold(work, document));
      hasProgress = true;
    } catch (error) {
      if (error instanceof LeaseLost) return;
      return putOff(work, document, error, hasProgress);
    }
  }
}

/** What only waits for a permission makes nothing else of its client wait. */
async function syncOrHold(work: LaneWork, document: SyncDocument): Promise<void> {
  try {
    await syncDocument(work, document);
  } catch (error) {
    if (!(error instanceof Blocked)) throw error;
    await hold(work, document, error);
  }
}

/** The lane waits: in the meantime nothing of this client overtakes what failed. */
async function putOff(
  work: LaneWork,
  document: SyncDocument,
  error: unknown,
  hasProgress: boolean,
): Promise<void> {
  const { parts, lease } = work;
  // What failed before the last document that went through has no part in this wait.
  const failures = (hasProgress ? 0 : await countFailures(parts.db, lease)) + 1;
  const operating = error instanceof OperatingError ? error : undefined;
  if (operating?.kind === 'unauthorized') {
    await connectionPauser(parts)(lease.connectionId, operating.message, ENGINE_ACTOR, operating.code);
    return deferLane(parts.db, lease, nowOf(parts), 0, nowOf(parts));
  }
  const kind = failingOf(error, operating);
  if (kind === 'fault' || kind === 'conflict')
    parts.log.error({ err: error, documentId: document.id, failures }, 'fault while syncing');
  // Another try would book to the same account.
  const isEnd = operating?.code === ACCOUNT_GONE || (await isInVain(work, document, kind));
  if (isEnd) return setAside(work, document, error);
  const notBefore = new Date(
    Math.max(operating?.until ?? 0, parts.clock.now() + backoffMs(failures, parts.random.next())),
  );
  await noteDeferral(work, document, kind, error, notBefore);
  await deferLane(parts.db, lease, notBefore, failures, nowOf(parts));
}

type Failing = OperatingErrorKind | 'not-served' | 'fault' | 'database-lost';

function failingOf(error: unknown, operating: OperatingError | undefined): Failing {
  if (operating?.code === NOT_SERVED) return 'not-served';
  return operating?.kind ?? (isConnectionLoss(error) ? 'database-lost' : 'fault');
}

/** A refusal stays one; a fault or a conflict counts as lasting after so many in a row, whatever outage came before. */
async function isInVain({ parts }: LaneWork, document: SyncDocument, kind: Failing): Promise<boolean> {
  if (kind === 'rejected') return true;
  const limit = TRIES_IN_VAIN.find(({ kinds }) => kinds.has(kind));
  if (limit === undefined) return false;
  const { kinds, tries } = limit;
  const before = await countDeferralsInVain(parts.db, documentSubject(document.id), kinds, tries);
  return before + 1 >= tries;
}

/** Exponential with full jitter and a cap. */
function backoffMs(failures: number, jitter: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 16)) * jitter;
}

async function noteDeferral(
  { parts, lease }: LaneWork,
  document: SyncDocument,
  kind: Failing,
  error: unknown,
  notBefore: Date,
): Promise<void> {
  const message = error instanceof OperatingError ? error.message : String(error);
  await appendTrail(
    parts.db,
    {
      subject: documentSubject(document.id),
      connectionId: lease.connectionId,
      actor: ENGINE_ACTOR,
      entry: 'deferral',
      data: {
        summary: `${kind}: ${message}; next try not before ${notBefore.toISOString()}`,
        kind,
        message,
        notBefore: notBefore.toISOString(),
      },
    },
    nowOf(parts),
  );
}

async function setAside(work: LaneWork, document: SyncDocument, error: unknown): Promise<void> {
  const { parts } = work;
  const events = await listUnsettledEvents(parts.db, document.id);
  // What came in during this very try has not been looked at: it gets a try of its own.
  const seen = events.findLast((event) => event.noted) ?? events.at(-1);
  await settle(work, document, { upTo: seen?.seq ?? 0n }, 'parked', toReason(error));
  await deferLane(parts.db, work.lease, nowOf(parts), 0, nowOf(parts));
}

function toReason(error: unknown): Reason {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof OperatingError)) {
    return {
      code: 'fault',
      message: `A fault of the connector: ${message}`,
      wayOut: 'Report it with this record’s timeline; replay the record after an update.',
    };
  }
  if (error.code === ANSWER_UNFIT)
    return {
      code: 'answer-unfit',
      message,
      wayOut: 'Make the document smaller, or find out what the address answers; then replay the record.',
    };
  if (error.code === ACCOUNT_GONE)
    return {
      code: ACCOUNT_GONE,
      message,
      wayOut: 'Link the client to another account, then replay the record.',
      choices: [LEAVE_OUT],
    };
  if (error.code === NOT_SERVED)
    return {
      code: 'address-not-served',
      message,
      wayOut:
        'Check the base URL of the connection, and that nothing stands before it; then replay the record.',
    };
  return error.kind === 'rejected'
    ? { code: 'refused', message, wayOut: 'Correct the cause, then replay the record.' }
    : {
        code: 'copy-not-there',
        message,
        wayOut: 'Look for the copy in the destination; replay the record once it is as it should be.',
      };
}
