/** What a user can do to invoices: create, edit, send, view, delete, restore, archive. */
import { minorDigits, parseExact, zeroMoney } from '../../../core/money.ts';
import { computeTotals, type Tax } from './arithmetic.ts';
import { type Books, loadClient, loadInvoice, outstandingOf, touchInvoice } from './books.ts';
import { checkCurrency } from './client-acts.ts';
import { isPlainDate } from './eastern.ts';
import type { Client, ClientSnapshot, Invoice, InvoiceLine, VisState } from './model.ts';
import { ERRNO, invalid, Refusal } from './refusal.ts';

export type LineInput = {
  name?: string;
  description?: string;
  qty?: string;
  unitCost?: string;
  taxes?: Tax[];
  compoundedTax?: boolean;
};

export type InvoiceEdit = {
  createDate?: string;
  dueOffsetDays?: number;
  currency?: string;
  invoiceNumber?: string;
  terms?: string | null;
  notes?: string;
  poNumber?: string | null;
  language?: string;
  discountPercent?: string;
  discountDescription?: string | null;
  lines?: LineInput[];
};

export type InvoiceInput = InvoiceEdit & { clientId: number; send?: boolean };

export function addInvoice(books: Books, input: InvoiceInput): Invoice {
  const client = loadClient(books, input.clientId);
  const currency = input.currency ?? client.currency;
  checkCurrency(currency);
  const number = input.invoiceNumber ?? nextInvoiceNumber(books);
  const version = books.version();
  const invoice: Invoice = {
    id: 0,
    uuid: books.uuid(),
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
    visState: 0,
    discount: zeroMoney(currency),
    total: zeroMoney(currency),
    paid: zeroMoney(currency),
    datePaid: null,
    createdAt: version.slice(0, 19),
    updated: version.slice(0, 19),
    version,
  };
  applyEdit(books, invoice, { ...input, invoiceNumber: number });
  invoice.id = books.invoices.nextId();
  books.invoices.add(invoice);
  client.updated = invoice.updated;
  books.announce('invoice.create', invoice.id);
  return invoice;
}

export function editInvoice(books: Books, id: number, edit: InvoiceEdit): Invoice {
  const invoice = loadInvoice(books, id);
  const changed = { ...invoice };
  applyEdit(books, changed, edit);
  if (outstandingOf(changed).amountMinor < 0n) {
    throw invalid('invoice', 'amount', '', 'The invoice cannot be less than what is already paid.');
  }
  Object.assign(invoice, changed);
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  return invoice;
}

export function sendInvoice(books: Books, id: number): Invoice {
  const invoice = loadInvoice(books, id);
  if (invoice.stage === 'draft') invoice.stage = 'sent';
  touchInvoice(books, invoice);
  books.announce('invoice.update', invoice.id);
  books.announce('invoice.sendByEmail', invoice.id);
  return invoice;
}

export function viewInvoice(books: Books, id: number): Invoice {
  const invoice = loadInvoice(books, id);
  if (invoice.stage === 'sent') invoice.stage = 'viewed';
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

function applyEdit(books: Books, invoice: Invoice, edit: InvoiceEdit): void {
  if (edit.createDate !== undefined && !isPlainDate(edit.createDate)) {
    throw new Refusal(422, {
      errno: ERRNO.badDate,
      field: 'create_date',
      object: 'invoice',
      value: edit.createDate,
      message: 'Not a date.',
    });
  }
  if (edit.currency !== undefined) checkCurrency(edit.currency);
  const currency = edit.currency ?? invoice.currency;
  if (currency !== invoice.currency && invoice.paid.amountMinor !== 0n) {
    throw invalid('invoice', 'currency_code', currency, 'A paid invoice keeps its currency.');
  }
  if (currency !== invoice.currency) invoice.paid = zeroMoney(currency);
  const lines = edit.lines?.map((line) => fullLine(line)) ?? invoice.lines;
  const discountPercent = edit.discountPercent ?? invoice.discountPercent;
  checkPercent(discountPercent, 'discount_value');
  for (const line of lines) for (const tax of line.taxes) checkPercent(tax.percent, 'taxAmount');
  const totals = computeTotals(lines, discountPercent, currency);
  if (edit.invoiceNumber !== undefined) takeNumber(books, invoice, edit.invoiceNumber);
  invoice.createDate = edit.createDate ?? invoice.createDate;
  invoice.dueOffsetDays = edit.dueOffsetDays ?? invoice.dueOffsetDays;
  invoice.currency = currency;
  invoice.language = edit.language ?? invoice.language;
  invoice.notes = edit.notes ?? invoice.notes;
  if (edit.terms !== undefined) invoice.terms = edit.terms;
  if (edit.poNumber !== undefined) invoice.poNumber = edit.poNumber;
  if (edit.discountDescription !== undefined) invoice.discountDescription = edit.discountDescription;
  invoice.discountPercent = discountPercent;
  invoice.discount = totals.discount;
  invoice.total = totals.total;
  const updated = books.stamp();
  invoice.lines = lines.map((line, index) => ({
    ...line,
    lineid: index + 1,
    unitCost: padDecimals(line.unitCost, minorDigits(currency)),
    amount: totals.lineAmounts[index] ?? zeroMoney(currency),
    updated,
  }));
}

function fullLine(line: LineInput): Omit<InvoiceLine, 'lineid' | 'amount' | 'updated'> {
  return {
    name: line.name ?? '',
    description: line.description ?? '',
    qty: line.qty ?? '1',
    unitCost: line.unitCost ?? '0',
    taxes: line.taxes ?? [],
    compoundedTax: line.compoundedTax ?? false,
  };
}

function checkPercent(percent: string, field: string): void {
  const value = parseExact(percent);
  if (value.isNegative() || value.greaterThan(100)) {
    throw invalid('invoice', field, percent, 'Must be between 0 and 100.');
  }
}

function takeNumber(books: Books, invoice: Invoice, number: string): void {
  if (number === invoice.number) return;
  if (books.invoiceNumbers.has(number) && !books.allowDuplicateNumbers) {
    throw invalid('invoice', 'invoice_number', number, 'This invoice number is already in use.');
  }
  books.invoiceNumbers.add(number);
  invoice.number = number;
}

function nextInvoiceNumber(books: Books): string {
  let number: string;
  do {
    books.lastInvoiceNumber += 1;
    number = String(books.lastInvoiceNumber).padStart(7, '0');
  } while (books.invoiceNumbers.has(number));
  return number;
}

function padDecimals(text: string, digits: number): string {
  const exact = parseExact(text);
  return exact.toFixed(Math.max(digits, exact.decimalPlaces()));
}

function snapshotOf(client: Client): ClientSnapshot {
  const { organization, fname, lname, email, street, street2, city, province, code, country } = client;
  const { vatName, vatNumber } = client;
  return {
    organization,
    fname,
    lname,
    email,
    street,
    street2,
    city,
    province,
    code,
    country,
    vatName,
    vatNumber,
  };
}
