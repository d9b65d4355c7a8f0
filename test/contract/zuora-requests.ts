/** What the connector sends to Zuora (zuora-calls.ts): the members it uses, with the limits that the notes name. */
import {
  accountKey,
  amount,
  atLeastOneOf,
  currency,
  day,
  documentKey,
  exactlyOneOf,
  figureText,
  id,
  list,
  localTime,
  matching,
  negative,
  oneOf,
  only,
  ownFields,
  partly,
  positive,
  some,
  text,
  whole,
} from './schema-words.ts';
import type { Schema } from './unknown-members.ts';

/** A PUT without anything to say still has to carry an empty object (section 2). */
export const empty = whole({}, { maxProperties: 0 });

const ACCOUNT_KEYS = { accountNumber: accountKey, accountId: id };
const OF_ONE_ACCOUNT = exactlyOneOf('accountNumber', 'accountId');

/** An ISO code; empty in a change that empties it. */
const country = matching(/^([A-Z]{2})?$/);
const NAMES = { firstName: some(100), lastName: some(100) };
const PLACE = {
  address1: text(255),
  address2: text(255),
  city: text(40),
  state: text(40),
  zipCode: text(20),
  country,
  workEmail: text(80),
  workPhone: text(40),
};

/** Nothing is charged and nobody is written to because of a copy: that is always said (section 5). */
export const account = partly(
  {
    accountNumber: accountKey,
    name: some(255),
    currency,
    billCycleDay: { type: 'integer', minimum: 0, maximum: 31 },
    autoPay: only(false),
    invoiceDeliveryPrefsEmail: only(false),
    invoiceDeliveryPrefsPrint: only(false),
    billToContact: partly(NAMES, PLACE),
  },
  { paymentTerm: some(100), organizationLabel: some(255), notes: some(1000) },
);

/** The whole contact: what the client has no more is emptied. */
export const accountChange = partly(
  { name: some(255), invoiceDeliveryPrefsEmail: only(false), billToContact: whole({ ...NAMES, ...PLACE }) },
  { notes: some(1000) },
);

/** A tax that is worked out already; its amount and rate are texts. */
const taxItem = partly(
  {
    name: some(100),
    taxCode: some(64),
    taxRate: figureText,
    taxRateType: oneOf('Percentage'),
    taxAmount: figureText,
    taxDate: day,
    taxMode: oneOf('TaxExclusive'),
  },
  { taxCodeDescription: text(255) },
);

const item = (figure: Schema, discount: Schema, more: Record<string, Schema> = {}) =>
  partly(
    { chargeName: some(100), amount, quantity: figure, unitPrice: figure, serviceStartDate: day },
    {
      description: some(500),
      discountItems: list(whole({ chargeName: some(100), amount: discount }), { minItems: 1, maxItems: 1 }),
      ...more,
    },
  );

export const invoice = partly(
  {
    invoiceNumber: documentKey,
    invoiceDate: day,
    dueDate: day,
    status: oneOf('Draft', 'Posted'),
    autoPay: only(false),
    comments: some(255),
    invoiceItems: list(item(amount, negative, { taxItems: list(taxItem, { minItems: 1, maxItems: 5 }) }), {
      minItems: 1,
      maxItems: 1000,
    }),
  },
  ACCOUNT_KEYS,
  { ...OF_ONE_ACCOUNT, ...ownFields },
);

/** One kind of change a call. The figures of a new line are texts here, and it has no taxes (section 6). */
export const invoiceChange: Schema = {
  type: 'object',
  ...exactlyOneOf('invoiceDate', 'dueDate', 'comments', 'invoiceItems'),
  properties: {
    invoiceDate: day,
    dueDate: day,
    comments: some(255),
    invoiceItems: list(
      { oneOf: [whole({ id, delete: only(true) }, { maxProperties: 2 }), item(figureText, figureText)] },
      { minItems: 1, maxItems: 1000 },
    ),
  },
  ...ownFields,
};
/** One at a time: what became of it is told for each. */
export const bulkPost = whole({ invoices: list(whole({ id }), { minItems: 1, maxItems: 1 }) });
export const invoiceCancel = whole({ Status: oneOf('Canceled') });
export const invoiceReverse = whole({ memoDate: day, applyEffectiveDate: day, comment: some(255) });

const share = (target: 'invoiceId' | 'debitMemoId') =>
  list(whole({ [target]: id, amount: positive }), { minItems: 1, maxItems: 1000 });
const SHARES = { invoices: share('invoiceId'), debitMemos: share('debitMemoId') };

/** Types of external payments and refunds (section 7). */
export const externalMethod = oneOf(
  'ACH',
  'BankTransfer',
  'Cash',
  'Check',
  'CreditCard',
  'CreditCardReferenceTransaction',
  'DebitCard',
  'Other',
  'PayPal',
  'WireTransfer',
);

/** By its reference a payment is found again, so it is never left out; the object page allows it 60 characters. */
export const payment = partly(
  {
    type: oneOf('External'),
    amount: positive,
    currency,
    effectiveDate: day,
    paymentMethodType: externalMethod,
    referenceId: some(60),
  },
  { ...ACCOUNT_KEYS, ...SHARES, comment: some(255) },
  OF_ONE_ACCOUNT,
);
/** Nothing else of a payment can be changed. */
export const paymentChange = whole({ comment: text(255) });
/** Of payments and credit memos; taking off has the same form. */
export const application = partly({ effectiveDate: day }, SHARES, atLeastOneOf('invoices', 'debitMemos'));
export const transfer = whole({ accountId: id, effectiveDate: localTime });
export const refund = whole({
  type: oneOf('External'),
  methodType: externalMethod,
  totalAmount: positive,
  refundDate: day,
  referenceId: some(60),
});

export const credit = partly(
  {
    number: documentKey,
    effectiveDate: day,
    autoPost: only(true),
    excludeFromAutoApplyRules: only(true),
    comment: some(255),
    charges: list(whole({ productRatePlanChargeId: id, amount: positive, serviceStartDate: day }), {
      minItems: 1,
      maxItems: 1,
    }),
  },
  ACCOUNT_KEYS,
  OF_ONE_ACCOUNT,
);

const MEMO = {
  invoiceId: id,
  effectiveDate: day,
  autoPost: only(true),
  taxAutoCalculation: only(false),
  comment: some(255),
  items: list(whole({ invoiceItemId: id, skuName: some(255), amount: positive }), {
    minItems: 1,
    maxItems: 1000,
  }),
};
export const debitOfInvoice = whole(MEMO);
export const creditOfInvoice = whole({
  ...MEMO,
  autoApplyToInvoiceUponPosting: only(true),
  excludeFromAutoApplyRules: only(true),
});
