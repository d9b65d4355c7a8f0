/** Which idempotency key the next call of a delivery carries: the old one as long as an earlier call may take effect. */
import { OperatingError } from '../core/errors.ts';
import type { StepKind } from '../core/steps.ts';
import { type Delivery, keepInDoubt, nextKeyGeneration } from '../store/deliveries.ts';
import { fencedAt, type LaneWork } from './lane-work.ts';
import { nowOf } from './parts.ts';

const HOUR_MS = 3_600_000;
/** Without a number of their own: an earlier one, known only to a lost database, would not be refused. */
export const FOUND_BY_MARK_ONLY: ReadonlySet<StepKind> = new Set([
  'create-payment',
  'refund-payment',
  'adjust-invoice',
]);
/** A call whose answer was lost may still take effect so long: vendors' gateways give up much earlier than the work. */
const LATEST_EFFECT_MS = HOUR_MS;
/** A vendor that says "failed inside" has ended the call: this is for a call of before a restore of our database. */
const LATEST_EFFECT_AFTER_FAILURE_MS = HOUR_MS / 4;

/** Past the time for which the vendor remembers a key, the look-up has just shown that there was no effect. */
export async function withLiveKey(
  work: LaneWork,
  delivery: Delivery,
  stored: Date | null,
): Promise<Delivery> {
  const now = nowOf(work.parts);
  const ageHours = (now.getTime() - delivery.keySince.getTime()) / HOUR_MS;
  if (ageHours < work.open.destination.idempotencyHours) return delivery;
  const until = (stored?.getTime() ?? 0) + LATEST_EFFECT_MS;
  if (until > now.getTime()) {
    const message =
      'the last call may still take effect and its key is about to be forgotten: waiting for its end';
    throw new OperatingError('transient', message, { until });
  }
  return fencedAt(work, 'doubt', (tx) => nextKeyGeneration(tx, delivery, now));
}

/**
 * The vendor may remember a failure under its key, so the repeat of a call that surely had no effect needs a new one.
 * As long as an earlier call may still be on its way, only its own key surely meets it: an answer to the repeat says
 * nothing about the first.
 */
export async function keepOrChangeKey(
  work: LaneWork,
  delivery: Delivery,
  error: OperatingError,
): Promise<void> {
  const now = nowOf(work.parts);
  const isAnswered = error.kind !== 'ambiguous' || error.code !== undefined;
  const mayBeRepeated =
    error.kind === 'transient' || error.kind === 'rate_limited' || error.kind === 'ambiguous';
  if (!mayBeRepeated) {
    // Answered without effect, and no vendor remembers it: the same key is as good as unsent.
    if (delivery.doubtSince === null) await fencedAt(work, 'doubt', (tx) => keepInDoubt(tx, delivery, null));
    return;
  }
  const failedInside = new Date(now.getTime() - LATEST_EFFECT_MS + LATEST_EFFECT_AFTER_FAILURE_MS);
  // A second one would be refused for its number, or by the state: the look-up before the next call is enough.
  const newDoubt =
    error.kind === 'ambiguous' && FOUND_BY_MARK_ONLY.has(delivery.step.kind) ? failedInside : null;
  const doubtSince = isAnswered ? (delivery.doubtSince ?? newDoubt) : now;
  const isOver = doubtSince === null || now.getTime() - doubtSince.getTime() >= LATEST_EFFECT_MS;
  await fencedAt(work, 'doubt', async (tx) => {
    if (isAnswered && isOver) await nextKeyGeneration(tx, delivery, now);
    else if (doubtSince !== null) await keepInDoubt(tx, delivery, doubtSince);
  });
}
