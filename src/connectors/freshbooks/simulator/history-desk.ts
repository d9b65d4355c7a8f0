/** What the drawing of a history's acts shares: the books, the dice, the day, and how to find a document that suits. */
import { formatMoney, type Money } from '../../../core/money.ts';
import type { Random } from '../../../platform/clock.ts';
import type { Act } from './act.ts';
import { type Books, outstandingOf } from './books.ts';
import type { Client, CreditNote, Invoice, Payment } from './model.ts';
import { PLACES, type Place } from './workload-data.ts';
import { drawInteger, pick } from './workload-draw.ts';

export type Desk = { books: Books; random: Random; day: string; currencies: readonly string[] };

/** `row` is the row of the money lifecycle that the act belongs to; `draw` gives nothing where no document suits. */
export type Habit = { row: string; weight: number; draw: (desk: Desk) => Act | undefined };

/** A random one of those that suit. */
export function find<Row>(
  random: Random,
  rows: readonly Row[],
  suits: (row: Row) => boolean,
): Row | undefined {
  if (rows.length === 0) return undefined;
  const start = drawInteger(random, 0, rows.length - 1);
  for (let step = 0; step < rows.length; step += 1) {
    const row = rows[(start + step) % rows.length];
    if (row !== undefined && suits(row)) return row;
  }
  return undefined;
}

export const findClient = ({ books, random }: Desk, suits: (client: Client) => boolean = () => true) =>
  find(random, books.clients.rows, (client) => client.visState === 0 && suits(client));

export const findInvoice = ({ books, random }: Desk, suits: (invoice: Invoice) => boolean) =>
  find(random, books.invoices.rows, (invoice) => invoice.visState !== 1 && suits(invoice));

export const findPayment = ({ books, random }: Desk, suits: (payment: Payment) => boolean) =>
  find(random, books.payments.rows, (payment) => payment.visState !== 1 && suits(payment));

export const findCredit = ({ books, random }: Desk, suits: (note: CreditNote) => boolean) =>
  find(random, books.creditNotes.rows, (note) => note.visState !== 1 && suits(note));

export const isDraft = (invoice: Invoice) => invoice.stage === 'draft';
export const isUnpaid = (invoice: Invoice) => !isDraft(invoice) && invoice.paid.amountMinor === 0n;
export const isOpen = (invoice: Invoice) => !isDraft(invoice) && outstandingOf(invoice).amountMinor > 0n;

/** A percentage of an amount, at least one minor unit, as text. */
export function part(
  random: Random,
  { amountMinor, currency }: Money,
  lowest: number,
  highest: number,
): string {
  const share = (amountMinor * BigInt(drawInteger(random, lowest, highest))) / 100n;
  return formatMoney({ amountMinor: share > 0n ? share : 1n, currency });
}

export function placeOf(random: Random, client: Client): Place {
  return PLACES.find((place) => place.city === client.city) ?? pick(random, PLACES);
}
