/** The simulated tenant's records and the check that they add up after every write. */
import type { Exact } from '../../../core/money.ts';
import type { Application, CreditMemo, DebitMemo, Payment, Refund, Target } from './funds.ts';
import { assertBooks } from './refusal.ts';

export type Stamps = { createdAt: number; updatedAt: number };

export type Contact = Stamps & {
  id: string;
  accountId: string;
  fields: Record<string, string>;
  roles: Set<string>;
};

export type Account = Stamps & {
  id: string;
  number: string;
  name: string;
  currency: string;
  autoPay: boolean;
  emailInvoices: boolean;
  printInvoices: boolean;
  billCycleDay: string;
  paymentTerm: string;
  billToId: string;
  soldToId: string;
  shipToId: string;
  additionalEmails: readonly string[];
  /** Other text fields as they came, custom fields among them. */
  fields: Record<string, string>;
};

export type TaxItem = {
  id: string;
  amountMinor: bigint;
  rate: Exact;
  date: string;
  fields: Record<string, string>;
};

export type InvoiceItem = {
  id: string;
  kind: 'Charge' | 'Discount';
  /** For a discount, the item it belongs to. */
  parentId: string | undefined;
  amountMinor: bigint;
  quantity: Exact;
  unitPrice: Exact | undefined;
  serviceStartDate: string;
  taxItems: TaxItem[];
  fields: Record<string, string>;
};

export type InvoiceStatus = 'Draft' | 'Posted' | 'Canceled';

export type Invoice = Stamps & {
  id: string;
  number: string;
  accountId: string;
  currency: string;
  invoiceDate: string;
  dueDate: string;
  status: InvoiceStatus;
  isDeleted: boolean;
  reversed: boolean;
  /** Reads do not show the reversal before. */
  reversedShownFrom: number;
  autoPay: boolean;
  comments: string;
  transferredToAccounting: string;
  postedOn: string | undefined;
  items: InvoiceItem[];
  totalMinor: bigint;
  balanceMinor: bigint;
  fields: Record<string, string>;
};

export class Books {
  readonly accounts = new Map<string, Account>();
  readonly contacts = new Map<string, Contact>();
  readonly invoices = new Map<string, Invoice>();
  readonly payments = new Map<string, Payment>();
  readonly refunds = new Map<string, Refund>();
  readonly creditMemos = new Map<string, CreditMemo>();
  readonly debitMemos = new Map<string, DebitMemo>();
  readonly applications = new Map<string, Application>();
  /** Deleted invoices that reads still show for a while, as they were, by id and number. */
  readonly shownStill = new Map<string, { invoice: Invoice; until: number }>();
  /** Document number to id, within its kind. */
  readonly accountNumbers = new Map<string, string>();
  readonly invoiceNumbers = new Map<string, string>();
  readonly paymentNumbers = new Map<string, string>();
  readonly memoNumbers = new Map<string, string>();
  readonly #to = new Map<string, Set<Application>>();
  readonly #from = new Map<string, Set<Application>>();

  findAccount(key: string): Account | undefined {
    return this.accounts.get(key) ?? this.accounts.get(this.accountNumbers.get(key) ?? '');
  }

  findInvoice(key: string): Invoice | undefined {
    return findLiving(this.invoices, this.invoiceNumbers, key);
  }

  findPayment(key: string): Payment | undefined {
    return findLiving(this.payments, this.paymentNumbers, key);
  }

  findCreditMemo(key: string): CreditMemo | undefined {
    return findLiving(this.creditMemos, this.memoNumbers, key);
  }

  findDebitMemo(key: string): DebitMemo | undefined {
    return findLiving(this.debitMemos, this.memoNumbers, key);
  }

  /** By the id of an invoice or debit memo. */
  applicationsTo(id: string): Application[] {
    return [...(this.#to.get(id) ?? [])];
  }

  /** By the id of a payment or credit memo. */
  applicationsFrom(id: string): Application[] {
    return [...(this.#from.get(id) ?? [])];
  }

  addApplication(application: Application): void {
    this.applications.set(application.id, application);
    setOf(this.#to, application.targetId).add(application);
    setOf(this.#from, application.sourceId).add(application);
  }

  removeApplication(application: Application): void {
    this.applications.delete(application.id);
    this.#to.get(application.targetId)?.delete(application);
    this.#from.get(application.sourceId)?.delete(application);
  }

  /** Programmer errors only: the running balances must equal what the parts say. */
  assertInvoice(invoice: Invoice): void {
    const items = invoice.items.reduce((sum, item) => sum + itemTotalMinor(item), 0n);
    assertBooks(invoice.totalMinor === items, `invoice ${invoice.number} total is not the sum of its items`);
    this.#assertTarget(invoice, invoice.totalMinor);
  }

  assertDebitMemo(memo: DebitMemo): void {
    this.#assertTarget(memo, memo.status === 'Canceled' ? 0n : memo.amountMinor);
  }

  assertFunds(funds: Payment | CreditMemo): void {
    const applied = sumOf(this.applicationsFrom(funds.id));
    const what = `${'methodType' in funds ? 'payment' : 'credit memo'} ${funds.number}`;
    assertBooks(funds.appliedMinor === applied, `${what} applied amount`);
    const rest = funds.status === 'Canceled' ? 0n : funds.amountMinor - applied - funds.refundedMinor;
    assertBooks(funds.unappliedMinor === rest, `${what} unapplied amount`);
    assertBooks(funds.unappliedMinor >= 0n, `${what} is over-applied`);
    assertBooks(applied === 0n || funds.status !== 'Draft', `${what} is applied but a draft`);
  }

  assertAll(): void {
    for (const invoice of this.invoices.values()) this.assertInvoice(invoice);
    for (const memo of this.debitMemos.values()) this.assertDebitMemo(memo);
    for (const payment of this.payments.values()) this.assertFunds(payment);
    for (const memo of this.creditMemos.values()) this.assertFunds(memo);
  }

  #assertTarget(target: Target, owedMinor: bigint): void {
    const applied = sumOf(this.applicationsTo(target.id));
    assertBooks(target.balanceMinor === owedMinor - applied, `${target.number} balance`);
    assertBooks(target.balanceMinor >= 0n, `${target.number} has a negative balance`);
    assertBooks(applied === 0n || target.status === 'Posted', `${target.number} is settled but not posted`);
  }
}

function findLiving<Row extends { isDeleted: boolean }>(
  rows: ReadonlyMap<string, Row>,
  numbers: ReadonlyMap<string, string>,
  key: string,
): Row | undefined {
  const row = rows.get(key) ?? rows.get(numbers.get(key) ?? '');
  return row?.isDeleted === true ? undefined : row;
}

export function itemTotalMinor(item: InvoiceItem): bigint {
  return item.amountMinor + itemTaxMinor(item);
}

export function itemTaxMinor(item: InvoiceItem): bigint {
  return item.taxItems.reduce((sum, tax) => sum + tax.amountMinor, 0n);
}

function sumOf(applications: readonly Application[]): bigint {
  return applications.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}

function setOf(index: Map<string, Set<Application>>, key: string): Set<Application> {
  const known = index.get(key);
  if (known !== undefined) return known;
  const fresh = new Set<Application>();
  index.set(key, fresh);
  return fresh;
}
