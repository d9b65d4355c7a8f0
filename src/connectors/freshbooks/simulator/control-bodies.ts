/** What the control API takes, in plain camel case. */
import { z } from 'zod';

/** A control request that cannot be carried out. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

const DecimalText = z.union([z.string(), z.number()]).transform(String);
const Id = z
  .union([z.number().int(), z.string().regex(/^\d+$/)])
  .transform((id) => Number.parseInt(String(id), 10));

const Line = z.strictObject({
  name: z.string().default('Item'),
  description: z.string().default(''),
  qty: DecimalText.default('1'),
  unitCost: DecimalText,
  taxes: z
    .array(z.object({ name: z.string(), percent: DecimalText }))
    .max(2)
    .default([]),
  compoundedTax: z.boolean().default(false),
});

export const Grant = z.strictObject({ redirectUri: z.url(), scope: z.string().optional() });

export const Advance = z.strictObject({ advanceMs: z.number().int().nonnegative() });

export const Client = z.strictObject({
  email: z.string().optional(),
  organization: z.string().optional(),
  fname: z.string().optional(),
  lname: z.string().optional(),
  busPhone: z.string().optional(),
  street: z.string().optional(),
  street2: z.string().optional(),
  city: z.string().optional(),
  province: z.string().optional(),
  code: z.string().optional(),
  country: z.string().optional(),
  currency: z.string().optional(),
  language: z.string().optional(),
  vatName: z.string().nullish(),
  vatNumber: z.string().nullish(),
  note: z.string().optional(),
});

export const InvoiceEdit = z.strictObject({
  clientId: Id.optional(),
  currency: z.string().optional(),
  createDate: z.string().optional(),
  dueOffsetDays: z.number().int().optional(),
  terms: z.string().nullish(),
  notes: z.string().optional(),
  poNumber: z.string().nullish(),
  language: z.string().optional(),
  invoiceNumber: z.string().optional(),
  discountPercent: DecimalText.optional(),
  discountDescription: z.string().nullish(),
  lines: z.array(Line).optional(),
});

export const NewInvoice = InvoiceEdit.extend({
  clientId: Id,
  lines: z.array(Line).default([]),
  send: z.boolean().optional(),
  parent: z.number().int().positive().optional(),
});

export const PaymentEdit = z.strictObject({
  invoiceId: Id.optional(),
  amount: DecimalText.optional(),
  date: z.string().optional(),
  type: z.string().optional(),
  note: z.string().optional(),
});

export const NewPayment = PaymentEdit.extend({
  invoiceId: Id,
  amount: DecimalText,
  currency: z.string().optional(),
  creditId: Id.optional(),
});

export const BulkPayment = z.strictObject({
  rows: z.array(z.strictObject({ invoiceId: Id, amount: DecimalText })).min(2),
  date: z.string().optional(),
  type: z.string().optional(),
  note: z.string().optional(),
});

/** An amount stands for a single line. */
export const CreditNoteEdit = z.strictObject({
  amount: DecimalText.optional(),
  lines: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        description: z.string().optional(),
        amount: DecimalText,
      }),
    )
    .min(1)
    .optional(),
  createDate: z.string().optional(),
  notes: z.string().optional(),
});

export const CreditNote = CreditNoteEdit.extend({
  clientId: Id,
  currency: z.string().optional(),
  type: z.enum(['goodwill', 'prepayment', 'overpayment']).optional(),
});

const MOST = 200_000;

export const History = z.strictObject({
  seed: z.number().int().optional(),
  acts: z.number().int().min(0).max(MOST).default(200),
  clients: z.number().int().min(1).max(1000).default(8),
  currencies: z.array(z.string().length(3)).min(1).default(['USD', 'CAD', 'EUR']),
  startOn: z.iso.date().optional(),
  /** Acts per second; without it all happen at once. */
  pace: z.number().positive().optional(),
});

export const Workload = z.strictObject({
  seed: z.number().int().optional(),
  invoices: z.number().int().min(0).max(MOST).default(0),
  payments: z.number().int().min(0).max(MOST).default(0),
  currencies: z.array(z.string().length(3)).min(1).default(['USD', 'CAD', 'EUR']),
  ratePerSecond: z.number().positive().optional(),
  endless: z.boolean().optional(),
});
