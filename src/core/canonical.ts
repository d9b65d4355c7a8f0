/** The canonical documents: what every source is mapped to and every destination is mapped from. */
import type { Money } from './money.ts';

export type DocumentKind = 'client' | 'invoice' | 'payment' | 'credit';
export const DOCUMENT_KINDS: readonly DocumentKind[] = ['client', 'invoice', 'payment', 'credit'];

/** `archived` documents are still owed; `deleted` ones are gone for the people who made them. */
export type Visibility = 'active' | 'archived' | 'deleted';

/** An accounting date, yyyy-mm-dd, without a zone. */
export type PlainDate = string;

/** A decimal in plain notation, exactly as the source wrote it. */
export type DecimalText = string;

export type PostalAddress = {
  line1?: string;
  line2?: string;
  city?: string;
  /** Free text as the source has it. */
  region?: string;
  postalCode?: string;
  /** Free text as the source has it; the destination's mapping resolves it to ISO. */
  country?: string;
};

type CanonicalBase = {
  /** The source's own id; with the connection and the kind it is the document's identity. */
  sourceId: string;
  /** The client whose lane the document belongs to. */
  clientId: string;
  visibility: Visibility;
};

export type CanonicalClient = CanonicalBase & {
  kind: 'client';
  organization?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
  phone?: string;
  address: PostalAddress;
  vatNumber?: string;
};

/** Whom an invoice names and where they are, in its own words. */
export type BilledTo = Pick<
  CanonicalClient,
  'organization' | 'firstName' | 'lastName' | 'email' | 'address' | 'vatNumber'
>;

/** One tax of a line: `ratePercent` "9.975" means 9.975 %. */
export type CanonicalTax = { name: string; ratePercent: DecimalText; number?: string };

export type CanonicalLine = {
  name: string;
  description: string;
  quantity: DecimalText;
  /** Major units, may have more decimals than the currency. */
  unitPrice: DecimalText;
  /** quantity x unit price as the source rounded it, before discount and tax. */
  amount: Money;
  taxes: readonly CanonicalTax[];
  /** The second tax is charged on amount + first tax. */
  compound: boolean;
};

export type CanonicalInvoice = CanonicalBase & {
  kind: 'invoice';
  /** A label: may repeat and may change. */
  number: string;
  currency: string;
  issuedOn: PlainDate;
  dueOn: PlainDate;
  /** `draft` was never sent; `issued` is owed. */
  stage: 'draft' | 'issued';
  /** The source's own status word, for people only. */
  sourceStatus: string;
  lines: readonly CanonicalLine[];
  /** Percent of the subtotal, "0" for none. */
  discountPercent: DecimalText;
  /** The discount as the source rounded it: zero or negative. */
  discountTotal: Money;
  /** The source's own grand total: the truth that the copy must equal. */
  total: Money;
  /** Still owed at the moment of reading. */
  outstanding: Money;
  notes: string;
  terms: string;
  poNumber: string;
  /** Only used where the client itself cannot be read. */
  billedTo?: BilledTo;
};

export type PaymentMethod =
  | 'ach'
  | 'bank_transfer'
  | 'cash'
  | 'check'
  | 'credit_card'
  | 'debit_card'
  | 'paypal'
  | 'other';

export type CanonicalPayment = CanonicalBase & {
  kind: 'payment';
  invoiceId: string;
  amount: Money;
  paidOn: PlainDate;
  method: PaymentMethod;
  /** The source's own word for the method, kept for people. */
  methodLabel: string;
  note: string;
  /** Settled from the client's credit: no new cash. */
  fromCredit: boolean;
  /** The credit that it is taken from, where the source names it; only with `fromCredit`. */
  creditId?: string;
  /** Set when this payment is the settled part of a larger amount of cash: the credit that holds the rest. */
  overpaymentId?: string;
  /** The same in all payments that are parts of one sum of cash. */
  bulkId?: string;
};

/** Given for nothing, paid in advance, or left over when a payment was more than its invoice. */
export type CreditType = 'goodwill' | 'prepayment' | 'overpayment';
export const CREDIT_TYPES: readonly CreditType[] = ['goodwill', 'prepayment', 'overpayment'];

export type CanonicalCreditLine = { name: string; description: string; amount: Money };

export type CanonicalCredit = CanonicalBase & {
  kind: 'credit';
  number: string;
  amount: Money;
  issuedOn: PlainDate;
  creditType: CreditType;
  notes: string;
  /** Where the source shows them; taxes may make them less than `amount`. */
  lines?: readonly CanonicalCreditLine[];
  /** What of it has settled invoices, and what is left, where the source tells. */
  paid?: Money;
  outstanding?: Money;
};

export type CanonicalDocument = CanonicalClient | CanonicalInvoice | CanonicalPayment | CanonicalCredit;

/** Why a document cannot be mapped: the field, its value and the rule it breaks, in words for a person. */
export type Problem = { field: string; value: string; rule: string };

/** A mapper's answer: the value, or every problem found at once. */
export type Mapped<T> = { ok: true; value: T } | { ok: false; problems: readonly Problem[] };
