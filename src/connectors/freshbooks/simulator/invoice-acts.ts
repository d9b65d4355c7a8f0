/** What a user can do to invoices: create, edit, send, view, dispute, delete, restore, archive. */
import { zeroMoney } from '../../../core/money.ts';
import { type Books, isPaidIn, loadClient, loadInvoice, outstandingOf, touchInvoice } from './books.ts';
import { checkCurrency } from './client-acts.ts';
import {
  applyEdit,
  checkNumber,
  type InvoiceEdit,
  nextInvoiceNumber,
  snapshotOf,
  takeNumber,
} from './invoice-form.ts';
import type { Invoice, VisState } from './model.ts';
import { deleted, invalid } from './refusal.ts';

export type InvoiceInput = InvoiceEdit & { clientId: number; send?: boolean; parent?: number };

export function addInvoice(books: Books, input: InvoiceInput): Invoice {
  const client = loadClient(books, input.clientId);
  if (client.visState === 1) throw deleted('client', 'userid', client.id);
  const currency = input.currency ?? client.currency;
  checkCurrency(currency);
  const invoice: Invoice = {
    id: 0,
    uuid: '',
    number: '',
    clientId: client.id,
    snapshot: snapshotOf(client),
    createDate: books.today(),
    dueOffsetDays: 0,
    currency,
    language: client.language,
    lines: [],
    discountPercent: '0',
    discountDescription: null,
    notes: '',
    terms: null,
    poNumber: null,
    stage: input.send === true ? 'sent' : 'draft',
    dispute: null,
    parent: input.parent ?? 0,
    visState: 0,
    discount: zeroMoney(currency),
    total: zeroMoney(currency),
    paid: zeroMoney(currency),
    datePaid: null,
    createdAt: '',
    updated: '',
    version: '',
  };
  if (input.invoiceNumber !== undefined) checkNumber(books, invoice, input.invoiceNumber);
  applyEdit(books, invoice, input);
  takeNumber(books, invoice, input.invoiceNumber ?? nextInvoiceNumber(books));
  invoice.uuid = books.uuid();
  touchInvoice(books, invoice);
  invoice.createdAt = invoice.updated;
  invoice.id = books.invoices.nextId();
  books.invoices.add(invoice);
  client.updated = invoice.updated;
  books.announce('invoice.create', invoice.id);
  return invoice;
}

/** An invoice moved to another client takes its payments along, without a change or announcement of theirs. */
export function editInvoice(books: Books, id: number, edit: InvoiceEdit): Invoice {
  const invoice = loadLiving(books, id);
  const changed = { ...invoice };
  if (edit.invoiceNumber !== undefined) checkNumber(books, invoice, edit.invoiceNumber);
  applyEdit(books, changed, edit);
  const isBelowPaid = isPaidIn(changed) && outstandingOf(changed).amountMinor < 0n;
  if (isBelowPaid && books.allowBelowPaid === 'no') {
    throw invalid('invoice', 'amount', '', 'The invoice cannot be less than what is already paid.');
  }
  if (changed.clientId !== invoice.clientId) movePayments(books, id, changed.clientId);
  if (edit.invoiceNumber !== undefined) takeNumber(books, changed, edit.invoiceNumber);
  Object.assign(invoice, changed);
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  return invoice;
}

function movePayments(books: Books, invoiceId: number, clientId: number): void {
  const payments = books.paymentsByInvoice.get(invoiceId) ?? [];
  if (payments.some((payment) => payment.fromCredit)) {
    throw invalid('invoice', 'customerid', String(clientId), 'It was paid from the credit of its client.');
  }
  for (const payment of payments) payment.clientId = clientId;
  loadClient(books, clientId).updated = books.stamp();
}

export function sendInvoice(books: Books, id: number, by: 'email' | 'hand' = 'email'): Invoice {
  const invoice = loadLiving(books, id);
  if (invoice.stage === 'draft') invoice.stage = 'sent';
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  if (by === 'email') books.announce('invoice.sendByEmail', invoice.id);
  return invoice;
}

export function viewInvoice(books: Books, id: number): Invoice {
  const invoice = loadLiving(books, id);
  if (invoice.stage === 'sent') invoice.stage = 'viewed';
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  return invoice;
}

export function disputeInvoice(books: Books, id: number, dispute: 'disputed' | 'resolved'): Invoice {
  const invoice = loadLiving(books, id);
  if (invoice.stage === 'draft' || (dispute === 'resolved' && invoice.dispute === null)) {
    throw invalid(
      'invoice',
      'dispute_status',
      dispute,
      'Only a sent invoice is disputed, a disputed one resolved.',
    );
  }
  invoice.dispute = dispute;
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  return invoice;
}

/** Deleting leaves `updated` as it is; restoring and archiving move it. */
export function setInvoiceVisState(books: Books, id: number, visState: VisState): Invoice {
  const invoice = loadInvoice(books, id);
  invoice.visState = visState;
  if (visState !== 1) touchInvoice(books, invoice);
  books.announce(visState === 1 ? 'invoice.delete' : 'invoice.update', invoice.id);
  return invoice;
}

function loadLiving(books: Books, id: number): Invoice {
  const invoice = loadInvoice(books, id);
  if (invoice.visState === 1) throw deleted('invoice', 'invoiceid', id);
  return invoice;
}
