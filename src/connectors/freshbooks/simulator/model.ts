/** The records the simulated company keeps. */
import type { Money } from '../../../core/money.ts';
import type { Tax } from './arithmetic.ts';

/** 0 active, 1 deleted, 2 archived. */
export type VisState = 0 | 1 | 2;

export type Client = {
  id: number;
  uuid: string;
  email: string;
  organization: string;
  fname: string;
  lname: string;
  busPhone: string;
  street: string;
  street2: string;
  city: string;
  province: string;
  code: string;
  country: string;
  currency: string;
  language: string;
  vatName: string | null;
  vatNumber: string | null;
  note: string;
  visState: VisState;
  /** UTC, unlike every other timestamp here. */
  signupDate: string;
  updated: string;
};

/** The client as it was when the invoice was made. */
export type ClientSnapshot = Pick<
  Client,
  | 'organization'
  | 'fname'
  | 'lname'
  | 'email'
  | 'street'
  | 'street2'
  | 'city'
  | 'province'
  | 'code'
  | 'country'
  | 'vatName'
  | 'vatNumber'
>;

export type InvoiceLine = {
  lineid: number;
  name: string;
  description: string;
  qty: string;
  unitCost: string;
  amount: Money;
  taxes: Tax[];
  compoundedTax: boolean;
  updated: string;
};

export type Invoice = {
  id: number;
  uuid: string;
  number: string;
  clientId: number;
  snapshot: ClientSnapshot;
  createDate: string;
  dueOffsetDays: number;
  currency: string;
  language: string;
  lines: InvoiceLine[];
  discountPercent: string;
  discountDescription: string | null;
  notes: string;
  terms: string | null;
  poNumber: string | null;
  stage: 'draft' | 'sent' | 'viewed';
  dispute: 'disputed' | 'resolved' | null;
  /** The recurring profile that issued it; 0 for none. */
  parent: number;
  visState: VisState;
  discount: Money;
  total: Money;
  paid: Money;
  datePaid: string | null;
  createdAt: string;
  updated: string;
  version: string;
};

export type Payment = {
  id: number;
  invoiceId: number;
  clientId: number;
  amount: Money;
  date: string;
  type: string;
  note: string;
  /** The credit note that holds what was received beyond this payment. */
  overpaymentId: number | null;
  /** The credit note that this payment is taken from. */
  creditId: number | null;
  /** The same in all payments that were entered together. */
  bulkId: number | null;
  fromCredit: boolean;
  visState: VisState;
  updated: string;
};

export type CreditLine = { name: string; description: string; amount: Money };

export type CreditNote = {
  id: number;
  uuid: string;
  number: string;
  type: 'goodwill' | 'prepayment' | 'overpayment';
  clientId: number;
  lines: CreditLine[];
  amount: Money;
  /** What invoices were paid with from it. */
  paid: Money;
  createDate: string;
  notes: string;
  visState: VisState;
  createdAt: string;
  updated: string;
};
