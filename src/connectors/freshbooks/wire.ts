/** FreshBooks' JSON as on the wire: amounts stay texts, unknown enum values stay; fields that nobody reads are left out here and kept in what is stored. */
import * as z from 'zod';
import type { JsonObject } from '../../core/json.ts';

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const jsonObject = z.custom<JsonObject>(isJsonObject, 'expected an object');
/** Ids are JSON integers; taken as texts, for they are names and not figures. */
const id = z.union([z.int(), z.string()]).transform(String);
const optionalId = id.nullish();
const text = z.string().nullish();
/** Nothing that is needed for the document itself: in another form it is as good as missing. */
const loose = text.catch(undefined);
/** Percentages and quantities: a text nearly always, a JSON number in one fixture. */
const decimal = z.union([z.string(), z.number()]).transform(String).nullish();
const amount = z.object({ amount: z.string(), code: z.string() });
const visState = z.number().nullish();

export type WireAmount = z.infer<typeof amount>;

/** A number that may not be a plain small integer. */
const UNUSUAL_NUMBER = /(?:^|[[:,])\s*(?:-0|-?\d{16,}|-?\d+[.eE])/;
const TEXTS = /"(?:[^"\\]|\\.)*"/gs;

/** Texts are left out only where need be: each document's `version` has a time with parts of a second. */
function hasUnusualNumber(body: string): boolean {
  return UNUSUAL_NUMBER.test(body) && UNUSUAL_NUMBER.test(body.replaceAll(TEXTS, '""'));
}

/** Numbers that a binary float would change, or write in other digits, come out as their own text. */
export function parseJson(body: string): unknown {
  // Looking at every value takes ten times as long, and holds up everybody else in the process.
  if (!hasUnusualNumber(body)) return JSON.parse(body);
  const keepText = (_key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number') return value;
    const source = context?.source ?? String(value);
    return Number.isSafeInteger(value) && String(value) === source ? value : source;
  };
  return JSON.parse(body, keepText);
}

// ---------------------------------------------------------------- documents

export const clientSchema = z.object({
  id,
  organization: text,
  fname: text,
  lname: text,
  email: text,
  bus_phone: text,
  mob_phone: text,
  home_phone: text,
  p_street: text,
  p_street2: text,
  p_city: text,
  p_province: text,
  p_code: text,
  p_country: text,
  vat_number: text,
  /** Of a client it is told to people only. */
  vis_state: visState.catch(undefined),
});
export type WireClient = z.infer<typeof clientSchema>;

export const lineSchema = z.object({
  name: text,
  description: text,
  qty: decimal,
  unit_cost: amount.nullish(),
  amount: amount.nullish(),
  taxName1: text,
  taxAmount1: decimal,
  taxNumber1: text,
  taxName2: text,
  taxAmount2: decimal,
  taxNumber2: text,
  compounded_tax: z.boolean().nullish(),
});
export type WireLine = z.infer<typeof lineSchema>;

export const invoiceSchema = z.object({
  id,
  customerid: optionalId,
  invoice_number: text,
  currency_code: text,
  create_date: text,
  due_date: text,
  v3_status: text,
  vis_state: visState,
  amount: amount.nullish(),
  outstanding: amount.nullish(),
  discount_value: decimal,
  discount_total: amount.nullish(),
  discount: z.object({ type: text }).nullish(),
  lines: z.array(lineSchema).nullish(),
  notes: text,
  terms: text,
  po_number: text,
  // The client's name and address, kept with the invoice.
  organization: loose,
  current_organization: loose,
  fname: loose,
  lname: loose,
  email: loose,
  street: loose,
  street2: loose,
  city: loose,
  province: loose,
  code: loose,
  country: loose,
  vat_number: loose,
});
export type WireInvoice = z.infer<typeof invoiceSchema>;

export const paymentSchema = z.object({
  id,
  invoiceid: optionalId,
  clientid: optionalId,
  amount: amount.nullish(),
  date: text,
  type: text,
  note: text,
  from_credit: z.boolean().nullish(),
  creditid: optionalId,
  overpaymentid: optionalId,
  bulk_paymentid: optionalId,
  vis_state: visState,
});
export type WirePayment = z.infer<typeof paymentSchema>;

export const creditNoteSchema = z.object({
  clientid: optionalId,
  credit_number: text,
  credit_type: text,
  amount: amount.nullish(),
  paid: amount.nullish(),
  outstanding: amount.nullish(),
  currency_code: text,
  create_date: text,
  notes: text,
  lines: z.array(z.object({ name: text, description: text, amount: amount.nullish() })).nullish(),
  vis_state: visState,
});
export type WireCreditNote = z.infer<typeof creditNoteSchema>;

// ---------------------------------------------------------------- envelopes

/** The object under the first of `keys` that is there; credit notes come under their plural. */
export function parseSingle(json: unknown, keys: readonly string[]): JsonObject {
  const { result } = z.object({ response: z.object({ result: jsonObject }) }).parse(json).response;
  return jsonObject.parse(keys.map((key) => result[key]).find((value) => value !== undefined));
}

type WirePage = { rows: JsonObject[]; page: number; pages: number; total: number };

const pageFigures = z.object({ page: z.int(), pages: z.int(), total: z.int() });

export function parsePage(json: unknown, key: string): WirePage {
  const { result } = z.object({ response: z.object({ result: jsonObject }) }).parse(json).response;
  return { rows: z.array(jsonObject).parse(result[key]), ...pageFigures.parse(result) };
}

// ---------------------------------------------------------------- callbacks, users/me, tokens

/** `updated_at` is left alone: one odd value has crashed a whole SDK's list call. */
export const callbackSchema = z
  .looseObject({
    callbackid: optionalId,
    id: optionalId,
    event: z.string(),
    uri: z.string(),
    verified: z.boolean(),
  })
  .transform(({ callbackid, id: otherId, event, uri, verified }, context) => {
    const remoteId = callbackid ?? otherId;
    if (remoteId) return { remoteId, topic: event, url: uri, verified };
    context.addIssue({ code: 'custom', message: 'a callback without an id', path: ['callbackid'] });
    return z.NEVER;
  });

const business = z.looseObject({ name: text, account_id: text });

const meSchema = z.object({
  response: z.looseObject({
    email: text,
    business_memberships: z.array(z.looseObject({ role: text, business: business.nullish() })).nullish(),
    roles: z.array(z.looseObject({ role: text, accountid: text })).nullish(),
  }),
});
export type WireMe = z.infer<typeof meSchema>['response'];

/** users/me has no `result` layer. */
export function parseMe(json: unknown): WireMe {
  return meSchema.parse(json).response;
}

/** Lenient on purpose: to refuse a good answer would burn a refresh token that cannot be had again. */
export const tokenSchema = z.looseObject({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_in: z.coerce.number().optional().catch(undefined),
  /** Epoch seconds. */
  created_at: z.coerce.number().optional().catch(undefined),
});
export type WireTokens = z.infer<typeof tokenSchema>;
