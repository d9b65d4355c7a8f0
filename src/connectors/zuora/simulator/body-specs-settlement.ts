/** The fields that operations on payments, refunds and memos accept, by the request schemas of the OpenAPI core. */
import {
  date,
  dateTime,
  decimal,
  flag,
  list,
  matching,
  object,
  oneOf,
  required,
  type Spec,
  text,
} from './body.ts';
import { CUSTOM_RATES, MAX_ITEMS, TRANSFERRED } from './body-specs.ts';

const APPLICATION_ITEMS = list(
  { amount: required(decimal), invoiceItemId: text(64), taxItemId: text(64) },
  1000,
);
const FINANCE = object({
  bankAccountAccountingCode: text(100),
  transferredToAccounting: TRANSFERRED,
  unappliedPaymentAccountingCode: text(100),
});

export const CREATE_PAYMENT: Spec = {
  accountId: text(64),
  accountNumber: text(70),
  amount: required(decimal),
  comment: text(255),
  currency: required(text(3)),
  customRates: CUSTOM_RATES,
  effectiveDate: date,
  financeInformation: FINANCE,
  gatewayId: text(64),
  gatewayOrderId: text(50),
  invoices: list({ amount: decimal, invoiceId: text(64), items: APPLICATION_ITEMS }, 1000),
  debitMemos: list({ amount: decimal, debitMemoId: text(64) }, 1000),
  paymentMethodId: text(64),
  paymentMethodType: text(64),
  paymentScheduleKey: text(64),
  prepayment: flag,
  referenceId: text(100),
  softDescriptor: text(35),
  softDescriptorPhone: text(20),
  standalone: flag,
  type: required(oneOf('External', 'Electronic')),
};

export const UPDATE_PAYMENT: Spec = {
  comment: text(255),
  financeInformation: FINANCE,
  gatewayState: oneOf('NotSubmitted', 'Submitted', 'Settled', 'FailedToSettle'),
  paymentScheduleKey: text(64),
  referenceId: text(100),
};

export const APPLY_PAYMENT: Spec = {
  effectiveDate: date,
  invoices: list(
    { amount: required(decimal), invoiceId: text(64), invoiceNumber: text(64), items: APPLICATION_ITEMS },
    1000,
  ),
  debitMemos: list({ amount: required(decimal), debitMemoId: text(64), debitMemoNumber: text(64) }, 1000),
};

/** Credit memos know no numbers here. */
export const APPLY_MEMO: Spec = {
  effectiveDate: date,
  invoices: list(
    { amount: required(decimal), invoiceId: required(text(64)), items: APPLICATION_ITEMS },
    1000,
  ),
  debitMemos: list({ amount: required(decimal), debitMemoId: required(text(64)) }, 1000),
};

const MEMO_COMMON: Spec = { autoPost: flag, comment: text(255), effectiveDate: date, reasonCode: text(255) };

export const CREATE_CREDIT_MEMO: Spec = {
  ...MEMO_COMMON,
  accountId: text(64),
  accountNumber: text(70),
  charges: required(
    list(
      {
        amount: decimal,
        description: text(500),
        productRatePlanChargeId: required(text(64)),
        quantity: decimal,
        serviceEndDate: date,
        serviceStartDate: date,
      },
      MAX_ITEMS,
    ),
  ),
  currency: text(3),
  customRates: CUSTOM_RATES,
  excludeFromAutoApplyRules: flag,
  number: matching(/^[A-Za-z0-9_-]+$/, 32),
};

/** From an invoice: the same for credit and debit memos but for what only a credit can do. */
export const MEMO_FROM_INVOICE: Spec = {
  ...MEMO_COMMON,
  invoiceId: required(text(64)),
  items: required(
    list(
      {
        amount: required(decimal),
        description: text(500),
        invoiceItemId: text(64),
        quantity: decimal,
        serviceEndDate: date,
        serviceStartDate: date,
        skuName: required(text(255)),
        unitOfMeasure: text(25),
      },
      MAX_ITEMS,
    ),
  ),
  taxAutoCalculation: flag,
};
export const CREDIT_FROM_INVOICE: Spec = {
  ...MEMO_FROM_INVOICE,
  autoApplyToInvoiceUponPosting: flag,
  excludeFromAutoApplyRules: flag,
};

export const TRANSFER_PAYMENT: Spec = { accountId: text(64), effectiveDate: dateTime };

const REFUND_METHODS = [
  'ACH',
  'Cash',
  'Check',
  'CreditCard',
  'PayPal',
  'WireTransfer',
  'DebitCard',
  'CreditCardReferenceTransaction',
  'BankTransfer',
  'Other',
] as const;

export const REFUND_PAYMENT: Spec = {
  comment: text(255),
  customRates: CUSTOM_RATES,
  financeInformation: FINANCE,
  methodType: oneOf(...REFUND_METHODS),
  reasonCode: text(255),
  referenceId: text(100),
  refundDate: date,
  secondRefundReferenceId: text(100),
  softDescriptor: text(35),
  softDescriptorPhone: text(20),
  totalAmount: required(decimal),
  type: required(oneOf('External', 'Electronic')),
};
