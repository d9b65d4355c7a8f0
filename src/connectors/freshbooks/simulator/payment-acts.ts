/** What a user can do to payments: record, edit, delete, restore. */
import { type Money, MoneyError, parseMoney, subtractMoney } from '../../../core/money.ts';
import { type Books, loadInvoice, loadPayment, outstandingOf, settleInvoice } from './books.ts';
import { recordCreditNote } from './client-acts.ts';
import { isPlainDate } from './eastern.ts';
import type { Invoice, Payment, VisState } from './model.ts';
import { ERRNO, invalid, Refusal } from './refusal.ts';

export type PaymentEdit = { amount?: string; date?: string; type?: string; note?: string };

export type PaymentInput = PaymentEdit & { invoiceId: number; amount: string; currency?: string };

/** What is more than the outstanding amount becomes a credit note of type `overpayment`. */
export function addPayment(books: Books, input: PaymentInput): Payment {
  const invoice = loadInvoice(books, input.invoiceId);
  if (input.currency !== undefined && input.currency !== invoice.currency) {
    throw invalid('payment', 'code', input.currency, `The invoice is in ${invoice.currency}.`);
  }
  const received = parsePositive(input.amount, invoice);
  const outstanding = outstandingOf(invoice);
  if (outstanding.amountMinor <= 0n) {
    throw invalid('payment', 'amount', input.amount, 'Nothing is outstanding on this invoice.');
  }
  const date = checkDate(input.date ?? books.today());
  const excess = subtractMoney(received, outstanding);
  const isOverpaid = excess.amountMinor > 0n;
  const credit = isOverpaid
    ? recordCreditNote(books, {
        clientId: invoice.clientId,
        amount: excess,
        type: 'overpayment',
        createDate: date,
      })
    : undefined;
  const payment = books.payments.add({
    id: books.payments.nextId(),
    invoiceId: invoice.id,
    clientId: invoice.clientId,
    amount: isOverpaid ? outstanding : received,
    date,
    type: input.type ?? 'Other',
    note: input.note ?? '',
    overpaymentId: credit?.id ?? null,
    creditId: null,
    fromCredit: false,
    visState: 0,
    updated: books.stamp(),
  });
  const siblings = books.paymentsByInvoice.get(invoice.id);
  if (siblings === undefined) books.paymentsByInvoice.set(invoice.id, [payment]);
  else siblings.push(payment);
  if (invoice.stage === 'draft') invoice.stage = 'sent';
  books.announce('payment.create', payment.id);
  settleInvoice(books, invoice);
  return payment;
}

export function editPayment(books: Books, id: number, edit: PaymentEdit): Payment {
  const payment = loadPayment(books, id);
  const invoice = loadInvoice(books, payment.invoiceId);
  if (edit.amount !== undefined) {
    const amount = parsePositive(edit.amount, invoice);
    const growth = subtractMoney(amount, payment.amount).amountMinor;
    if (growth > outstandingOf(invoice).amountMinor) {
      throw invalid('payment', 'amount', edit.amount, 'More than what is outstanding on this invoice.');
    }
    payment.amount = amount;
  }
  if (edit.date !== undefined) payment.date = checkDate(edit.date);
  payment.type = edit.type ?? payment.type;
  payment.note = edit.note ?? payment.note;
  payment.updated = books.stamp();
  books.announce('payment.update', payment.id);
  settleInvoice(books, invoice);
  return payment;
}

export function setPaymentVisState(books: Books, id: number, visState: VisState): Payment {
  const payment = loadPayment(books, id);
  const outstanding = outstandingOf(loadInvoice(books, payment.invoiceId));
  const isRestored = payment.visState === 1 && visState !== 1;
  if (isRestored && payment.amount.amountMinor > outstanding.amountMinor) {
    throw invalid('payment', 'vis_state', String(visState), 'More than what is outstanding on this invoice.');
  }
  payment.visState = visState;
  payment.updated = books.stamp();
  books.announce(visState === 1 ? 'payment.delete' : 'payment.update', payment.id);
  settleInvoice(books, loadInvoice(books, payment.invoiceId));
  return payment;
}

function parsePositive(text: string, invoice: Invoice): Money {
  try {
    const amount = parseMoney(text, invoice.currency);
    if (amount.amountMinor > 0n) return amount;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
  }
  throw invalid('payment', 'amount', text, `Must be an amount in ${invoice.currency} above zero.`);
}

function checkDate(date: string): string {
  if (isPlainDate(date)) return date;
  throw new Refusal(422, {
    errno: ERRNO.badDate,
    field: 'date',
    object: 'payment',
    value: date,
    message: 'Not a date.',
  });
}
