/** What a user can do to payments: record, record for several invoices, edit, move, delete, restore. */
import { formatMoney, type Money, MoneyError, parseMoney, subtractMoney } from '../../../core/money.ts';
import {
  type Books,
  loadCreditNote,
  loadInvoice,
  loadPayment,
  outstandingOf,
  settleInvoice,
} from './books.ts';
import { checkCredit, recordCreditNote, settleCredit } from './credit-acts.ts';
import type { Invoice, Payment, VisState } from './model.ts';
import { checkDate, deleted, invalid } from './refusal.ts';

export type PaymentEdit = {
  /** Moves the payment to another invoice. */
  invoiceId?: number;
  amount?: string;
  date?: string;
  type?: string;
  note?: string;
};

export type PaymentInput = PaymentEdit & {
  invoiceId: number;
  amount: string;
  currency?: string;
  /** The credit note it is taken from: no new money. */
  creditId?: number;
};

export type BulkInput = {
  rows: { invoiceId: number; amount: string }[];
  date?: string;
  type?: string;
  note?: string;
};

/** What is more than the outstanding amount becomes a credit note of type `overpayment`. */
export function addPayment(books: Books, input: PaymentInput): Payment {
  const invoice = loadPayable(books, input.invoiceId);
  if (input.currency !== undefined && input.currency !== invoice.currency) {
    throw invalid('payment', 'code', input.currency, `The invoice is in ${invoice.currency}.`);
  }
  const received = parseAmount(input.amount, invoice);
  const outstanding = outstandingOf(invoice);
  if (outstanding.amountMinor <= 0n) {
    throw invalid('payment', 'amount', input.amount, 'Nothing is outstanding on this invoice.');
  }
  const date = checkDate('payment', 'date', input.date ?? books.today());
  const excess = subtractMoney(received, outstanding);
  if (input.creditId !== undefined) {
    checkCredit(loadCreditNote(books, input.creditId), invoice.clientId, received);
    checkRoom(invoice, received);
  }
  const overpayment =
    excess.amountMinor > 0n
      ? recordCreditNote(books, {
          clientId: invoice.clientId,
          currency: excess.currency,
          lines: [{ name: 'Overpayment', description: '', amount: excess }],
          type: 'overpayment',
          createDate: date,
        })
      : undefined;
  return recordPayment(books, invoice, {
    amount: overpayment === undefined ? received : outstanding,
    date,
    type: input.creditId === undefined ? (input.type ?? 'Other') : 'Credit',
    note: input.note ?? '',
    overpaymentId: overpayment?.id ?? null,
    creditId: input.creditId ?? null,
    bulkId: null,
  });
}

/** One sum of money for several invoices: one payment for each, all or none. */
export function addBulkPayment(books: Books, input: BulkInput): Payment[] {
  const rows = input.rows.map((row) => {
    const invoice = loadPayable(books, row.invoiceId);
    const amount = parseAmount(row.amount, invoice);
    checkRoom(invoice, amount);
    return { invoice, amount };
  });
  if (new Set(rows.map(({ invoice }) => invoice)).size < rows.length) {
    throw invalid('payment', 'invoiceid', '', 'Each invoice once.');
  }
  if (new Set(rows.map(({ invoice }) => `${invoice.clientId} ${invoice.currency}`)).size > 1) {
    throw invalid('payment', 'invoiceid', '', 'Invoices of one client in one currency only.');
  }
  const date = checkDate('payment', 'date', input.date ?? books.today());
  books.lastBulkId += 1;
  return rows.map(({ invoice, amount }) =>
    recordPayment(books, invoice, {
      amount,
      date,
      type: input.type ?? 'Other',
      note: input.note ?? '',
      overpaymentId: null,
      creditId: null,
      bulkId: books.lastBulkId,
    }),
  );
}

type Filled = Pick<Payment, 'amount' | 'date' | 'type' | 'note' | 'overpaymentId' | 'creditId' | 'bulkId'>;

function recordPayment(books: Books, invoice: Invoice, filled: Filled): Payment {
  const payment = books.payments.add({
    ...filled,
    id: books.payments.nextId(),
    invoiceId: invoice.id,
    clientId: invoice.clientId,
    fromCredit: filled.creditId !== null,
    visState: 0,
    updated: books.stamp(),
  });
  attach(books.paymentsByInvoice, invoice.id, payment);
  if (payment.creditId !== null) attach(books.paymentsByCredit, payment.creditId, payment);
  if (invoice.stage === 'draft') invoice.stage = 'sent';
  books.announce('payment.create', payment.id);
  settle(books, payment);
  return payment;
}

/** All checks come before the first change: a refused edit leaves no trace. */
export function editPayment(books: Books, id: number, edit: PaymentEdit): Payment {
  const payment = loadPayment(books, id);
  if (payment.visState === 1) throw deleted('payment', 'logid', id);
  const from = loadInvoice(books, payment.invoiceId);
  const isMoved = edit.invoiceId !== undefined && edit.invoiceId !== from.id;
  const to = isMoved ? loadPayable(books, edit.invoiceId ?? 0) : from;
  const amount = parseAmount(edit.amount ?? formatMoney(payment.amount), to);
  if (to.currency !== payment.amount.currency) {
    throw invalid('payment', 'invoiceid', String(to.id), `That invoice is in ${to.currency}.`);
  }
  const growth = subtractMoney(amount, payment.amount);
  checkRoom(to, isMoved ? amount : growth);
  if (payment.creditId !== null) checkCredit(loadCreditNote(books, payment.creditId), to.clientId, growth);
  payment.date = checkDate('payment', 'date', edit.date ?? payment.date);
  payment.amount = amount;
  payment.type = edit.type ?? payment.type;
  payment.note = edit.note ?? payment.note;
  payment.updated = books.stamp();
  if (isMoved) {
    const siblings = books.paymentsByInvoice.get(from.id) ?? [];
    books.paymentsByInvoice.set(
      from.id,
      siblings.filter((sibling) => sibling !== payment),
    );
    attach(books.paymentsByInvoice, to.id, payment);
    payment.invoiceId = to.id;
    payment.clientId = to.clientId;
    if (to.stage === 'draft') to.stage = 'sent';
  }
  books.announce('payment.update', payment.id);
  if (isMoved) settleInvoice(books, from);
  settle(books, payment);
  return payment;
}

export function setPaymentVisState(books: Books, id: number, visState: VisState): Payment {
  const payment = loadPayment(books, id);
  if (payment.visState === 1 && visState !== 1) {
    const invoice = loadInvoice(books, payment.invoiceId);
    if (invoice.currency !== payment.amount.currency) {
      throw invalid('payment', 'vis_state', String(visState), `The invoice is in ${invoice.currency} now.`);
    }
    checkRoom(invoice, payment.amount);
    if (payment.creditId !== null) {
      checkCredit(loadCreditNote(books, payment.creditId), invoice.clientId, payment.amount);
    }
  }
  payment.visState = visState;
  payment.updated = books.stamp();
  books.announce(visState === 1 ? 'payment.delete' : 'payment.update', payment.id);
  settle(books, payment);
  return payment;
}

function settle(books: Books, payment: Payment): void {
  settleInvoice(books, loadInvoice(books, payment.invoiceId));
  if (payment.creditId !== null) settleCredit(books, loadCreditNote(books, payment.creditId));
}

function attach(lists: Map<number, Payment[]>, id: number, payment: Payment): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [payment]);
  else list.push(payment);
}

function loadPayable(books: Books, id: number): Invoice {
  const invoice = loadInvoice(books, id);
  if (invoice.visState === 1) throw deleted('invoice', 'invoiceid', id);
  return invoice;
}

function checkRoom(invoice: Invoice, growth: Money): void {
  if (growth.amountMinor <= 0n || growth.amountMinor <= outstandingOf(invoice).amountMinor) return;
  throw invalid('payment', 'amount', formatMoney(growth), 'More than what is outstanding on this invoice.');
}

/** Zero is an amount, too. */
function parseAmount(text: string, invoice: Invoice): Money {
  try {
    const amount = parseMoney(text, invoice.currency);
    if (amount.amountMinor >= 0n) return amount;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
  }
  throw invalid('payment', 'amount', text, `Must be an amount in ${invoice.currency}, not below zero.`);
}
