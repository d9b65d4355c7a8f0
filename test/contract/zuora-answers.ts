/** What Zuora answers to the calls of zuora-calls.ts, as far as they are in use: documents, lists and refusals. */
import {
  accountKey,
  amount,
  count,
  currency,
  day,
  either,
  exactlyOneOf,
  figureText,
  flag,
  id,
  list,
  localTime,
  matching,
  oneOf,
  only,
  orNull,
  ownFields,
  partly,
  some,
  success,
  text,
  textOrNull,
  whole,
} from './schema-words.ts';
import type { Schema } from './unknown-members.ts';
import { externalMethod } from './zuora-requests.ts';

const STAMPS = { createdById: id, createdDate: localTime, updatedById: id, updatedDate: localTime };
/** The states that the connector has a meaning for: any other one parks the record. */
export const documentStatus = oneOf('Draft', 'Posted', 'Canceled');
export const paymentStatus = oneOf(
  'Draft',
  'Pending',
  'Processing',
  'Processed',
  'Posted',
  'Canceled',
  'Error',
);
export const gatewayState = oneOf('NotSubmitted', 'Submitted', 'Settled', 'FailedToSettle');
export const transferred = oneOf('Processing', 'Error', 'Ignore', 'Yes', 'No');

/** A v1 list; `nextPage` is absent on the last one. */
export const page = (name: string, row: Schema) =>
  partly({ [name]: list(row), ...success }, { nextPage: some(2000) });

// Refusals (sections 3 and 4): codes are numbers on the wire.
const reasons = list(whole({ code: { type: 'integer' }, message: some(2000) }), { minItems: 1 });
export const refusal = partly(
  { success: only(false), reasons },
  { processId: some(64), requestId: some(64) },
);
/** For the rate; it says nothing but its reasons. */
export const rateRefusal = whole({ reasons });
/** Of idempotency keys; without a code (section 2). */
export const message = whole({ message: some(2000) });
export const queryRefusal = whole({ reasons, requestId: some(64) });
export const settingsRefusal = whole({ code: some(100), message: some(2000) });
export const crudRefusal = whole({
  Success: only(false),
  Errors: list(whole({ Code: some(100), Message: some(2000) }), { minItems: 1 }),
});
export const tokenRefusal = partly(
  { status: count, error: some(200), message: some(2000), path: oneOf('/oauth/token') },
  { timestamp: some(64) },
);
export const token = whole({
  access_token: some(4096),
  token_type: oneOf('bearer'),
  expires_in: { type: 'integer', minimum: 1 },
  scope: text(10_000),
  jti: text(255),
});

export const createdAccount = whole({
  ...success,
  accountId: id,
  accountNumber: accountKey,
  billToContactId: id,
  soldToContactId: id,
  shipToContactId: id,
});
const contact = partly(
  { id, firstName: some(100), lastName: some(100), asBillTo: flag, asSoldTo: flag, asShipTo: flag },
  {
    address1: text(255),
    address2: text(255),
    city: text(40),
    state: text(40),
    zipCode: text(20),
    country: text(64),
    workEmail: text(80),
    workPhone: text(40),
  },
);
/** Texts here, unlike nearly all other amounts. */
const SUMS = {
  balance: figureText,
  totalInvoiceBalance: figureText,
  unappliedPaymentAmount: figureText,
  unappliedCreditMemoAmount: figureText,
  totalDebitMemoBalance: figureText,
  contractedMrr: figureText,
};
export const account = whole({
  ...success,
  basicInfo: partly(
    { id, name: some(255), accountNumber: accountKey, batch: some(50), status: oneOf('Active', 'Canceled') },
    { notes: text(65_535), organizationLabel: text(255) },
  ),
  billingAndPayment: whole({
    billCycleDay: count,
    bcdSettingOption: oneOf('AutoSet', 'ManualSet'),
    currency,
    paymentTerm: some(100),
    autoPay: flag,
    invoiceDeliveryPrefsEmail: flag,
    invoiceDeliveryPrefsPrint: flag,
    additionalEmailAddresses: list(text(255)),
  }),
  metrics: whole({ ...SUMS, creditBalance: figureText, reservedPaymentAmount: amount }),
  metricsData: list(whole({ ...SUMS, reservedPaymentAmount: figureText, currency })),
  billToContact: contact,
  soldToContact: contact,
  shipToContact: contact,
});

const invoiceIn = (status: Schema) =>
  partly(
    {
      ...success,
      id,
      invoiceNumber: some(64),
      accountId: id,
      amount,
      amountWithoutTax: amount,
      discount: amount,
      taxAmount: amount,
      taxExemptAmount: amount,
      balance: amount,
      paymentAmount: amount,
      creditMemoAmount: amount,
      refundAmount: amount,
      adjustmentAmount: amount,
      creditBalanceAdjustmentAmount: amount,
      autoPay: flag,
      billToContactId: orNull(id),
      soldToContactId: orNull(id),
      shipToContactId: orNull(id),
      comments: text(255),
      currency,
      invoiceDate: day,
      dueDate: day,
      targetDate: day,
      includesOneTime: flag,
      includesRecurring: flag,
      includesUsage: flag,
      invoiceGroupNumber: textOrNull,
      paymentTerm: textOrNull,
      sequenceSetId: textOrNull,
      source: oneOf('API'),
      sourceId: text(64),
      sourceType: oneOf('Standalone'),
      status,
      taxMessage: textOrNull,
      taxStatus: oneOf('Complete', 'Error'),
      templateId: textOrNull,
      transferredToAccounting: transferred,
      ...STAMPS,
    },
    { postedBy: id, postedDate: day },
    ownFields,
  );
export const invoice = invoiceIn(documentStatus);
export const createdInvoice = invoiceIn(oneOf('Draft', 'Posted'));

/** A changed invoice names some members otherwise than a read one does (section 6). */
export const changedInvoice = partly(
  {
    ...success,
    id,
    number: some(64),
    accountId: id,
    amount,
    balance: amount,
    discount: amount,
    taxAmount: amount,
    totalTaxExemptAmount: amount,
    creditBalanceAdjustmentAmount: amount,
    autoPay: flag,
    comment: text(255),
    currency,
    invoiceDate: day,
    dueDate: day,
    targetDate: day,
    status: documentStatus,
    transferredToAccounting: { anyOf: [flag, transferred] },
    ...STAMPS,
  },
  { postedById: id, postedOn: matching(/^\d{4}-\d\d-\d\d/) },
  ownFields,
);
/** A member that was not posted says why, inside an answer that says that it worked. */
export const bulkPosted = whole({
  ...success,
  invoices: list(
    either(
      whole({ id, success: only(true) }),
      // As it was sent, whatever that was.
      whole({ id: some(64), success: only(false), reasons, processId: some(64) }),
    ),
    { minItems: 1 },
  ),
});
export const cancelledInvoice = whole({ Success: only(true), Id: id });
/** What takes long goes on as a job after the answer. */
export const deletedInvoice = partly(success, {
  id,
  jobId: some(64),
  jobStatus: oneOf('Pending', 'Completed'),
});
export const reversedInvoice = partly(success, {
  id,
  creditMemo: whole({ id }),
  jobId: textOrNull,
  jobStatus: orNull(oneOf('Pending', 'Processing', 'Failed', 'Completed')),
});

const tax = partly(
  {
    id,
    name: some(100),
    taxAmount: amount,
    taxRate: { type: 'number' },
    taxDate: day,
    taxCode: some(64),
    taxRateType: oneOf('Percentage', 'FlatFee'),
    exemptAmount: amount,
    creditAmount: amount,
    paymentAmount: amount,
    balance: amount,
  },
  { taxCodeDescription: text(255) },
);
export const item = partly(
  {
    id,
    chargeName: some(255),
    chargeAmount: figureText,
    taxAmount: figureText,
    quantity: figureText,
    description: text(500),
    chargeType: oneOf('OneTime'),
    processingType: oneOf('Charge', 'Discount'),
    sourceItemType: oneOf('None'),
    serviceStartDate: day,
    productName: text(255),
    taxationItems: whole({ data: list(tax) }),
  },
  { availableToCreditAmount: amount, unitPrice: { type: 'number' }, appliedToItemId: id },
);
export const applicationPart = partly(
  { appliedAmount: amount, ...STAMPS },
  { paymentId: id, creditMemoId: id },
  exactlyOneOf('paymentId', 'creditMemoId'),
);
export const part = partly(
  { id, amount, ...STAMPS },
  { invoiceId: id, debitMemoId: id },
  exactlyOneOf('invoiceId', 'debitMemoId'),
);

const PAYMENT = {
  id,
  number: some(32),
  accountId: id,
  accountNumber: accountKey,
  status: paymentStatus,
  type: oneOf('External', 'Electronic'),
  amount,
  appliedAmount: amount,
  unappliedAmount: amount,
  refundAmount: amount,
  creditBalanceAmount: amount,
  currency,
  effectiveDate: day,
  comment: text(255),
  referenceId: text(100),
  paymentMethodId: id,
  gatewayState,
  prepayment: flag,
  standalone: flag,
  financeInformation: whole({ transferredToAccounting: transferred }),
  ...STAMPS,
};
export const paymentRow = partly(PAYMENT, { cancelledOn: localTime });
export const payment = partly({ ...success, ...PAYMENT }, { cancelledOn: localTime });

const REFUND = {
  id,
  number: some(32),
  paymentId: id,
  accountId: id,
  amount,
  status: oneOf('Processed', 'Canceled'),
  type: oneOf('External', 'Electronic'),
  methodType: externalMethod,
  refundDate: day,
  referenceId: text(100),
  comment: text(255),
  gatewayState,
  ...STAMPS,
};
export const refundRow = partly(REFUND, { cancelledOn: localTime });
export const refund = partly({ ...success, ...REFUND }, { cancelledOn: localTime });

const MEMO = {
  ...success,
  id,
  number: some(32),
  accountId: id,
  accountNumber: accountKey,
  status: documentStatus,
  amount,
  taxAmount: amount,
  currency,
  comment: text(255),
  reasonCode: text(255),
  referredInvoiceId: orNull(id),
  sourceType: oneOf('Standalone', 'Invoice'),
  postedOn: orNull(localTime),
  postedById: orNull(id),
  cancelledOn: orNull(localTime),
  transferredToAccounting: transferred,
  ...STAMPS,
};
export const creditMemo = whole({
  ...MEMO,
  creditMemoDate: day,
  appliedAmount: amount,
  unappliedAmount: amount,
  refundAmount: amount,
  autoApplyUponPosting: flag,
  excludeFromAutoApplyRules: flag,
  reversed: flag,
  source: oneOf('AdhocFromPrpc', 'AdhocFromInvoice'),
});
export const debitMemo = partly(
  {
    ...MEMO,
    debitMemoDate: day,
    dueDate: day,
    balance: amount,
    beAppliedAmount: amount,
    autoPay: flag,
  },
  { referredCreditMemoId: id },
);

export const period = whole({
  id,
  name: some(255),
  startDate: day,
  // The last one is open and has no end (section 12).
  endDate: orNull(day),
  fiscalYear: count,
  fiscalQuarter: { type: 'integer', minimum: 1, maximum: 4 },
  status: oneOf('Open', 'Closed', 'PendingClose'),
});
