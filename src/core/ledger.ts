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
  state: 'draft' | 'posted' | 'cancelled' | 'deleted';
};

export type LedgerPayment = {
  id: string;
  number: string;
  reference: string;
  customer: string;
  currency: string;
  amount: string;
  /** The part that settles invoices. */
  applied: string;
  /** Numbers of the invoices it settles. */
  invoiceNumbers: string[];
  paidOn: string;
  state: 'live' | 'cancelled' | 'deleted';
};

export type LedgerCustomer = { id: string; number: string; name: string; email: string; currency: string };

export type Ledger = {
  /** The account or tenant the books belong to. */
  account: string;
  customers: LedgerCustomer[];
  invoices: LedgerInvoice[];
  payments: LedgerPayment[];
  /** API calls served so far by kind ("GET invoice"), and how many of all calls got a 429. */
  calls: Record<string, number>;
  rateLimited: number;
};
