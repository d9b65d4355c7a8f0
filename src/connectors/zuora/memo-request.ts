/** Credit and debit memos as bodies: for a credit note, and for the difference to a posted invoice. */
import type { Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoney, type Money } from '../../core/money.ts';
import type { StepOf } from '../../core/steps.ts';
import { creditComment, MARK_MAXIMUM } from './marks.ts';
import { INVOICE_NUMBER } from './numbers.ts';

export function creditBody(
  step: StepOf<'create-credit'>,
  settings: Record<string, string>,
  problems: Problem[],
): JsonObject {
  const { credit, account, number, externalKey, bookedOn } = step;
  const chargeId = settings.creditChargeId?.trim() ?? '';
  const problem = (field: string, value: string, rule: string) => problems.push({ field, value, rule });
  if (chargeId === '') {
    problem('creditChargeId', '', 'is not set: a credit memo needs a charge of the product catalog');
  }
  if (!INVOICE_NUMBER.test(number)) problem('number', number, 'must have 1 to 32 of A-Z a-z 0-9 - _');
  const amount = formatMoney(credit.amount);
  if (credit.amount.amountMinor <= 0n) problem('amount', amount, 'must be more than zero');
  return {
    ...(account.number ? { accountNumber: account.number } : { accountId: account.id }),
    number,
    effectiveDate: bookedOn,
    autoPost: true,
    // A bill run would otherwise settle invoices with it that the source still calls open.
    excludeFromAutoApplyRules: true,
    comment: creditComment(externalKey, credit),
    charges: [{ productRatePlanChargeId: chargeId, amount, serviceStartDate: bookedOn }],
  };
}

export function adjustmentBody(step: StepOf<'adjust-invoice'>, problems: Problem[]): JsonObject {
  const { invoice, direction, amount, mark, on } = step;
  if (amount.amountMinor <= 0n) {
    problems.push({ field: 'amount', value: formatMoney(amount), rule: 'must be more than zero' });
  }
  if (mark.length > MARK_MAXIMUM) {
    problems.push({ field: 'mark', value: mark, rule: `does not fit in ${MARK_MAXIMUM} characters` });
  }
  return {
    invoiceId: invoice.id,
    effectiveDate: on,
    autoPost: true,
    ...(direction === 'credit'
      ? { autoApplyToInvoiceUponPosting: true, excludeFromAutoApplyRules: true }
      : {}),
    // The difference already has its taxes in it.
    taxAutoCalculation: false,
    comment: mark,
    items: shares(step, problems).map(({ id, name, amount: part }) => ({
      invoiceItemId: id,
      skuName: name,
      amount: formatMoney(part),
    })),
  };
}

type ItemShare = { id: string; name: string; amount: Money };

/** A credit takes from the items in order what they have; a debit goes on the first. */
function shares({ items, amount, direction }: StepOf<'adjust-invoice'>, problems: Problem[]): ItemShare[] {
  const { currency } = amount;
  let leftMinor = amount.amountMinor;
  const taken: ItemShare[] = [];
  for (const { id, name, amount: creditable } of items) {
    const room = direction === 'debit' ? leftMinor : creditable.amountMinor;
    const partMinor = room < leftMinor ? room : leftMinor;
    if (partMinor <= 0n) continue;
    taken.push({ id, name, amount: { amountMinor: partMinor, currency } });
    leftMinor -= partMinor;
  }
  if (leftMinor > 0n) {
    const rule = 'is more than the items of the invoice can carry';
    problems.push({ field: 'amount', value: formatMoney(amount), rule });
  }
  return taken;
}
