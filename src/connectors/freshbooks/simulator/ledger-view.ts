/** The simulator's books in the words of the shared ledger. */
import type { Ledger, LedgerInvoice, LedgerPayment } from '../../../core/ledger.ts';
import { formatMoney } from '../../../core/money.ts';
import { dueDateOf, loadInvoice, outstandingOf } from './books.ts';
import type { Client, Invoice, Payment } from './model.ts';
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
    invoices: books.invoices.rows.map(toLedgerInvoice),
    payments: books.payments.rows.map((payment) =>
      toLedgerPayment(payment, loadInvoice(books, payment.invoiceId)),
    ),
    calls: { ...sim.calls },
    rateLimited: sim.rateLimited,
  };
}

export function nameOf({ organization, fname, lname }: Client): string {
  return organization === '' ? `${fname} ${lname}`.trim() : organization;
}

function toLedgerInvoice(invoice: Invoice): LedgerInvoice {
  return {
    id: String(invoice.id),
    number: invoice.number,
    reference: '',
    customer: String(invoice.clientId),
    currency: invoice.currency,
    total: formatMoney(invoice.total),
    outstanding: formatMoney(outstandingOf(invoice)),
    issuedOn: invoice.createDate,
    dueOn: dueDateOf(invoice),
    state: invoice.visState === 1 ? 'deleted' : invoice.stage === 'draft' ? 'draft' : 'posted',
  };
}

function toLedgerPayment(payment: Payment, invoice: Invoice): LedgerPayment {
  const amount = formatMoney(payment.amount);
  return {
    id: String(payment.id),
    number: '',
    reference: '',
    customer: String(payment.clientId),
    currency: payment.amount.currency,
    amount,
    applied: amount,
    invoiceNumbers: [invoice.number],
    paidOn: payment.date,
    state: payment.visState === 1 ? 'deleted' : 'live',
  };
}
