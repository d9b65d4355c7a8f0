/** What a user can do to clients. */
import { isKnownCurrency } from '../../../core/money.ts';
import { type Books, loadClient } from './books.ts';
import { utcStamp } from './eastern.ts';
import type { Client, VisState } from './model.ts';
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

export function checkCurrency(currency: string): void {
  if (!isKnownCurrency(currency)) {
    throw invalid('currency', 'currency_code', currency, 'Unknown currency code.');
  }
}
