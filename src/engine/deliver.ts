/** Delivery: one step, intended before it is called, repeated only as far as its outcome allows (I2, I3). */
import { OperatingError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { StepResult } from '../core/ports.ts';
import type { Step } from '../core/steps.ts';
import type { Db } from '../store/db.ts';
import {
  type Delivery,
  findOpenDelivery,
  idempotencyKeyOf,
  insertDelivery,
  keepInDoubt,
  settleDelivery,
} from '../store/deliveries.ts';
import type { Reason, SyncDocument } from '../store/documents.ts';
import { withAuditScope } from './audit.ts';
import { keepOrChangeKey, withLiveKey } from './delivery-key.ts';
import { fenced, type LaneWork, note } from './lane-work.ts';
import { nowOf } from './parts.ts';

/** Goes into every intent, so that a replay can say which mapping made a request. */
export const MAPPING_VERSION = '1';

export type Delivered = { ok: true; delivery: Delivery; result: StepResult } | { ok: false; reason: Reason };

/** What is stored together with a success, in the same transaction: the link. */
export type OnSuccess = (tx: Db, delivery: Delivery, result: StepResult) => Promise<void>;

/**
 * Takes a step. Throws OperatingError when the outcome is not known, or nothing happened and it may be tried again:
 * the next look at the document then finds the open delivery and goes on with it.
 */
export async function deliver(
  work: LaneWork,
  document: SyncDocument,
  step: Step,
  onSuccess: OnSuccess,
): Promise<Delivered> {
  const request = work.open.destination.toRequest(step);
  if (!request.ok) {
    return {
      ok: false,
      reason: {
        code: 'unmappable',
        message: `${work.open.connection.destination} cannot take this ${document.kind} as it is.`,
        problems: [...request.problems],
        wayOut: 'Correct it in the source; the change is noticed by itself.',
      },
    };
  }
  const delivery = await fenced(work, async (tx) => {
    const now = nowOf(work.parts);
    const { connectionId, id: documentId } = document;
    const intent = {
      id: newId(now.getTime()),
      connectionId,
      documentId,
      step,
      request: request.value,
      mappingVersion: MAPPING_VERSION,
    };
    const inserted = await insertDelivery(tx, intent, now);
    await note(work, tx, document, 'intent', {
      summary: `${step.kind}: ${request.value.method} ${request.value.path}`,
      deliveryId: inserted.id,
      idempotencyKey: idempotencyKeyOf(inserted),
      mappingVersion: MAPPING_VERSION,
      request: request.value,
    });
    return inserted;
  });
  // A payment has no number of its own: an earlier copy, known only to a lost database, would not be refused.
  const firstAttemptExcluded = step.kind !== 'create-payment';
  return attempt(
    work,
    document,
    delivery,
    { firstAttempt: true, firstAttemptExcluded, storedDoubt: null },
    onSuccess,
  );
}

/** Goes on with a step whose outcome is not known; undefined when there is none. */
export async function resumeDelivery(
  work: LaneWork,
  document: SyncDocument,
  onSuccess: OnSuccess,
): Promise<Delivered | undefined> {
  const open = await findOpenDelivery(work.parts.db, document.id);
  if (!open) return undefined;
  // A first key without a note of how its call ended: a process died, perhaps just after it had sent it. A later key
  // without a note was never sent: the note is written before its call.
  const isUnsent = open.keyGeneration > 0 && open.doubtSince === null;
  const delivery = { ...open, doubtSince: isUnsent ? null : (open.doubtSince ?? nowOf(work.parts)) };
  return attempt(
    work,
    document,
    delivery,
    { firstAttempt: false, firstAttemptExcluded: false, storedDoubt: open.doubtSince },
    onSuccess,
  );
}

async function attempt(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  {
    firstAttempt,
    firstAttemptExcluded,
    storedDoubt,
  }: { firstAttempt: boolean; firstAttemptExcluded: boolean; storedDoubt: Date | null },
  onSuccess: OnSuccess,
): Promise<Delivered> {
  return withAuditScope({ documentId: document.id, deliveryId: delivery.id }, async () => {
    try {
      const found = firstAttemptExcluded ? undefined : await work.open.destination.find(delivery.step);
      if (found) return await succeed(work, document, delivery, found, 'found', onSuccess);
      const live = await withLiveKey(work, delivery, storedDoubt);
      if (!firstAttempt && live.doubtSince === null)
        await fenced(work, (tx) => keepInDoubt(tx, live, nowOf(work.parts)));
      return await send(work, document, live, onSuccess);
    } catch (error) {
      if (error instanceof OperatingError && error.kind === 'rejected')
        return fail(work, document, delivery, error);
      throw error;
    }
  });
}

async function send(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  onSuccess: OnSuccess,
): Promise<Delivered> {
  const { destination } = work.open;
  try {
    const result = await destination.send(delivery.step, delivery.request, {
      idempotencyKey: idempotencyKeyOf(delivery),
      trackId: delivery.id,
    });
    return await succeed(work, document, delivery, result, 'sent', onSuccess);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    if (error.kind === 'rejected' && error.code === 'duplicate') {
      const found = await destination.find(delivery.step);
      if (found) return succeed(work, document, delivery, found, 'found', onSuccess);
    }
    await keepOrChangeKey(work, delivery, error);
    throw error;
  }
}

async function succeed(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  result: StepResult,
  how: 'sent' | 'found',
  onSuccess: OnSuccess,
): Promise<Delivered> {
  await fenced(work, async (tx) => {
    await settleDelivery(
      tx,
      delivery.id,
      { state: 'succeeded', outcome: { ...result, how } },
      nowOf(work.parts),
    );
    await onSuccess(tx, delivery, result);
    await note(work, tx, document, 'outcome', {
      summary:
        how === 'sent'
          ? `${delivery.step.kind}: done, ${result.counterpart.number}`
          : `${delivery.step.kind}: an earlier attempt had worked, found ${result.counterpart.number}`,
      deliveryId: delivery.id,
      how,
      counterpart: result.counterpart,
    });
  });
  return { ok: true, delivery, result };
}

async function fail(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  error: OperatingError,
): Promise<Delivered> {
  const { kind, code, message } = error;
  await fenced(work, async (tx) => {
    await settleDelivery(
      tx,
      delivery.id,
      { state: 'failed', error: { kind, code, message } },
      nowOf(work.parts),
    );
    await note(work, tx, document, 'outcome', {
      summary: `${delivery.step.kind}: refused, ${message}`,
      deliveryId: delivery.id,
      error: { kind, code, message, field: error.field },
    });
  });
  return { ok: false, reason: toReason(work, error) };
}

function toReason(work: LaneWork, error: OperatingError): Reason {
  const label = work.open.connection.destination;
  return error.code === 'duplicate'
    ? {
        code: 'number-taken',
        message: error.message,
        wayOut:
          'Renumber the invoice in the source, or remove the other document in the destination, then replay.',
      }
    : {
        code: 'refused',
        message: `${label} refused it: ${error.message}`,
        ...(error.code === undefined
          ? {}
          : { problems: [{ field: error.field ?? '', value: error.code, rule: error.message }] }),
        wayOut: 'Correct the cause, then replay the record.',
      };
}
