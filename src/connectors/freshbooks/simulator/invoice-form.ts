/** Filling in an invoice: what an edit may say, and what follows from it. */
import { minorDigits, parseExact, zeroMoney } from '../../../core/money.ts';
import { computeTotals, type Tax } from './arithmetic.ts';
import { type Books, livePayments, loadClient } from './books.ts';
import { checkCurrency } from './client-acts.ts';
import type { Client, ClientSnapshot, Invoice, InvoiceLine } from './model.ts';
import { checkDate, deleted, invalid } from './refusal.ts';

export type LineInput = {
  name?: string;
  description?: string;
  qty?: string;
  unitCost?: string;
  taxes?: Tax[];
  compoundedTax?: boolean;
};

export type InvoiceEdit = {
  /** Moves the invoice, and its payments with it, to another client. */
  clientId?: number;
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

/** All checks come before the first change: a refused edit leaves no trace. */
export function applyEdit(books: Books, invoice: Invoice, edit: InvoiceEdit): void {
  const createDate = checkDate('invoice', 'create_date', edit.createDate ?? invoice.createDate);
  if (edit.currency !== undefined) checkCurrency(edit.currency);
  const currency = edit.currency ?? invoice.currency;
  if (currency !== invoice.currency && livePayments(books, invoice).length > 0) {
    throw invalid('invoice', 'currency_code', currency, 'A paid invoice keeps its currency.');
  }
  if (currency !== invoice.currency) invoice.paid = zeroMoney(currency);
  const lines = edit.lines?.map((line) => fullLine(line)) ?? invoice.lines;
  const discountPercent = edit.discountPercent ?? invoice.discountPercent;
  checkPercent(discountPercent, 'discount_value');
  for (const line of lines) for (const tax of line.taxes) checkPercent(tax.percent, 'taxAmount');
  const totals = computeTotals(lines, discountPercent, currency);
  if (edit.clientId !== undefined && edit.clientId !== invoice.clientId) {
    const client = loadClient(books, edit.clientId);
    if (client.visState === 1) throw deleted('client', 'userid', client.id);
    invoice.clientId = client.id;
    invoice.snapshot = snapshotOf(client);
  }
  invoice.createDate = createDate;
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

export function checkNumber(books: Books, invoice: Invoice, number: string): void {
  if (number === invoice.number) return;
  if (books.invoiceNumbers.has(number) && !books.allowDuplicateNumbers) {
    throw invalid('invoice', 'invoice_number', number, 'This invoice number is already in use.');
  }
}

/** The number given up is free again, unless it may be another's, too. */
export function takeNumber(books: Books, invoice: Invoice, number: string): void {
  if (number === invoice.number) return;
  if (!books.allowDuplicateNumbers) books.invoiceNumbers.delete(invoice.number);
  books.invoiceNumbers.add(number);
  invoice.number = number;
}

export function nextInvoiceNumber(books: Books): string {
  let serial = books.lastInvoiceNumber;
  let number: string;
  do {
    serial += 1;
    number = String(serial).padStart(7, '0');
  } while (books.invoiceNumbers.has(number));
  books.lastInvoiceNumber = serial - 1;
  return number;
}

function padDecimals(text: string, digits: number): string {
  const exact = parseExact(text);
  return exact.toFixed(Math.max(digits, exact.decimalPlaces()));
}

export function snapshotOf(client: Client): ClientSnapshot {
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
