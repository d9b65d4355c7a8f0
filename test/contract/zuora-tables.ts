/** What is looked for with Object Query, with the filters in use, and the settings that are read (zuora-calls.ts). */
import {
  accountKey,
  amount,
  count,
  currency,
  day,
  either,
  flag,
  id,
  list,
  offsetTime,
  oneOf,
  ownFields,
  partly,
  positive,
  some,
  text,
  whole,
} from './schema-words.ts';
import type { Schema } from './unknown-members.ts';
import { documentStatus, gatewayState, paymentStatus, transferred } from './zuora-answers.ts';
import { externalMethod } from './zuora-requests.ts';

const STAMPS = { id, createdById: id, createdDate: offsetTime, updatedById: id, updatedDate: offsetTime };
const MEMO = {
  ...STAMPS,
  memoNumber: some(32),
  accountId: id,
  invoiceId: id,
  memoDate: day,
  totalAmount: amount,
  currency,
  reasonCode: text(255),
  sourceType: oneOf('Standalone', 'Invoice'),
  status: documentStatus,
  transferredToAccounting: transferred,
  balance: amount,
};

export type Queried = { row: Schema; filter: RegExp | undefined };

export const QUERIED: Readonly<Record<string, Queried>> = {
  accounts: {
    filter: /^id\.(EQ:[0-9a-f]{32}|IN:\[[0-9a-f]{32}(,[0-9a-f]{32})+\])$/,
    row: partly(
      {
        ...STAMPS,
        accountNumber: accountKey,
        name: some(255),
        currency,
        status: oneOf('Active', 'Canceled'),
        autoPay: flag,
        balance: amount,
        totalInvoiceBalance: amount,
        unappliedBalance: amount,
        batch: some(50),
        billCycleDay: count,
        billToId: id,
        soldToId: id,
        shipToId: id,
        invoiceDeliveryPrefsEmail: flag,
        invoiceDeliveryPrefsPrint: flag,
        paymentTerm: some(100),
      },
      { notes: text(65_535) },
    ),
  },
  contacts: {
    filter: /^workemail\.EQ:.+$/,
    row: partly(
      { ...STAMPS, accountId: id, firstName: some(100), lastName: some(100) },
      {
        address1: text(255),
        address2: text(255),
        city: text(40),
        state: text(40),
        // A zipCode everywhere else (section 5).
        postalCode: text(20),
        country: text(64),
        workEmail: text(80),
        workPhone: text(40),
      },
    ),
  },
  'credit-memos': {
    filter: /^invoiceid\.EQ:[0-9a-f]{32}$/,
    row: whole({
      ...MEMO,
      comment: text(255),
      appliedAmount: amount,
      refundAmount: amount,
      excludeFromAutoApplyRules: flag,
      reversed: flag,
    }),
  },
  'debit-memos': {
    filter: /^invoiceid\.EQ:[0-9a-f]{32}$/,
    // Comments, where a credit memo has a comment.
    row: whole({ ...MEMO, comments: text(255), dueDate: day }),
  },
  invoices: {
    filter: /^id\.EQ:[0-9a-f]{32}$/,
    row: partly(
      {
        ...STAMPS,
        accountId: id,
        invoiceNumber: some(64),
        amount,
        amountWithoutTax: amount,
        taxAmount: amount,
        balance: amount,
        paymentAmount: amount,
        creditMemoAmount: amount,
        autoPay: flag,
        comments: text(255),
        currency,
        invoiceDate: day,
        dueDate: day,
        // What no v1 answer tells (section 6).
        reversed: flag,
        source: oneOf('API'),
        sourceType: oneOf('Standalone'),
        // Only posted ones are asked for, and Object Query has no word for cancelled ones.
        status: oneOf('Draft', 'Posted'),
        transferredToAccounting: transferred,
      },
      { postedDate: day },
      ownFields,
    ),
  },
  payments: {
    filter: /^referenceid\.EQ:.{1,60}$/,
    row: whole({
      ...STAMPS,
      accountId: id,
      paymentNumber: some(32),
      amount,
      appliedAmount: amount,
      unappliedAmount: amount,
      refundAmount: amount,
      comment: text(255),
      currency,
      effectiveDate: day,
      gatewayState,
      paymentMethodId: id,
      prepayment: flag,
      referenceId: text(100),
      source: oneOf('API'),
      status: paymentStatus,
      type: oneOf('External', 'Electronic'),
      transferredToAccounting: transferred,
    }),
  },
  'payment-methods': {
    filter: /^issystem\.EQ:true$/,
    row: whole({ id, type: externalMethod, isSystem: flag, active: flag }),
  },
  /** Asked for one row only: is Taxation on? */
  'taxation-items': {
    filter: undefined,
    row: partly(
      {
        ...STAMPS,
        invoiceItemId: id,
        name: some(100),
        taxCode: some(64),
        taxRateType: oneOf('Percentage', 'FlatFee'),
        taxDate: day,
        taxRate: { type: 'number' },
        taxAmount: amount,
      },
      { taxMode: oneOf('TaxInclusive', 'TaxExclusive') },
    ),
  },
};

/** A list by itself, or as the one member that the schema gives it (section 12). */
const listed = (member: string, row: Schema) => either(list(row), whole({ [member]: list(row) }));
const TERM = {
  id,
  name: some(100),
  type: oneOf('NetPaymentTerm', 'ProxPaymentTerm'),
  intervalNumber: count,
  isActive: flag,
  isDefault: flag,
};
const numbering = whole({ prefix: text(32), startNum: count });
const prefixOnly = whole({ prefix: text(32) });

/** Shapes on record (sections 9 and 12); the connector takes others for "not known". */
export const SETTINGS: Readonly<Record<string, Schema>> = {
  currencies: listed(
    'currencies',
    whole({
      currencyCode: currency,
      active: flag,
      default: flag,
      roundingMode: oneOf('Up', 'Down', 'HalfUp'),
      roundingIncrement: positive,
    }),
  ),
  'payment-terms': listed(
    'paymentTerms',
    either(
      whole({ ...TERM, intervalType: oneOf('DAY', 'WEEK', 'MONTH') }),
      whole({ ...TERM, intervalUnit: oneOf('Days', 'Weeks', 'Months') }),
    ),
  ),
  'doc-prefixes': either(
    whole({
      invoice: numbering,
      paymentPrefix: prefixOnly,
      refundPrefix: prefixOnly,
      creditMemo: numbering,
      debitMemo: numbering,
    }),
    list(
      whole({
        documentType: oneOf('Invoice', 'Payment', 'CreditMemo', 'DebitMemo', 'Refund', 'Account'),
        prefix: text(32),
      }),
    ),
  ),
  'numbers-and-skus': whole({ billingAccountprefix: text(32) }),
  'tax-codes': listed('taxCodes', whole({ name: some(100), active: flag })),
  'entity-profile-info': whole({ timeZone: some(64) }),
  'billing-rules': whole({
    invoiceSettlement: flag,
    invoiceItemSettlement: flag,
    creditMemoReasonRequired: flag,
    creditMemoMirroringInvoiceItemsRule: some(100),
    availableToCreditValidationLevel: some(100),
  }),
  'manage-features': list(whole({ featureName: some(255), status: oneOf('Enabled', 'Disabled') })),
};
