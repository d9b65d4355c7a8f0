/** The simulator's books in the words of the shared ledger. */
import type { Ledger, LedgerCredit, LedgerInvoice, LedgerPayment } from '../../../core/ledger.ts';
import { formatMoney, type Money, subtractMoney, zeroMoney } from '../../../core/money.ts';
import { type Books, dueDateOf, livePayments, loadInvoice, shownOutstanding } from './books.ts';
import type { Client, CreditNote, Invoice, Payment } from './model.ts';
import type { Simulator } from './simulator.ts';

export function toLedger(sim: Simulator): Ledger {
  const { books } = sim;
  return {
    account: sim.identity.accountId,
    customers: books.clients.rows.map((client) => ({
      id: String(client.id),
      number: String(client.id),
      name: nameOf(client),
      email: client.email,
      currency: client.currency,
    })),
    invoices: books.invoices.rows.map((invoice) => toLedgerInvoice(books, invoice)),
    payments: books.payments.rows.map((payment) => toLedgerPayment(books, payment)),
    credits: books.creditNotes.rows.map(toLedgerCredit),
    calls: { ...sim.calls },
    rateLimited: sim.rateLimited,
  };
}

export function nameOf({ organization, fname, lname }: Client): string {
  return organization === '' ? `${fname} ${lname}`.trim() : organization;
}

function toLedgerInvoice(books: Books, invoice: Invoice): LedgerInvoice {
  return {
    id: String(invoice.id),
    number: invoice.number,
    reference: '',
    customer: String(invoice.clientId),
    currency: invoice.currency,
    total: formatMoney(invoice.total),
    outstanding: formatMoney(shownOutstanding(books, invoice)),
    issuedOn: invoice.createDate,
    dueOn: dueDateOf(invoice),
    state: invoice.visState === 1 ? 'deleted' : invoice.stage === 'draft' ? 'draft' : 'posted',
  };
}

/**
 * Payments settle their invoice in order of id until it is settled; where it was lowered below what was paid, that is
 * a convention, and only the sum is a fact. A deleted invoice is settled by nothing.
 */
function appliedOf(books: Books, payment: Payment, invoice: Invoice): Money {
  const none = zeroMoney(invoice.currency);
  if (payment.visState === 1 || invoice.visState === 1) return none;
  let left = invoice.total;
  for (const { id, amount } of livePayments(books, invoice).sort((a, b) => a.id - b.id)) {
    const part = amount.amountMinor < left.amountMinor ? amount : left;
    if (id === payment.id) return part;
    left = subtractMoney(left, part);
  }
  return none;
}

function toLedgerPayment(books: Books, payment: Payment): LedgerPayment {
  const invoice = loadInvoice(books, payment.invoiceId);
  const { overpaymentId, creditId, bulkId } = payment;
  return {
    id: String(payment.id),
    number: '',
    reference: '',
    customer: String(payment.clientId),
    currency: payment.amount.currency,
    amount: formatMoney(payment.amount),
    applied: formatMoney(appliedOf(books, payment, invoice)),
    invoiceNumbers: invoice.visState === 1 ? [] : [invoice.number],
    paidOn: payment.date,
    state: payment.visState === 1 ? 'deleted' : 'live',
    fromCredit: payment.fromCredit,
    ...(creditId === null ? {} : { creditId: String(creditId) }),
    ...(overpaymentId === null ? {} : { overpaymentId: String(overpaymentId) }),
    ...(bulkId === null ? {} : { bulkId: String(bulkId) }),
  };
}

function toLedgerCredit(note: CreditNote): LedgerCredit {
  return {
    id: String(note.id),
    number: note.number,
    reference: '',
    customer: String(note.clientId),
    currency: note.amount.currency,
    creditType: note.type,
    amount: formatMoney(note.amount),
    applied: formatMoney(note.paid),
    issuedOn: note.createDate,
    state: note.visState === 1 ? 'deleted' : 'live',
  };
}
