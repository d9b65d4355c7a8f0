/** Connections of several books to one billing: what their users do, and whose account in the billing is whose. */
import { loadConnection } from '../../src/store/connections.ts';
import { type EngineKit, invoiceOf } from './engine.ts';

export const EMAIL = 'ada@example.com';

export const ownNumber = (kit: EngineKit, client: string) => `EX-${kit.books.account}-client-${client}-USD`;

export const nameOf = async (kit: EngineKit) => (await loadConnection(kit.parts.db, kit.connectionId)).name;

/** "number: name, e-mail" of all accounts. */
export const namesOf = (kit: EngineKit) =>
  kit.billing.accounts.map(({ number, name, email }) => `${number}: ${name}, ${email}`);

export function putAccountByHand(
  kit: EngineKit,
  id: string,
  { email = EMAIL, number = id }: { email?: string; number?: string } = {},
): void {
  kit.billing.accounts.push({ id, number, name: `Account ${id}`, email, currency: 'USD' });
}

export function putClientWithInvoice(kit: EngineKit, client: string, email: string): void {
  kit.books.put('client', { id: client, name: `Client ${client}`, email });
  kit.books.put('invoice', invoiceOf({ id: client, client, number: `${kit.books.account}-${client}` }));
}

export async function bill(kit: EngineKit, client: string, email = EMAIL): Promise<void> {
  putClientWithInvoice(kit, client, email);
  await kit.accept({ kind: 'invoice', sourceId: client });
  await kit.settle();
}

export async function rename(kit: EngineKit, client: string, name: string, email: string): Promise<void> {
  kit.books.change('client', client, { name, email });
  await kit.accept({ kind: 'client', sourceId: client });
  await kit.settle();
}

/** Numbers of the accounts to which a connection's invoices are booked. */
export const bookedTo = (kit: EngineKit) =>
  kit.billing.invoices
    .filter(({ number }) => number.startsWith(`${kit.books.account}-`))
    .map(({ account }) => kit.billing.accounts.find(({ id }) => id === account)?.number);
