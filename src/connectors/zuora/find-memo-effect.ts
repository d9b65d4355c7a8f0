/** Whether what a step does to a credit memo has been done; and whether something is applied as a step leaves it. */
import { OperatingError } from '../../core/errors.ts';
import { addMoney, equalMoney, formatMoney, type Money, subtractMoney, zeroMoney } from '../../core/money.ts';
import type { StepResult } from '../../core/ports.ts';
import type { StepOf } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { isDead, readIfThere, taken } from './lookups.ts';
import { isMarked } from './marks.ts';
import { readApplied } from './read-back.ts';
import { creditMemoSchema } from './wire.ts';

export async function findMemo(
  client: ZuoraClient,
  number: string,
  externalKey: string,
): Promise<StepResult | undefined> {
  const raw = await readIfThere(client, 'GET credit-memo', `/v1/credit-memos/${encodeURIComponent(number)}`);
  if (raw === undefined) return undefined;
  const memo = readAnswer(creditMemoSchema, raw, 'GET credit-memo');
  if (!isMarked(memo.comment, externalKey)) {
    throw taken(`credit memo ${number} exists already but is not the copy of ${externalKey}`);
  }
  if (isDead(memo.status)) {
    throw taken(`credit memo ${number}, the copy of ${externalKey}, is ${memo.status} and keeps its number`);
  }
  return { counterpart: { id: memo.id, number: memo.number }, raw };
}

export async function findMemoState(
  client: ZuoraClient,
  step: StepOf<'unpost-credit' | 'cancel-credit'>,
): Promise<StepResult | undefined> {
  const raw = await client.get('GET credit-memo', `/v1/credit-memos/${encodeURIComponent(step.credit.id)}`);
  const memo = readAnswer(creditMemoSchema, raw, 'GET credit-memo');
  const [before, after] = step.kind === 'unpost-credit' ? ['Posted', 'Draft'] : ['Draft', 'Canceled'];
  if (memo.status === after) return { counterpart: { id: memo.id, number: memo.number }, raw };
  if (memo.status === before) return undefined;
  throw new OperatingError(
    'conflict',
    `credit memo ${memo.number} is ${memo.status}, not ${before} or ${after}`,
  );
}

export async function findApplication(
  client: ZuoraClient,
  step: StepOf<'apply-payment' | 'unapply-payment' | 'apply-credit' | 'unapply-credit'>,
): Promise<StepResult | undefined> {
  const counterpart = 'payment' in step ? step.payment : step.credit;
  const { invoice, amount } = step;
  const applied = await readApplied(
    client,
    'payment' in step ? 'payment' : 'credit',
    counterpart.id,
    amount.currency,
  );
  const is = applied.find(({ invoiceId }) => invoiceId === invoice.id)?.amount ?? zeroMoney(amount.currency);
  const { before, after } = expected(step);
  if (equalMoney(is, after)) {
    const shown = applied.map(({ invoiceId, amount: part }) => ({ invoiceId, amount: formatMoney(part) }));
    return { counterpart, raw: { applied: shown } };
  }
  if (equalMoney(is, before)) return undefined;
  throw new OperatingError(
    'conflict',
    `${formatMoney(is)} of ${counterpart.number} is applied to ${invoice.number}, neither ${formatMoney(before)} nor ${formatMoney(after)}`,
  );
}

function expected(step: {
  kind: 'apply-payment' | 'unapply-payment' | 'apply-credit' | 'unapply-credit';
  amount: Money;
  after?: Money;
}): { before: Money; after: Money } {
  const { amount } = step;
  if (step.kind === 'apply-payment' || step.kind === 'apply-credit') {
    const after = step.after ?? amount;
    return { before: subtractMoney(after, amount), after };
  }
  const after = step.after ?? zeroMoney(amount.currency);
  return { before: addMoney(after, amount), after };
}
