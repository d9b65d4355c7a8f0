/** What a user can do to credit notes: make, edit, delete, restore; what is paid from one follows from the payments. */
import { addMoney, type Money, parseMoney, subtractMoney, sumMoney } from '../../../core/money.ts';
import { type Books, loadClient, loadCreditNote } from './books.ts';
import { checkCurrency } from './client-acts.ts';
import type { CreditLine, CreditNote, VisState } from './model.ts';
import { checkDate, deleted, invalid } from './refusal.ts';

export type CreditLineInput = { name?: string; description?: string; amount: string };

export type CreditNoteEdit = { lines?: CreditLineInput[]; createDate?: string; notes?: string };

export type CreditNoteInput = CreditNoteEdit & {
  clientId: number;
  currency: string;
  lines: CreditLineInput[];
  type?: CreditNote['type'];
};

export function addCreditNote(books: Books, input: CreditNoteInput): CreditNote {
  checkCurrency(input.currency);
  return recordCreditNote(books, { ...input, lines: readLines(input.lines, input.currency) });
}

export function recordCreditNote(
  books: Books,
  input: Omit<CreditNoteInput, 'lines'> & { lines: CreditLine[] },
): CreditNote {
  const client = loadClient(books, input.clientId);
  if (client.visState === 1) throw deleted('client', 'userid', client.id);
  const amount = totalOf(input.lines, input.currency);
  const createDate = checkDate('credit_note', 'create_date', input.createDate ?? books.today());
  const note = books.creditNotes.add({
    id: books.creditNotes.nextId(),
    uuid: books.uuid(),
    number: `CR-${String(books.creditNotes.rows.length + 1).padStart(5, '0')}`,
    type: input.type ?? 'goodwill',
    clientId: client.id,
    lines: input.lines,
    amount,
    paid: subtractMoney(amount, amount),
    createDate,
    notes: input.notes ?? '',
    visState: 0,
    createdAt: books.stamp(),
    updated: books.stamp(),
  });
  books.announce('credit_note.create', note.id);
  return note;
}

export function editCreditNote(books: Books, id: number, edit: CreditNoteEdit): CreditNote {
  const note = loadCreditNote(books, id);
  if (note.visState === 1) throw deleted('credit_note', 'creditid', id);
  const lines = edit.lines === undefined ? note.lines : readLines(edit.lines, note.amount.currency);
  const amount = totalOf(lines, note.amount.currency);
  if (amount.amountMinor < note.paid.amountMinor) {
    throw invalid('credit_note', 'amount', '', 'The credit cannot be less than what is already used of it.');
  }
  const createDate = checkDate('credit_note', 'create_date', edit.createDate ?? note.createDate);
  Object.assign(note, { lines, amount, createDate, notes: edit.notes ?? note.notes });
  return changed(books, note);
}

export function setCreditNoteVisState(books: Books, id: number, visState: VisState): CreditNote {
  const note = loadCreditNote(books, id);
  if (visState === 1 && note.paid.amountMinor !== 0n) {
    throw invalid(
      'credit_note',
      'vis_state',
      '1',
      'Invoices were paid from it; delete those payments first.',
    );
  }
  note.visState = visState;
  return changed(books, note);
}

/** Refuses what the note does not hold: its client, its currency, what is left of it. */
export function checkCredit(note: CreditNote, clientId: number, taken: Money): void {
  if (note.visState === 1) throw deleted('credit_note', 'creditid', note.id);
  if (note.clientId !== clientId || note.amount.currency !== taken.currency) {
    throw invalid('payment', 'creditid', String(note.id), "Not this client's credit in this currency.");
  }
  if (addMoney(note.paid, taken).amountMinor > note.amount.amountMinor) {
    throw invalid('payment', 'amount', '', 'More than what is left of the credit.');
  }
}

export function settleCredit(books: Books, note: CreditNote): void {
  const live = (books.paymentsByCredit.get(note.id) ?? []).filter((payment) => payment.visState !== 1);
  note.paid = sumMoney(
    live.map((payment) => payment.amount),
    note.amount.currency,
  );
  changed(books, note);
}

function changed(books: Books, note: CreditNote): CreditNote {
  note.updated = books.stamp();
  books.announce(note.visState === 1 ? 'credit_note.delete' : 'credit_note.update', note.id);
  return note;
}

function readLines(lines: readonly CreditLineInput[], currency: string): CreditLine[] {
  return lines.map(({ name, description, amount }) => ({
    name: name ?? 'Credit',
    description: description ?? '',
    amount: parseMoney(amount, currency),
  }));
}

function totalOf(lines: readonly CreditLine[], currency: string): Money {
  const total = sumMoney(
    lines.map((line) => line.amount),
    currency,
  );
  if (total.amountMinor > 0n) return total;
  throw invalid('credit_note', 'amount', '', 'Must be greater than zero.');
}
