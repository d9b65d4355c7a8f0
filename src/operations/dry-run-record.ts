/**
 * What a look at a record would do now: the very code that does it, inside a transaction that is rolled back, against a
 * destination that only notes what would be sent. The source and the destination are read, nothing is written there.
 */

import { NotFound, OperatingError, UsageError } from '../core/errors.ts';
import type { DestinationRequest } from '../core/ports.ts';
import type { StepKind } from '../core/steps.ts';
import { withDryRun } from '../engine/audit.ts';
import { acceptEvents } from '../engine/intake.ts';
import { nowOf } from '../engine/parts.ts';
import { type PredictedCall, predicting } from '../engine/predict.ts';
import { syncDocument } from '../engine/sync.ts';
import { withPatience } from '../platform/database-client.ts';
import { createMetrics } from '../platform/metrics.ts';
import type { Db } from '../store/db.ts';
import { type DocumentState, findDocumentById, loadDocument, type Reason } from '../store/documents.ts';
import { acquireLease } from '../store/lanes.ts';
import { type Actor, requireRole } from './context.ts';
import type { OperationParts } from './parts.ts';

export type DryRun = {
  recordId: string;
  /** How the record would stand afterwards. */
  state: DocumentState;
  reason: Reason | null;
  /** The exact requests in their order; "(new) 1" stands where an id of the destination will stand. */
  requests: { step: StepKind; method: string; path: string; body: DestinationRequest['body'] }[];
};

const LEASE_MS = 60_000;
/** A document that was never read lies in a lane of its own until its client is known. */
const LANES_AT_MOST = 2;

/** Throws UsageError while a worker has the record's lane. */
export async function dryRunRecord(
  parts: OperationParts,
  actor: Actor,
  { recordId }: { recordId: string },
): Promise<DryRun> {
  requireRole(actor, 'viewer');
  const document = await findDocumentById(parts.db, recordId);
  if (!document) throw new NotFound(`There is no record ${recordId}.`, 'records lists them.');
  const open = await parts.runtime.open(document.connectionId);
  const calls: PredictedCall[] = [];
  const destination = predicting(open.destination, calls);
  const end = await rolledBack(parts.db, (tx) =>
    withDryRun(async () => {
      const thought = { ...parts, db: tx, queue: SILENT, metrics: createMetrics(), announce: () => {} };
      const { connectionId, kind, sourceId } = document;
      await acceptEvents(thought, tx, [{ connectionId, kind, sourceId, origin: 'replay', topic: 'dry run' }]);
      const failure = await work(thought, { ...open, destination }, recordId);
      const { state, reason } = await loadDocument(tx, recordId);
      return failure ?? { state, reason };
    }),
  );
  return {
    recordId,
    ...end,
    requests: calls.map(({ step, request: { method, path, body } }) => ({ step, method, path, body })),
  };
}

type End = Pick<DryRun, 'state' | 'reason'>;

/** Undefined when the record came to an end; else why it would have to be looked at again later. */
async function work(
  parts: OperationParts,
  open: Awaited<ReturnType<OperationParts['runtime']['open']>>,
  recordId: string,
): Promise<End | undefined> {
  for (let lanes = 0; lanes < LANES_AT_MOST; lanes += 1) {
    const document = await loadDocument(parts.db, recordId);
    const lease = await acquireLease(parts.db, document, `dry-run ${recordId}`, nowOf(parts), LEASE_MS);
    if (!lease)
      throw new UsageError(
        'The record’s client is being worked on right now, or waits for its next try.',
        'Ask again in a moment.',
      );
    try {
      await syncDocument({ parts, open, lease }, document);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return { state: 'pending', reason: { code: error.kind, message: error.message } };
    }
    if ((await loadDocument(parts.db, recordId)).lane === document.lane) return undefined;
  }
  return undefined;
}

const SILENT: OperationParts['queue'] = {
  wake: async () => {},
  work: async () => {},
  stop: async () => {},
};

const LONGEST_LOOK_MS = 600_000;

class RolledBack extends Error {
  override readonly name = 'RolledBack';
}

async function rolledBack<T>(db: Db, run: (tx: Db) => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  try {
    // It waits for the vendors' answers, inside.
    await withPatience(LONGEST_LOOK_MS, () =>
      db.transaction().execute(async (tx) => {
        result = { value: await run(joining(tx)) };
        throw new RolledBack();
      }),
    );
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  if (!result) throw new Error('a dry run without a result');
  return result.value;
}

/** The transaction as a handle whose own transactions are part of it. */
function joining(tx: Db): Db {
  const handle: Db = new Proxy(tx, {
    get(target, name) {
      if (name === 'transaction')
        return () => ({ execute: <T>(run: (inner: Db) => Promise<T>) => run(handle) });
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return handle;
}
