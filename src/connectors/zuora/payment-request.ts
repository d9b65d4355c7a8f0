/** A payment as the body of POST /v1/payments: an external one, applied to its invoice. */
import type { PaymentMethod, Problem } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatMoney } from '../../core/money.ts';
import type { Step } from '../../core/steps.ts';
import { cut, plainText } from './text.ts';

/** Zuora's own names of external types; each must be enabled in the tenant (facts, section 7). */
export const METHOD_TYPES: Readonly<Record<PaymentMethod, string>> = {
  ach: 'ACH',
  bank_transfer: 'BankTransfer',
  cash: 'Cash',
  check: 'Check',
  credit_card: 'CreditCard',
  debit_card: 'DebitCard',
  paypal: 'PayPal',
  other: 'Other',
};

/** The schema says 100, the object page 60. */
const REFERENCE_MAXIMUM = 60;
const COMMENT_MAXIMUM = 255;

type CreatePayment = Extract<Step, { kind: 'create-payment' }>;

export function paymentBody(step: CreatePayment, problems: Problem[]): JsonObject {
  const { payment, account, invoice, externalKey } = step;
  const amount = formatMoney(payment.amount);
  if (payment.amount.amountMinor <= 0n) {
    problems.push({
      field: 'amount',
      value: amount,
      rule: 'must be more than zero: Zuora books no other payments',
    });
  }
  if (externalKey.length > REFERENCE_MAXIMUM) {
    const rule = `is the payment's only recognisable mark and must fit in ${REFERENCE_MAXIMUM} characters`;
    problems.push({ field: 'externalKey', value: externalKey, rule });
  }
  const words = [payment.methodLabel, payment.note].map(plainText).filter((text) => text !== '');
  const comment = cut(words.join(': '), COMMENT_MAXIMUM);
  return {
    type: 'External',
    ...(account.number ? { accountNumber: account.number } : { accountId: account.id }),
    amount,
    currency: payment.amount.currency,
    effectiveDate: payment.paidOn,
    paymentMethodType: METHOD_TYPES[payment.method],
    referenceId: externalKey,
    ...(comment === '' ? {} : { comment }),
    // The id: this list does not know numbers.
    invoices: [{ invoiceId: invoice.id, amount }],
  };
}
