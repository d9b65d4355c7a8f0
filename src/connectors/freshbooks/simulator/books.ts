/** The simulated company's books in memory: tables, ids, timestamps, and the announcement of every change. */
import { subtractMoney, sumMoney, zeroMoney } from '../../../core/money.ts';
import type { Clock, Random } from '../../../platform/clock.ts';
import { addDays, easternDate, easternStamp } from './eastern.ts';
import type { Client, CreditNote, Invoice, Payment } from './model.ts';
import { notFound } from './refusal.ts';

/** Rows by id, and in order of creation. */
export class Table<Row extends { id: number }> {
  readonly rows: Row[] = [];
  readonly #byId = new Map<number, Row>();
  #lastId: number;

  constructor(firstId: number) {
    this.#lastId = firstId - 1;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  add(row: Row): Row {
    this.rows.push(row);
    this.#byId.set(row.id, row);
    return row;
  }

  find(id: number): Row | undefined {
    return this.#byId.get(id);
  }
}

export type BelowPaid = 'no' | 'negative' | 'zero';

export type Change = { name: string; objectId: number };

export type Books = ReturnType<typeof createBooks>;

export function createBooks(options: { clock: Clock; random: Random }) {
  const { clock, random } = options;
  const listeners: ((change: Change) => void)[] = [];
  let versionTick = 0;

  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random.next() * 16).toString(16)).join('');

  return {
    // Ranges apart from each other, so that a mixed-up id finds nothing.
    clients: new Table<Client>(567_501),
    invoices: new Table<Invoice>(1_453_001),
    payments: new Table<Payment>(312_001),
    creditNotes: new Table<CreditNote>(88_001),
    paymentsByInvoice: new Map<number, Payment[]>(),
    paymentsByCredit: new Map<number, Payment[]>(),
    lastBulkId: 4400,
    /** Every number ever given to an invoice, deleted ones included. */
    invoiceNumbers: new Set<string>(),
    lastInvoiceNumber: 0,
    allowDuplicateNumbers: false,
    /** Whether an invoice may be lowered below what is paid, and what `outstanding` says then. */
    allowBelowPaid: 'no' as BelowPaid,
    /** A payment is announced as a change of its invoice, too. */
    paymentTouchesInvoice: true,

    today: () => easternDate(clock.now()),
    stamp: () => easternStamp(clock.now()),
    utcNow: () => clock.now(),
    version() {
      versionTick = (versionTick + 1) % 1000;
      const now = clock.now();
      const micros = String((now % 1000) * 1000 + versionTick).padStart(6, '0');
      return `${easternStamp(now)}.${micros}`;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    onChange(listener: (change: Change) => void) {
      listeners.push(listener);
    },
    announce(name: string, objectId: number) {
      for (const listener of listeners) listener({ name, objectId });
    },
  };
}

export function loadClient(books: Books, id: number): Client {
  const client = books.clients.find(id);
  if (client === undefined) throw notFound('client', 'userid', String(id));
  return client;
}

export function loadInvoice(books: Books, id: number): Invoice {
  const invoice = books.invoices.find(id);
  if (invoice === undefined) throw notFound('invoice', 'invoiceid', String(id));
  return invoice;
}

export function loadPayment(books: Books, id: number): Payment {
  const payment = books.payments.find(id);
  if (payment === undefined) throw notFound('payment', 'logid', String(id));
  return payment;
}

export function loadCreditNote(books: Books, id: number): CreditNote {
  const note = books.creditNotes.find(id);
  if (note === undefined) throw notFound('credit_note', 'creditid', String(id));
  return note;
}

export function dueDateOf(invoice: Invoice): string {
  return addDays(invoice.createDate, invoice.dueOffsetDays);
}

export function outstandingOf(invoice: Invoice) {
  return subtractMoney(invoice.total, invoice.paid);
}

/** What the outside is told is owed. */
export function shownOutstanding(books: Books, invoice: Invoice) {
  const outstanding = outstandingOf(invoice);
  const isHidden = books.allowBelowPaid === 'zero' && isPaidIn(invoice) && outstanding.amountMinor < 0n;
  return isHidden ? zeroMoney(invoice.currency) : outstanding;
}

export const isPaidIn = ({ paid }: Invoice) => paid.amountMinor > 0n;

export type InvoiceStatus =
  | 'draft'
  | 'sent'
  | 'viewed'
  | 'partial'
  | 'paid'
  | 'overdue'
  | 'disputed'
  | 'resolved';

/** Derived on reading: an invoice becomes overdue by the clock, without any change of its own. */
export function statusOf(invoice: Invoice, today: string): InvoiceStatus {
  if (invoice.stage === 'draft') return 'draft';
  if (isPaidIn(invoice) && outstandingOf(invoice).amountMinor <= 0n) return 'paid';
  if (invoice.dispute !== null) return invoice.dispute;
  if (dueDateOf(invoice) < today) return 'overdue';
  return isPaidIn(invoice) ? 'partial' : invoice.stage;
}

export function touchInvoice(books: Books, invoice: Invoice): void {
  invoice.version = books.version();
  invoice.updated = invoice.version.slice(0, 19);
}

export function livePayments(books: Books, invoice: Invoice): Payment[] {
  return (books.paymentsByInvoice.get(invoice.id) ?? []).filter((payment) => payment.visState !== 1);
}

/** Sums the live payments into the invoice and moves its `updated` to the same second as the payment's. */
export function settleInvoice(books: Books, invoice: Invoice): void {
  const live = livePayments(books, invoice);
  invoice.paid = sumMoney(
    live.map((payment) => payment.amount),
    invoice.currency,
  );
  const isPaid = live.length > 0 && outstandingOf(invoice).amountMinor <= 0n;
  const lastDate = live.reduce((latest, payment) => (payment.date > latest ? payment.date : latest), '');
  invoice.datePaid = isPaid ? lastDate : null;
  touchInvoice(books, invoice);
  if (books.paymentTouchesInvoice) books.announce('invoice.update', invoice.id);
}
