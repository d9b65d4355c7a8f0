/** The parts of Zuora's answers that are read, as on the wire; every JSON number has arrived as its decimal text. */
import { LosslessNumber, parse, stringify } from 'lossless-json';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { Exact } from '../../core/money.ts';

/**
 * The only members that are sent as JSON numbers; intents keep them as decimal text. `taxAmount` and `taxRate` stay
 * texts: their schema says `string, format: number`.
 */
const NUMBER_FIELDS: ReadonlySet<string> = new Set([
  'amount',
  'totalAmount',
  'quantity',
  'unitPrice',
  'billCycleDay',
]);
/** The same members are texts in a PUT of an invoice: its schema differs from that of the POST. */
const TEXTS_IN_CHANGES: ReadonlySet<string> = new Set([
  'invoiceItems.quantity',
  'invoiceItems.unitPrice',
  'invoiceItems.discountItems.amount',
]);

/** A stored body as request text; the digits of an amount go out exactly as they are in the intent. */
export function writeBody(body: JsonObject, call: string): string {
  const stays = call === 'PUT invoice' ? TEXTS_IN_CHANGES : new Set<string>();
  const text = stringify(numbered(body, '', '', stays));
  if (text === undefined) throw new Error('a request body must be an object');
  return text;
}

function numbered(value: JsonValue, name: string, path: string, stays: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((member) => numbered(member, name, path, stays));
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(([key, member]) => {
      return [key, numbered(member, key, path === '' ? key : `${path}.${key}`, stays)] as const;
    });
    return Object.fromEntries(members);
  }
  const isNumber = typeof value === 'string' && NUMBER_FIELDS.has(name) && !stays.has(path);
  return isNumber ? new LosslessNumber(value) : value;
}

/** JSON text with every number as decimal text, so that no cent passes through a float; undefined if it is no JSON. */
export function parseBody(text: string): JsonValue | undefined {
  try {
    return toJsonValue(parse(text, null, (digits) => digits));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function toJsonValue(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJsonValue(member)]));
  }
  throw new Error(`not a JSON value: ${typeof value}`);
}

/** Samples show up to nine decimals and exponents are legal JSON; the result is plain notation. */
const decimal = z
  .string()
  .regex(/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/)
  .transform((text) => new Exact(text).toString());

/** A date, or a timestamp that starts with one (the schema and the samples disagree). */
const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}/)
  .transform((text) => text.slice(0, 10));

export const tokenSchema = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.string().regex(/^\d+$/),
  scope: z.string().default(''),
});

export const createdAccountSchema = z.looseObject({ accountId: z.string(), accountNumber: z.string() });

export const accountSchema = z.looseObject({
  basicInfo: z.looseObject({
    id: z.string(),
    accountNumber: z.string(),
    name: z.string(),
    notes: z.string().nullish(),
    status: z.string().nullish(),
  }),
  billingAndPayment: z.looseObject({
    currency: z.string(),
    invoiceDeliveryPrefsEmail: z.boolean().nullish(),
  }),
  billToContact: z.looseObject({}).nullish(),
});

export const invoiceSchema = z.looseObject({
  id: z.string(),
  invoiceNumber: z.string(),
  accountId: z.string(),
  amount: decimal,
  balance: decimal,
  creditMemoAmount: decimal.nullish(),
  currency: z.string(),
  invoiceDate: date,
  dueDate: date,
  status: z.string(),
  comments: z.string().nullish(),
});

/** What a create answers is only needed for its id and number: the copy is read back anyway. */
export const createdInvoiceSchema = z.looseObject({ id: z.string(), invoiceNumber: z.string() });
/** Payments, refunds and memos. */
export const createdNumberSchema = z.looseObject({ id: z.string(), number: z.string() });
/** What takes long goes on as a job after the answer. */
export const jobSchema = z.looseObject({ jobId: z.string().nullish(), jobStatus: z.string().nullish() });

/** Of POST bulk-post; a PUT …/post answers with the invoice itself. */
export const postedSchema = z.looseObject({
  invoices: z.array(z.looseObject({ id: z.string(), success: z.boolean().nullish() })).nullish(),
});

export const invoiceItemsSchema = z.looseObject({
  invoiceItems: z
    .array(
      z.looseObject({
        id: z.string(),
        chargeName: z.string().nullish(),
        chargeAmount: decimal,
        availableToCreditAmount: decimal.nullish(),
        appliedToItemId: z.string().nullish(),
      }),
    )
    .default([]),
  nextPage: z.string().nullish(),
});

export const applicationPartsSchema = z.looseObject({
  applicationParts: z
    .array(
      z.looseObject({
        paymentId: z.string().nullish(),
        creditMemoId: z.string().nullish(),
        appliedAmount: decimal,
      }),
    )
    .default([]),
  nextPage: z.string().nullish(),
});

export const paymentSchema = z.looseObject({
  id: z.string(),
  number: z.string(),
  accountId: z.string().nullish(),
  amount: decimal,
  unappliedAmount: decimal,
  refundAmount: decimal.nullish(),
  currency: z.string(),
  effectiveDate: date,
  comment: z.string().nullish(),
  status: z.string(),
  referenceId: z.string().nullish(),
});

export const creditMemoSchema = z.looseObject({
  id: z.string(),
  number: z.string(),
  accountId: z.string(),
  amount: decimal,
  unappliedAmount: decimal,
  refundAmount: decimal.nullish(),
  currency: z.string(),
  creditMemoDate: date,
  comment: z.string().nullish(),
  status: z.string(),
});

export const debitMemoSchema = z.looseObject({
  id: z.string(),
  number: z.string(),
  accountId: z.string(),
  amount: decimal,
  balance: decimal,
  currency: z.string(),
  debitMemoDate: date,
  comment: z.string().nullish(),
  status: z.string(),
});

const refund = z.looseObject({
  id: z.string(),
  number: z.string(),
  amount: decimal,
  status: z.string(),
  referenceId: z.string().nullish(),
});
export const refundSchema = refund;
export const refundsSchema = z.looseObject({
  refunds: z.array(refund).default([]),
  nextPage: z.string().nullish(),
});

/** The parts of a payment or a credit memo. */
export const partsSchema = z.looseObject({
  parts: z
    .array(
      z.looseObject({
        invoiceId: z.string().nullish(),
        debitMemoId: z.string().nullish(),
        amount: decimal,
      }),
    )
    .default([]),
  nextPage: z.string().nullish(),
});

export const queriedPaymentSchema = z.looseObject({
  id: z.string(),
  paymentNumber: z.string(),
  status: z.string(),
  referenceId: z.string().nullish(),
});

export const queriedInvoiceSchema = z.looseObject({ reversed: z.boolean().nullish() });

/** Credit memos say `comment`, debit memos `comments`. */
export const queriedMemoSchema = z.looseObject({
  id: z.string(),
  memoNumber: z.string(),
  status: z.string(),
  comment: z.string().nullish(),
  comments: z.string().nullish(),
});

export const queriedContactSchema = z.looseObject({
  accountId: z.string().nullish(),
  workEmail: z.string().nullish(),
});

export const queriedAccountSchema = z.looseObject({
  id: z.string(),
  accountNumber: z.string(),
  name: z.string(),
  currency: z.string(),
  status: z.string(),
});

export const queriedPaymentMethodSchema = z.looseObject({
  type: z.string(),
  active: z.boolean().nullish(),
});

export const queryPageSchema = z.looseObject({
  data: z.array(z.custom<JsonValue>()),
  nextPage: z.string().nullish(),
});
