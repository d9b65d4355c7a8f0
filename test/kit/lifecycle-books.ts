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
