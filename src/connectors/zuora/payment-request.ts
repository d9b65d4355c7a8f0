/** Payments and refunds as bodies: external ones, applied to the invoices they settle. */
import type { Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoney, type Money } from '../../core/money.ts';
import type { Application, StepOf } from '../../core/steps.ts';
import { paymentComment } from './marks.ts';
import { methodTypes, type Settings } from './tables.ts';

/** The schema says 100, the object page 60. */
const REFERENCE_MAXIMUM = 60;

export function paymentBody(
  step: StepOf<'create-payment'>,
  settings: Settings,
  problems: Problem[],
): JsonObject {
  const { payment, account, amount, apply, externalKey, bookedOn } = step;
  checkAmount(amount, 'must be more than zero: Zuora books no other payments', problems);
  checkReference('externalKey', externalKey, problems);
  const appliedMinor = apply.reduce((sum, part) => sum + part.amount.amountMinor, 0n);
  if (appliedMinor > amount.amountMinor) {
    const rule = 'is less than what is to be applied to invoices';
    problems.push({ field: 'amount', value: formatMoney(amount), rule });
  }
  const comment = paymentComment(payment);
  return {
    type: 'External',
    ...(account.number ? { accountNumber: account.number } : { accountId: account.id }),
    amount: formatMoney(amount),
    currency: amount.currency,
    effectiveDate: bookedOn,
    paymentMethodType: methodTypes(settings, problems)[payment.method],
    referenceId: externalKey,
    ...(comment === '' ? {} : { comment }),
    ...shares(apply),
  };
}

/** Payments and credit memos are applied and unapplied by the same words. */
export function applicationBody(
  step: StepOf<'apply-payment' | 'unapply-payment' | 'apply-credit' | 'unapply-credit'>,
  problems: Problem[],
): JsonObject {
  checkAmount(step.amount, 'must be more than zero', problems);
  return { effectiveDate: step.on, ...shares([step]) };
}

export function transferBody({ account, on }: StepOf<'transfer-payment'>): JsonObject {
  return { accountId: account.id, effectiveDate: `${on} 00:00:00` };
}

export function refundBody(
  step: StepOf<'refund-payment'>,
  settings: Settings,
  problems: Problem[],
): JsonObject {
  checkAmount(step.amount, 'must be more than zero: Zuora books no other refunds', problems);
  checkReference('mark', step.mark, problems);
  return {
    type: 'External',
    methodType: methodTypes(settings, problems)[step.method],
    totalAmount: formatMoney(step.amount),
    refundDate: step.on,
    referenceId: step.mark,
  };
}

/** By ids: not all of these lists know numbers. */
function shares(apply: readonly Application[]): JsonObject {
  const of = (isDebit: boolean) => apply.filter(({ invoice }) => (invoice.isDebit === true) === isDebit);
  const invoices = of(false).map(({ invoice, amount }) => ({
    invoiceId: invoice.id,
    amount: formatMoney(amount),
  }));
  const debitMemos = of(true).map(({ invoice, amount }) => ({
    debitMemoId: invoice.id,
    amount: formatMoney(amount),
  }));
  return { ...(invoices.length > 0 ? { invoices } : {}), ...(debitMemos.length > 0 ? { debitMemos } : {}) };
}

function checkAmount(amount: Money, rule: string, problems: Problem[]): void {
  if (amount.amountMinor > 0n) return;
  problems.push({ field: 'amount', value: formatMoney(amount), rule });
}

function checkReference(field: string, mark: string, problems: Problem[]): void {
  if (mark.length <= REFERENCE_MAXIMUM) return;
  const rule = `is the only recognisable mark and must fit in ${REFERENCE_MAXIMUM} characters`;
  problems.push({ field, value: mark, rule });
}
