/** What a user can do to clients and credit notes. */
import { isKnownCurrency, type Money, parseMoney } from '../../../core/money.ts';
import { type Books, loadClient } from './books.ts';
import { utcStamp } from './eastern.ts';
import type { Client, CreditNote, VisState } from './model.ts';
import { invalid } from './refusal.ts';

export type ClientInput = Partial<
  Omit<Client, 'id' | 'uuid' | 'visState' | 'signupDate' | 'updated' | 'currency'> & { currency: string }
>;

export function addClient(books: Books, input: ClientInput): Client {
  const currency = input.currency ?? 'USD';
  checkCurrency(currency);
  const client: Client = {
    email: '',
    organization: '',
    fname: '',
    lname: '',
    busPhone: '',
    street: '',
    street2: '',
    city: '',
    province: '',
    code: '',
    country: '',
    language: 'en',
    vatName: null,
    vatNumber: null,
    note: '',
    ...input,
    currency,
    id: books.clients.nextId(),
    uuid: books.uuid(),
    visState: 0,
    signupDate: utcStamp(books.utcNow()),
    updated: books.stamp(),
  };
  books.clients.add(client);
  books.announce('client.create', client.id);
  return client;
}

export function editClient(books: Books, id: number, input: ClientInput): Client {
  const client = loadClient(books, id);
  if (input.currency !== undefined) checkCurrency(input.currency);
  Object.assign(client, input, { updated: books.stamp() });
  books.announce('client.update', client.id);
  return client;
}

export function setClientVisState(books: Books, id: number, visState: VisState): Client {
  const client = loadClient(books, id);
  client.visState = visState;
  client.updated = books.stamp();
  books.announce(visState === 1 ? 'client.delete' : 'client.update', client.id);
  return client;
}

export type CreditNoteInput = {
  clientId: number;
  currency: string;
  amount: string;
  type?: CreditNote['type'];
  createDate?: string;
  notes?: string;
};

export function addCreditNote(books: Books, input: CreditNoteInput): CreditNote {
  checkCurrency(input.currency);
  const amount = parseMoney(input.amount, input.currency);
  return recordCreditNote(books, { ...input, amount });
}

export function recordCreditNote(
  books: Books,
  input: Omit<CreditNoteInput, 'amount' | 'currency'> & { amount: Money },
): CreditNote {
  const client = loadClient(books, input.clientId);
  if (input.amount.amountMinor <= 0n)
    throw invalid('credit_note', 'amount', '', 'Must be greater than zero.');
  const id = books.creditNotes.nextId();
  const note = books.creditNotes.add({
    id,
    uuid: books.uuid(),
    number: `CR-${String(books.creditNotes.rows.length + 1).padStart(5, '0')}`,
    type: input.type ?? 'goodwill',
    clientId: client.id,
    amount: input.amount,
    createDate: input.createDate ?? books.today(),
    notes: input.notes ?? '',
    visState: 0,
    createdAt: books.stamp(),
    updated: books.stamp(),
  });
  books.announce('credit_note.create', note.id);
  return note;
}

export function checkCurrency(currency: string): void {
  if (!isKnownCurrency(currency)) {
    throw invalid('currency', 'currency_code', currency, 'Unknown currency code.');
  }
}
