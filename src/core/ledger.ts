/** What a simulator's own books say, in words both sides share, so that demo, tests and proofs can compare them. */

/** Amounts are decimal strings in major units with the currency's full decimals ("12.50", "1200"). */
export type LedgerInvoice = {
  /** The system's own id. */
  id: string;
  number: string;
  /** Free text by which the other system's document can be recognised (a comment, a reference); '' where none. */
  reference: string;
  customer: string;
  currency: string;
  total: string;
  outstanding: string;
  /** yyyy-mm-dd */
  issuedOn: string;
  dueOn: string;
  /** `reversed`: credited in full for good. */
  state: 'draft' | 'posted' | 'reversed' | 'cancelled' | 'deleted';
};

export type LedgerPayment = {
  id: string;
  number: string;
  reference: string;
  customer: string;
  currency: string;
  amount: string;
  /** The part that settles invoices that are still there. */
  applied: string;
  /** Neither applied nor given back. */
  unapplied?: string;
  refunded?: string;
  /** Numbers of the invoices it settles. */
  invoiceNumbers: string[];
  paidOn: string;
  state: 'live' | 'cancelled' | 'deleted';
  /** Taken from a credit: no new cash. Absent where the books do not know such payments. */
  fromCredit?: boolean;
  /** The credit it was taken from. */
  creditId?: string;
  /** The credit that holds what was received beyond it. */
  overpaymentId?: string;
  /** The same in all payments that were entered together. */
  bulkId?: string;
};

/** `creditType` is the books' own word. */
export type LedgerCredit = {
  id: string;
  number: string;
  reference: string;
  customer: string;
  currency: string;
  creditType: string;
  amount: string;
  /** What settles invoices of it. */
  applied: string;
  unapplied?: string;
  /** The invoice that it was made from; '' where none. */
  invoiceNumber?: string;
  /** Numbers of the invoices it settles. */
  invoiceNumbers?: string[];
  issuedOn: string;
  state: 'draft' | 'live' | 'cancelled' | 'deleted';
};

/** What is owed beside an invoice. */
export type LedgerDebit = {
  id: string;
  number: string;
  reference: string;
  customer: string;
  currency: string;
  amount: string;
  outstanding: string;
  issuedOn: string;
  invoiceNumber: string;
  state: 'draft' | 'live' | 'cancelled' | 'deleted';
};

export type LedgerRefund = {
  id: string;
  number: string;
  reference: string;
  paymentNumber: string;
  currency: string;
  amount: string;
  refundedOn: string;
  state: 'live' | 'cancelled';
};

/** What settles what. */
export type LedgerApplication = {
  from: 'payment' | 'credit';
  fromNumber: string;
  to: 'invoice' | 'debit';
  toNumber: string;
  currency: string;
  amount: string;
};

export type LedgerCustomer = {
  id: string;
  number: string;
  name: string;
  email: string;
  /** Of documents that name none. */
  currency: string;
};

export type Ledger = {
  /** The account or tenant the books belong to. */
  account: string;
  customers: LedgerCustomer[];
  invoices: LedgerInvoice[];
  payments: LedgerPayment[];
  /** Absent where the books do not show them. */
  credits?: LedgerCredit[];
  debits?: LedgerDebit[];
  refunds?: LedgerRefund[];
  applications?: LedgerApplication[];
  /** API calls served so far by kind ("GET invoice"), and how many of all calls got a 429. */
  calls: Record<string, number>;
  rateLimited: number;
};
