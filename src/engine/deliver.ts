/** Delivery: one step, intended before it is called, repeated only as far as its outcome allows (I2, I3). */
import { ANSWER_UNFIT, OperatingError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { toldOrigins } from '../core/origins.ts';
import type { StepResult } from '../core/ports.ts';
import { type Counterpart, STEP_KINDS, type Step, type StepKind, touchedBy } from '../core/steps.ts';
import { listHolders } from '../store/account-owners.ts';
import type { BlockKey } from '../store/blocks.ts';
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
import { touchLinks } from '../store/links.ts';
import { withAuditScope } from './audit.ts';
import { endBlock, isNotPermitted, passBlock, tellBlocked } from './blocks.ts';
import { FOUND_BY_MARK_ONLY, keepOrChangeKey, withLiveKey } from './delivery-key.ts';
import { fencedAt, type LaneWork, note, wakeWaiting } from './lane-work.ts';
import { labelOf, nowOf } from './parts.ts';
import { toldProblems } from './plan/plan.ts';
import { refusalReason } from './refusal-reason.ts';
import { tellPayments } from './tell-payments.ts';

/** Goes into every intent, so that a replay can say which mapping made a request. */
export const MAPPING_VERSION = '2';

/** Where they are refused, plans take another way (bring-invoice.ts). */
const PLANNED_AROUND: ReadonlySet<StepKind> = new Set(['unpost-invoice', 'delete-invoice']);

const ASK_FOR_IT =
  'Let the administrator of the destination give its API user the permission, then ping the connection.';

/** `found`: an attempt that was forgotten had made it, perhaps from an older state. */
export type Delivered =
  | { ok: true; delivery: Delivery; result: StepResult; found: boolean }
  | { ok: false; reason: Reason };

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
        message: `${labelOf(work.parts, work.open.connection, 'destination')} cannot take it: ${toldProblems(request.problems)}`,
        problems: [...request.problems],
        wayOut: 'Correct it in the source; the change is noticed by itself.',
      },
    };
  }
  const block = stepBlockOf(work, step);
  const isTry = await passBlock(work.parts, block);
  const delivery = await fencedAt(work, 'intent', async (tx) => {
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
    await touchLinks(tx, connectionId, touchedBy(step), now);
    await tellPayments(work, tx, document, step);
    await note(work, tx, document, 'intent', {
      summary: `${step.kind}: ${request.value.method} ${request.value.path}`,
      deliveryId: inserted.id,
      idempotencyKey: idempotencyKeyOf(inserted),
      mappingVersion: MAPPING_VERSION,
      request: request.value,
      ...toldOrigins(work.open.destination.originsOf?.(step)),
    });
    return inserted;
  });
  const firstAttemptExcluded = !FOUND_BY_MARK_ONLY.has(step.kind);
  const delivered = await attempt(
    work,
    document,
    delivery,
    { firstAttempt: true, firstAttemptExcluded, storedDoubt: null },
    onSuccess,
  );
  if (isTry && delivered.ok) await endBlock(work.parts, block);
  return delivered;
}

function stepBlockOf(work: LaneWork, step: Step): BlockKey {
  return { connectionId: work.open.connection.id, side: 'destination', what: `step ${step.kind}` };
}

/**
 * Goes on with a step whose outcome is not known; undefined when there is none, and when the destination has moved on
 * in between, so that a new plan is due.
 */
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
  const isChange = STEP_KINDS[open.step.kind] === 'state';
  try {
    const history = { firstAttempt: false, firstAttemptExcluded: false, storedDoubt: open.doubtSince };
    const resumed = await attempt(work, document, delivery, history, onSuccess);
    return isChange && !resumed.ok ? undefined : resumed;
  } catch (error) {
    if (!(error instanceof OperatingError) || error.kind !== 'conflict') throw error;
    return undefined;
  }
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
      const { step, request } = delivery;
      const found = firstAttemptExcluded ? undefined : await work.open.destination.find(step, request);
      if (found) return await succeed(work, document, delivery, found, 'found', onSuccess);
      if (step.kind === 'update-account') await assertOwned(work, document, step.account);
      const isKeyed = STEP_KINDS[delivery.step.kind] === 'key';
      const live = isKeyed ? await withLiveKey(work, delivery, storedDoubt) : delivery;
      if (!firstAttempt && live.doubtSince === null)
        await fencedAt(work, 'doubt', (tx) => keepInDoubt(tx, live, nowOf(work.parts)));
      return await send(work, document, live, onSuccess);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      // What cannot be read refuses nothing: the outcome stays as open as it was.
      if (error.code === ANSWER_UNFIT) throw error;
      if (isNotPermitted(error) && !PLANNED_AROUND.has(delivery.step.kind)) {
        await fail(work, document, delivery, error);
        const wayOut = work.open.destination.permissionFor?.(delivery.step.kind) ?? ASK_FOR_IT;
        throw await tellBlocked(work.parts, stepBlockOf(work, delivery.step), error.message, wayOut, error);
      }
      if (error.kind === 'rejected') return fail(work, document, delivery, error);
      // The next plan starts from what the destination said; this request would be refused again.
      if (error.kind === 'conflict') await fail(work, document, delivery, error);
      throw error;
    }
  });
}

/** K5: a step of before, or planned before a person said whose the account is, writes nobody else's name. */
async function assertOwned(
  work: LaneWork,
  document: SyncDocument,
  { id, number }: Counterpart,
): Promise<void> {
  const holder = (await listHolders(work.parts.db, document, [id])).get(id);
  if (holder?.who === 'self') return;
  throw new OperatingError('conflict', `account ${number} is not this client's: its name and e-mail stay`);
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
    // A number that is taken may be our own; a change that is refused may have been made by an attempt before.
    const mayBeDone = error.code === 'duplicate' || delivery.doubtSince !== null;
    if (error.kind === 'rejected' && mayBeDone) {
      const found = await destination.find(delivery.step, delivery.request);
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
  await fencedAt(work, 'outcome', async (tx) => {
    await settleDelivery(
      tx,
      delivery.id,
      { state: 'succeeded', outcome: { ...result, how } },
      nowOf(work.parts),
    );
    await onSuccess(tx, delivery, result);
    // Once more: a look of another lane since the intent came before the effect.
    await tellPayments(work, tx, document, delivery.step);
    await wakeWaiting(work, tx, document);
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
  return { ok: true, delivery, result, found: how === 'found' };
}

async function fail(
  work: LaneWork,
  document: SyncDocument,
  delivery: Delivery,
  error: OperatingError,
): Promise<Delivered> {
  const { kind, code, message } = error;
  await fencedAt(work, 'outcome', async (tx) => {
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
  return { ok: false, reason: await refusalReason(work, delivery, error) };
}
