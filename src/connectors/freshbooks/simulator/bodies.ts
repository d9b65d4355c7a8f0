/** Reading the bodies of POST and PUT calls: the wire's field names into what the acts take. */
import { z } from 'zod';
import { formatMoney, parseExact, roundToMoney } from '../../../core/money.ts';
import type { Tax } from './arithmetic.ts';
import type { ClientInput } from './client-acts.ts';
import type { CreditNoteEdit, CreditNoteInput } from './credit-acts.ts';
import type { InvoiceInput } from './invoice-acts.ts';
import type { InvoiceEdit, LineInput } from './invoice-form.ts';
import type { VisState } from './model.ts';
import type { PaymentEdit, PaymentInput } from './payment-acts.ts';
import { ERRNO, Refusal } from './refusal.ts';

const DecimalText = z.union([z.string(), z.number()]).transform(String);
const Id = z
  .union([z.number().int(), z.string().regex(/^\d+$/)])
  .transform((value) => Number.parseInt(String(value), 10));
const Amount = z.object({ amount: DecimalText, code: z.string().optional() });
const Vis = z.union([z.literal(0), z.literal(1), z.literal(2)]);
const NullableText = z.string().nullish();

const Line = z.object({
  name: NullableText,
  description: NullableText,
  qty: DecimalText.optional(),
  unit_cost: Amount.optional(),
  taxName1: NullableText,
  taxAmount1: DecimalText.nullish(),
  taxName2: NullableText,
  taxAmount2: DecimalText.nullish(),
  compounded_tax: z.boolean().nullish(),
});

const Invoice = z.object({
  customerid: Id.optional(),
  create_date: z.string().optional(),
  due_offset_days: z.number().int().optional(),
  currency_code: z.string().optional(),
  invoice_number: z.string().optional(),
  language: z.string().optional(),
  notes: NullableText,
  terms: NullableText,
  po_number: NullableText,
  discount_value: DecimalText.optional(),
  discount_description: NullableText,
  lines: z.array(Line).optional(),
  status: z.unknown().optional(),
  action_mark_as_sent: z.boolean().optional(),
  action_email: z.boolean().optional(),
});

const Payment = z.object({
  invoiceid: Id.optional(),
  amount: Amount.optional(),
  date: z.string().optional(),
  type: z.string().optional(),
  note: NullableText,
  creditid: Id.nullish(),
});

const Client = z.object({
  email: NullableText,
  organization: NullableText,
  fname: NullableText,
  lname: NullableText,
  bus_phone: NullableText,
  p_street: NullableText,
  p_street2: NullableText,
  p_city: NullableText,
  p_province: NullableText,
  p_code: NullableText,
  p_country: NullableText,
  currency_code: NullableText,
  language: NullableText,
  vat_name: NullableText,
  vat_number: NullableText,
  note: NullableText,
});

const CreditNote = z.object({
  clientid: Id.optional(),
  currency_code: z.string().default('USD'),
  create_date: z.string().optional(),
  credit_type: z.enum(['goodwill', 'prepayment', 'overpayment']).optional(),
  notes: NullableText,
  amount: Amount.optional(),
  /** A line's amount by itself, or as the official client library sends it: quantity and unit cost. */
  lines: z
    .array(
      z
        .object({
          name: NullableText,
          description: NullableText,
          amount: Amount.optional(),
          qty: DecimalText.optional(),
          unit_cost: Amount.optional(),
        })
        .refine(({ amount, unit_cost }) => amount !== undefined || unit_cost !== undefined),
    )
    .min(1)
    .optional(),
});

/** `vis_state` is looked at first; when it is there, the rest of the body is dropped. */
export function readVisState(key: string, body: unknown): VisState | undefined {
  const wrapped = z.object({ [key]: z.object({ vis_state: Vis }) }).safeParse(body);
  return wrapped.success ? wrapped.data[key]?.vis_state : undefined;
}

export function readInvoice(body: unknown): InvoiceInput {
  const wire = unwrap('invoice', Invoice, body);
  const clientId = wire.customerid ?? missing('invoice', 'customerid');
  return { ...toInvoiceEdit(wire), clientId, send: readStatus(wire.status) === 2 };
}

/** Of actions and data the action wins. */
export function readInvoicePut(
  body: unknown,
): { act: 'send'; by: 'email' | 'hand' } | { act: 'edit'; edit: InvoiceEdit } {
  const wire = unwrap('invoice', Invoice, body);
  if (wire.action_email === true) return { act: 'send', by: 'email' };
  const isMarked = wire.action_mark_as_sent === true || readStatus(wire.status) === 2;
  return isMarked ? { act: 'send', by: 'hand' } : { act: 'edit', edit: toInvoiceEdit(wire) };
}

export function readPayment(body: unknown): PaymentInput {
  const wire = unwrap('payment', Payment, body);
  return defined({
    ...toPaymentEdit(wire),
    invoiceId: wire.invoiceid ?? missing('payment', 'invoiceid'),
    amount: wire.amount?.amount ?? missing('payment', 'amount'),
    currency: wire.amount?.code,
    creditId: wire.creditid ?? undefined,
  }) as PaymentInput;
}

export function readPaymentPut(body: unknown): PaymentEdit {
  return toPaymentEdit(unwrap('payment', Payment, body));
}

function toPaymentEdit(wire: z.output<typeof Payment>): PaymentEdit {
  return defined({
    invoiceId: wire.invoiceid,
    amount: wire.amount?.amount,
    date: wire.date,
    type: wire.type,
    note: wire.note ?? undefined,
  }) as PaymentEdit;
}

export function readClient(body: unknown): ClientInput {
  const wire = unwrap('client', Client, body);
  return defined({
    email: wire.email ?? undefined,
    organization: wire.organization ?? undefined,
    fname: wire.fname ?? undefined,
    lname: wire.lname ?? undefined,
    busPhone: wire.bus_phone ?? undefined,
    street: wire.p_street ?? undefined,
    street2: wire.p_street2 ?? undefined,
    city: wire.p_city ?? undefined,
    province: wire.p_province ?? undefined,
    code: wire.p_code ?? undefined,
    country: wire.p_country ?? undefined,
    currency: wire.currency_code ?? undefined,
    language: wire.language ?? undefined,
    vatName: wire.vat_name,
    vatNumber: wire.vat_number,
    note: wire.note ?? undefined,
  }) as ClientInput;
}

export function readCreditNote(body: unknown): CreditNoteInput {
  const wire = unwrap('credit_notes', CreditNote, body);
  return defined({
    ...toCreditNoteEdit(wire),
    clientId: wire.clientid ?? missing('credit_note', 'clientid'),
    lines: toCreditNoteEdit(wire).lines ?? missing('credit_note', 'lines'),
    currency: wire.currency_code,
    type: wire.credit_type,
  }) as CreditNoteInput;
}

export function readCreditNotePut(body: unknown): CreditNoteEdit {
  return toCreditNoteEdit(unwrap('credit_notes', CreditNote, body));
}

function toCreditNoteEdit(wire: z.output<typeof CreditNote>): CreditNoteEdit {
  const single = wire.amount && [{ name: 'Credit', description: '', amount: wire.amount.amount }];
  const lines =
    wire.lines?.map(({ name, description, amount, qty = '1', unit_cost }) => ({
      name: name ?? 'Credit',
      description: description ?? '',
      amount: amount?.amount ?? toLineAmount(qty, unit_cost?.amount ?? '0', wire.currency_code),
    })) ?? single;
  return defined({ lines, createDate: wire.create_date, notes: wire.notes ?? undefined }) as CreditNoteEdit;
}

function toLineAmount(qty: string, unitCost: string, currency: string): string {
  return formatMoney(roundToMoney(parseExact(qty).times(parseExact(unitCost)), currency, 'half-up'));
}

/** Drops the members that are undefined, so that an absent field leaves the record as it is. */
export function defined<Input extends object>(input: Input): Partial<Input> {
  return Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as Partial<Input>;
}

function toInvoiceEdit(wire: z.output<typeof Invoice>): InvoiceEdit {
  return defined({
    clientId: wire.customerid,
    createDate: wire.create_date,
    dueOffsetDays: wire.due_offset_days,
    currency: wire.currency_code,
    invoiceNumber: wire.invoice_number,
    language: wire.language,
    notes: wire.notes ?? undefined,
    terms: wire.terms,
    poNumber: wire.po_number,
    discountPercent: wire.discount_value,
    discountDescription: wire.discount_description,
    lines: wire.lines?.map(toLineInput),
  }) as InvoiceEdit;
}

function toLineInput(line: z.output<typeof Line>): LineInput {
  const tax = (name: string | null | undefined, percent: string | null | undefined): Tax[] =>
    name === null || name === undefined || name === '' ? [] : [{ name, percent: percent ?? '0' }];
  return {
    name: line.name ?? '',
    description: line.description ?? '',
    qty: line.qty ?? '1',
    unitCost: line.unit_cost?.amount ?? '0',
    taxes: [...tax(line.taxName1, line.taxAmount1), ...tax(line.taxName2, line.taxAmount2)],
    compoundedTax: line.compounded_tax ?? false,
  };
}

function readStatus(status: unknown): number | undefined {
  if (status === undefined) return undefined;
  if (typeof status === 'number') return status;
  throw new Refusal(422, {
    errno: ERRNO.notANumber,
    field: 'status',
    object: 'invoice',
    value: JSON.stringify(status),
    message: 'Value is not a number.',
  });
}

function unwrap<Schema extends z.ZodObject>(key: string, schema: Schema, body: unknown): z.output<Schema> {
  const inner = z.object({ [key]: z.record(z.string(), z.unknown()) }).safeParse(body);
  const fields = inner.success ? inner.data[key] : undefined;
  if (fields === undefined) return missing(key, key);
  if (key === 'invoice' && 'due_date' in fields) {
    throw new Refusal(403, {
      errno: ERRNO.writeDenied,
      field: 'due_date',
      object: 'invoice',
      value: String(fields.due_date),
      message: 'You do not have permission to write to this field.',
    });
  }
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Refusal(422, {
    errno: ERRNO.invalidValue,
    field: issue?.path.join('.') ?? '',
    object: key,
    message: issue?.message ?? 'Invalid value.',
  });
}

function missing(object: string, field: string): never {
  throw new Refusal(422, { errno: ERRNO.required, field, object, message: 'Required field.' });
}
