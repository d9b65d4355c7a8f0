/** Whether what a step does to a payment or its refunds has been done. */
import { OperatingError } from '../../core/errors.ts';
import type { StepResult } from '../../core/ports.ts';
import type { StepOf } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { isDead, taken } from './lookups.ts';
import { paymentComment } from './marks.ts';
import { listRefundRows } from './read-back.ts';
import { paymentSchema, queriedPaymentSchema, refundSchema } from './wire.ts';

/** `referenceId` is not unique in Zuora, so two living payments are said aloud and not chosen between. */
export async function findPayment(client: ZuoraClient, externalKey: string): Promise<StepResult | undefined> {
  const rows = await client.query('payments', [['filter[]', `referenceid.EQ:${externalKey}`]]);
  const living = rows
    .map((raw) => ({ raw, payment: readAnswer(queriedPaymentSchema, raw, 'GET object-query payments') }))
    .filter(({ payment }) => payment.referenceId === externalKey && !isDead(payment.status));
  const [first, second] = living;
  if (second !== undefined) {
    const numbers = living.map(({ payment }) => payment.paymentNumber).join(', ');
    throw taken(`several living payments carry the reference ${externalKey}: ${numbers}`);
  }
  if (first === undefined) return undefined;
  return { counterpart: { id: first.payment.id, number: first.payment.paymentNumber }, raw: first.raw };
}

export async function findPaymentState(
  client: ZuoraClient,
  step: StepOf<'update-payment' | 'cancel-payment' | 'transfer-payment'>,
): Promise<StepResult | undefined> {
  const raw = await client.get('GET payment', `/v1/payments/${encodeURIComponent(step.payment.id)}`);
  const payment = readAnswer(paymentSchema, raw, 'GET payment');
  const result: StepResult = { counterpart: { id: payment.id, number: payment.number }, raw };
  const isCancelled = isDead(payment.status);
  if (step.kind === 'cancel-payment') return isCancelled ? result : undefined;
  const isDone =
    step.kind === 'transfer-payment'
      ? payment.accountId === step.account.id
      : (payment.comment ?? '') === paymentComment(step.from);
  if (isDone) return result;
  if (!isCancelled) return undefined;
  throw new OperatingError('conflict', `payment ${payment.number} is ${payment.status}`);
}

/** Refunds have no number of ours; their reference is unique by our own making. */
export async function findRefund(
  client: ZuoraClient,
  { payment, mark }: StepOf<'refund-payment'>,
): Promise<StepResult | undefined> {
  const rows = await listRefundRows(client, payment.id);
  const living = rows.filter(({ referenceId, status }) => referenceId === mark && !isDead(status));
  const [first, second] = living;
  if (second !== undefined) {
    const numbers = living.map(({ number }) => number).join(', ');
    throw taken(`several living refunds carry the reference ${mark}: ${numbers}`);
  }
  return (
    first && {
      counterpart: { id: first.id, number: first.number },
      raw: { number: first.number, referenceId: mark },
    }
  );
}

export async function findRefundCancelled(
  client: ZuoraClient,
  step: StepOf<'cancel-refund'>,
): Promise<StepResult | undefined> {
  const raw = await client.get('GET refund', `/v1/refunds/${encodeURIComponent(step.refund.id)}`);
  const refund = readAnswer(refundSchema, raw, 'GET refund');
  return isDead(refund.status) ? { counterpart: { id: refund.id, number: refund.number }, raw } : undefined;
}
