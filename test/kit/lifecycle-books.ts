/** Accounts as the Zuora simulator's own books have them, and what people decide about records. */

import type { DocumentKind } from '../../src/core/canonical.ts';
import { formatMoney } from '../../src/core/money.ts';
import { linkAccount } from '../../src/operations/link-account.ts';
import { resolveRecord } from '../../src/operations/resolve-record.ts';
import { ADMIN } from './engine.ts';
import type { LifecycleWorld } from './lifecycle.ts';

/** Those of a client by our own number, or those with a number. */
export function accountsOf({ simulators, keyOf }: LifecycleWorld, client: number | string) {
  const { accounts, contacts } = simulators.tenant.tenant.books;
  const start = typeof client === 'number' ? `${keyOf('client', client)}-` : client;
  return [...accounts.values()]
    .filter(({ number }) => number.startsWith(start))
    .map(
      ({ number, name, currency, paymentTerm, emailInvoices, printInvoices, autoPay, billToId, fields }) => ({
        number,
        name,
        currency,
        paymentTerm,
        emailInvoices,
        printInvoices,
        autoPay,
        notes: fields['notes'] ?? '',
        billTo: contacts.get(billToId)?.fields ?? {},
      }),
    );
}

/** The items of an invoice's living copy, in order: "Work 100.00", taxes aside. */
export async function itemsOf(world: LifecycleWorld, invoice: number): Promise<string[]> {
  const living = (await world.copiesOf(invoice)).filter(
    ({ state }) => state === 'draft' || state === 'posted',
  );
  const copies = living.map(({ id }) => world.simulators.tenant.tenant.books.invoices.get(id));
  return copies.flatMap((copy) =>
    (copy?.items ?? []).map(
      ({ fields, amountMinor }) =>
        `${fields['chargeName']} ${formatMoney({ amountMinor, currency: copy?.currency ?? '' })}`,
    ),
  );
}

export async function choose(
  world: LifecycleWorld,
  kind: DocumentKind,
  sourceId: number,
  choice: string,
  argument?: string,
): Promise<void> {
  const recordId = (await world.document(kind, sourceId)).id;
  await resolveRecord(world.parts, ADMIN, { recordId, choice, argument });
  await world.settle();
}

export async function linkByHand(world: LifecycleWorld, clientId: number, account: string): Promise<void> {
  const connection = world.connectionId;
  await linkAccount(world.parts, ADMIN, { connection, clientId: String(clientId), account });
  await world.settle();
}

/** What differs between both ledgers, in words: sent invoices and what is owed of them, and payments that stand. */
export async function differencesBetweenBooks(world: LifecycleWorld): Promise<string[]> {
  const [source, destination] = [await world.booksLedger(), await world.ledger()];
  const living = (row: { state: string }) => row.state === 'posted' || row.state === 'live';
  const compare = <Row extends { id: string; state: string; reference: string }>(
    kind: 'invoice' | 'payment',
    rows: readonly Row[],
    copies: readonly Row[],
    told: (row: Row) => string,
  ) => {
    const wanted = rows.filter(living).map((row) => `${world.keyOf(kind, row.id)} ${told(row)}`);
    const found = copies.filter(living).map((row) => `${row.reference.split(' |')[0]} ${told(row)}`);
    const count = (list: readonly string[], line: string) => list.filter((other) => other === line).length;
    return [...new Set([...wanted, ...found])]
      .filter((line) => count(wanted, line) !== count(found, line))
      .map(
        (line) => `${line}: ${count(wanted, line)} in the source, ${count(found, line)} in the destination`,
      );
  };
  return [
    ...compare(
      'invoice',
      source.invoices,
      destination.invoices,
      (row) => `${row.total} owes ${row.outstanding}`,
    ),
    ...compare('payment', source.payments, destination.payments, (row) => `${row.amount} on ${row.paidOn}`),
  ];
}
