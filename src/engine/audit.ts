/** Ties every API call to the document it is made for, and writes it into that document's trail. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptRecord } from '../core/ports.ts';
import { isConnectionLoss } from '../platform/database.ts';
import type { Side } from '../store/connections.ts';
import { appendTrail, connectionSubject, documentSubject, type NewTrailEntry } from '../store/trail.ts';
import { ENGINE_ACTOR, type EngineParts } from './parts.ts';

export type AuditScope = { documentId: string; deliveryId?: string };
type Scope = Partial<AuditScope> & { dryRun?: true };

const LONGEST_RETURN_MS = 10_000;
const RETURN_LOOK_MS = 250;

const scope = new AsyncLocalStorage<Scope>();

export function withAuditScope<T>(value: AuditScope, run: () => Promise<T>): Promise<T> {
  const isDry = scope.getStore()?.dryRun === true;
  return scope.run(isDry ? { ...value, dryRun: true } : value, run);
}

/** Calls made inside are reads for a dry run: they stand in the connection's trail, not in a record's. */
export function withDryRun<T>(run: () => Promise<T>): Promise<T> {
  return scope.run({ dryRun: true }, run);
}

export async function recordAttempt(
  parts: EngineParts,
  connectionId: string,
  side: Side,
  attempt: AttemptRecord,
): Promise<void> {
  parts.metrics.apiCalls.inc({ side, call: attempt.call, status: String(attempt.status ?? 0) });
  parts.metrics.apiSeconds.observe({ side }, attempt.durationMs / 1000);
  const { documentId, deliveryId, dryRun } = scope.getStore() ?? {};
  const isAboutRecord = documentId !== undefined && dryRun !== true;
  const entry: NewTrailEntry = {
    subject: isAboutRecord ? documentSubject(documentId) : connectionSubject(connectionId),
    connectionId,
    actor: ENGINE_ACTOR,
    entry: 'call',
    data: {
      summary: `${attempt.call}: ${attempt.status ?? attempt.failure ?? 'no answer'} in ${attempt.durationMs} ms`,
      side,
      deliveryId,
      ...attempt,
    },
  };
  // An answer may be one that cannot be had again (a token): a database that is just starting again is waited for.
  for (let waitedMs = 0; ; waitedMs += RETURN_LOOK_MS) {
    try {
      return await appendTrail(parts.db, entry, new Date(parts.clock.now()));
    } catch (error) {
      if (!isConnectionLoss(error) || waitedMs >= LONGEST_RETURN_MS) throw error;
      await sleep(RETURN_LOOK_MS);
    }
  }
}
