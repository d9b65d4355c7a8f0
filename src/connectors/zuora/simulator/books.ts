/** The simulated tenant's records and the check that they add up after every write. */
import type { Exact } from '../../../core/money.ts';
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
  autoPay: boolean;
  comments: string;
  transferredToAccounting: string;
  postedOn: string | undefined;
  items: InvoiceItem[];
  totalMinor: bigint;
  balanceMinor: bigint;
  creditedMinor: bigint;
  fields: Record<string, string>;
};

export type Application = Stamps & {
  id: string;
  paymentId: string;
  invoiceId: string;
  amountMinor: bigint;
  effectiveDate: string;
};

export type Payment = Stamps & {
  id: string;
  number: string;
  accountId: string | undefined;
  currency: string;
  amountMinor: bigint;
  appliedMinor: bigint;
  unappliedMinor: bigint;
  refundedMinor: bigint;
  effectiveDate: string;
  /** The latest of the payment's own date and those of its applications. */
  latestEffectiveDate: string;
  methodId: string;
  methodType: string;
  referenceId: string;
  comment: string;
  prepayment: boolean;
  transferredToAccounting: string;
  status: 'Processed' | 'Canceled';
  cancelledAt: number | undefined;
  isDeleted: boolean;
  fields: Record<string, string>;
};

export type Refund = Stamps & {
  id: string;
  number: string;
  paymentId: string;
  accountId: string | undefined;
  currency: string;
  amountMinor: bigint;
  refundDate: string;
  methodType: string;
  referenceId: string;
  comment: string;
  status: 'Processed' | 'Canceled';
  cancelledAt: number | undefined;
};

export type CreditMemo = Stamps & { id: string; number: string; invoiceId: string; amountMinor: bigint };

export class Books {
  readonly accounts = new Map<string, Account>();
  readonly contacts = new Map<string, Contact>();
  readonly invoices = new Map<string, Invoice>();
  readonly payments = new Map<string, Payment>();
  readonly refunds = new Map<string, Refund>();
  readonly creditMemos = new Map<string, CreditMemo>();
  readonly applications = new Map<string, Application>();
  /** Document number to id, within its kind. */
  readonly accountNumbers = new Map<string, string>();
  readonly invoiceNumbers = new Map<string, string>();
  readonly paymentNumbers = new Map<string, string>();
  readonly #ofInvoice = new Map<string, Set<Application>>();
  readonly #ofPayment = new Map<string, Set<Application>>();

  findAccount(key: string): Account | undefined {
    return this.accounts.get(key) ?? this.accounts.get(this.accountNumbers.get(key) ?? '');
  }

  findInvoice(key: string): Invoice | undefined {
    const invoice = this.invoices.get(key) ?? this.invoices.get(this.invoiceNumbers.get(key) ?? '');
    return invoice?.isDeleted === true ? undefined : invoice;
  }

  findPayment(key: string): Payment | undefined {
    const payment = this.payments.get(key) ?? this.payments.get(this.paymentNumbers.get(key) ?? '');
    return payment?.isDeleted === true ? undefined : payment;
  }

  applicationsOfInvoice(invoiceId: string): Application[] {
    return [...(this.#ofInvoice.get(invoiceId) ?? [])];
  }

  applicationsOfPayment(paymentId: string): Application[] {
    return [...(this.#ofPayment.get(paymentId) ?? [])];
  }

  addApplication(application: Application): void {
    this.applications.set(application.id, application);
    setOf(this.#ofInvoice, application.invoiceId).add(application);
    setOf(this.#ofPayment, application.paymentId).add(application);
  }

  removeApplication(application: Application): void {
    this.applications.delete(application.id);
    this.#ofInvoice.get(application.invoiceId)?.delete(application);
    this.#ofPayment.get(application.paymentId)?.delete(application);
  }

  /** Programmer errors only: the running balances must equal what the parts say. */
  assertInvoice(invoice: Invoice): void {
    const applied = sumOf(this.applicationsOfInvoice(invoice.id));
    const items = invoice.items.reduce((sum, item) => sum + itemTotalMinor(item), 0n);
    assertBooks(invoice.totalMinor === items, `invoice ${invoice.number} total is not the sum of its items`);
    assertBooks(
      invoice.balanceMinor === invoice.totalMinor - applied - invoice.creditedMinor,
      `invoice ${invoice.number} balance`,
    );
    assertBooks(invoice.balanceMinor >= 0n, `invoice ${invoice.number} has a negative balance`);
    assertBooks(
      applied === 0n || invoice.status === 'Posted',
      `invoice ${invoice.number} is paid but not posted`,
    );
  }

  assertPayment(payment: Payment): void {
    const applied = sumOf(this.applicationsOfPayment(payment.id));
    assertBooks(payment.appliedMinor === applied, `payment ${payment.number} applied amount`);
    const rest = payment.status === 'Canceled' ? 0n : payment.amountMinor - applied - payment.refundedMinor;
    assertBooks(payment.unappliedMinor === rest, `payment ${payment.number} unapplied amount`);
    assertBooks(payment.unappliedMinor >= 0n, `payment ${payment.number} is over-applied`);
  }

  assertAll(): void {
    for (const invoice of this.invoices.values()) this.assertInvoice(invoice);
    for (const payment of this.payments.values()) this.assertPayment(payment);
  }
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
