/** The parts of Zuora's answers that are read, as on the wire; every JSON number has arrived as its decimal text. */
import { LosslessNumber, parse, stringify } from 'lossless-json';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { Exact } from '../../core/money.ts';

/**
 * The only members that are sent as JSON numbers; intents keep them as decimal text. `taxAmount` and `taxRate` stay
 * texts: their schema says `string, format: number`.
 */
const NUMBER_FIELDS: ReadonlySet<string> = new Set(['amount', 'quantity', 'unitPrice', 'billCycleDay']);

/** A stored body as request text; the digits of an amount go out exactly as they are in the intent. */
export function writeBody(body: JsonObject): string {
  const text = stringify(body, (key, value) =>
    NUMBER_FIELDS.has(key) && typeof value === 'string' ? new LosslessNumber(value) : value,
  );
  if (text === undefined) throw new Error('a request body must be an object');
  return text;
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
    status: z.string().nullish(),
  }),
  billingAndPayment: z.looseObject({ currency: z.string() }),
});

export const invoiceSchema = z.looseObject({
  id: z.string(),
  invoiceNumber: z.string(),
  amount: decimal,
  balance: decimal,
  currency: z.string(),
  dueDate: date,
  status: z.string(),
  comments: z.string().nullish(),
});

/** What a create answers is only needed for its id and number: the copy is read back anyway. */
export const createdInvoiceSchema = z.looseObject({ id: z.string(), invoiceNumber: z.string() });
export const createdPaymentSchema = z.looseObject({ id: z.string(), number: z.string() });

export const paymentSchema = z.looseObject({
  id: z.string(),
  number: z.string(),
  amount: decimal,
  unappliedAmount: decimal,
  currency: z.string(),
  effectiveDate: date,
  status: z.string(),
});

export const paymentPartsSchema = z.looseObject({
  parts: z.array(z.looseObject({ invoiceId: z.string().nullish(), amount: decimal })).default([]),
  nextPage: z.string().nullish(),
});

export const queriedPaymentSchema = z.looseObject({
  id: z.string(),
  paymentNumber: z.string(),
  status: z.string(),
  referenceId: z.string().nullish(),
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
