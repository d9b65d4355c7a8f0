/** Draws one client, invoice or payment of the workload from a seeded source. */
import { Exact, type Money, minorDigits } from '../../../core/money.ts';
import type { Random } from '../../../platform/clock.ts';
import type { ClientInput } from './client-acts.ts';
import { addDays, daysBetween } from './eastern.ts';
import type { InvoiceInput } from './invoice-acts.ts';
import type { LineInput } from './invoice-form.ts';
import {
  COMPANY_KINDS,
  COMPANY_STEMS,
  DISCOUNTS,
  DUE_OFFSETS,
  FIRST_NAMES,
  LAST_NAMES,
  PAYMENT_TYPES,
  PLACES,
  type Place,
  SERVICES,
} from './workload-data.ts';

/** Yen and the like: what a hundred cents buy is one unit too small. */
const PRICE_FACTOR: Readonly<Record<number, number>> = { 0: 100, 2: 1, 3: 1, 4: 1 };

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random.next() * items.length)];
  if (item === undefined) throw new Error('Nothing to pick from.');
  return item;
}

export function drawInteger(random: Random, lowest: number, highest: number): number {
  return lowest + Math.floor(random.next() * (highest - lowest + 1));
}

export type DrawnClient = { input: ClientInput; place: Place };

export function drawClient(random: Random, currency: string, serial: number): DrawnClient {
  const places = PLACES.filter((candidate) => candidate.currency === currency);
  const place = pick(random, places.length > 0 ? places : PLACES);
  const [fname, lname] = [pick(random, FIRST_NAMES), pick(random, LAST_NAMES)];
  const stem = pick(random, COMPANY_STEMS);
  // Some clients are private persons without an organization.
  const organization = random.next() < 0.12 ? '' : `${stem} ${pick(random, COMPANY_KINDS)}`;
  const plain = (text: string) =>
    text
      .normalize('NFD')
      .replace(/[^A-Za-z]/g, '')
      .toLowerCase();
  return {
    place,
    input: {
      fname,
      lname,
      organization,
      email: `${plain(fname)}.${plain(lname)}${serial}@${plain(stem)}.example`,
      busPhone: `+1 555 01${String(drawInteger(random, 0, 99)).padStart(2, '0')}`,
      street: place.street,
      city: place.city,
      province: place.province,
      code: place.code,
      country: place.country,
      language: place.language,
      currency,
    },
  };
}

export function drawInvoice(
  random: Random,
  given: { clientId: number; place: Place; currency: string; createDate: string },
): InvoiceInput {
  const lines = Array.from({ length: drawInteger(random, 1, 6) }, () =>
    drawLine(random, given.place, given.currency),
  );
  const hasDiscount = random.next() < 0.12;
  const hasOrder = random.next() < 0.3;
  return {
    clientId: given.clientId,
    currency: given.currency,
    createDate: given.createDate,
    dueOffsetDays: pick(random, DUE_OFFSETS),
    terms: random.next() < 0.5 ? 'Payment by the due date, please.' : null,
    notes: random.next() < 0.3 ? 'Thank you for your business!' : '',
    poNumber: hasOrder ? `PO-${drawInteger(random, 10_000, 99_999)}` : null,
    discountPercent: hasDiscount ? pick(random, DISCOUNTS) : '0',
    lines,
  };
}

function drawLine(random: Random, place: Place, currency: string): LineInput {
  const service = pick(random, SERVICES);
  const taxes = random.next() < 0.08 ? [] : [...pick(random, place.taxes)];
  return {
    name: service.name,
    description: service.description,
    qty: service.unit === 'hour' ? drawHours(random) : String(drawInteger(random, 1, 4)),
    unitCost: drawPrice(random, service.lowest, service.highest, currency),
    taxes,
  };
}

function drawHours(random: Random): string {
  const steps = random.next() < 0.8 ? 4 : 20;
  return new Exact(drawInteger(random, 1, 16 * steps)).dividedBy(steps).toFixed();
}

function drawPrice(random: Random, lowest: number, highest: number, currency: string): string {
  const digits = minorDigits(currency);
  const whole = drawInteger(random, lowest, highest) * (PRICE_FACTOR[digits] ?? 1);
  const roll = random.next();
  const odd = drawInteger(random, 1, 10 ** digits - 1);
  if (digits === 0 || roll < 0.6) return String(whole);
  const fraction = roll < 0.85 ? 5 * 10 ** (digits - 1) : odd;
  return `${whole}.${String(fraction).padStart(digits, '0')}`;
}

/**
 * How much the next payment of an invoice brings: never more than what is left, and always leaving at least one
 * minor unit for each payment still to come.
 */
export function drawPayment(
  random: Random,
  given: { outstanding: Money; paymentsToCome: number; settles: boolean; createDate: string; today: string },
): { amountMinor: bigint; type: string; date: string; note: string } {
  const left = given.outstanding.amountMinor;
  const percent = BigInt(drawInteger(random, 15, 75));
  const reserve = BigInt(given.paymentsToCome) + (given.settles ? 0n : 1n);
  const most = left - reserve > 0n ? left - reserve : left;
  const part = (left * percent) / 100n;
  const partial = part < 1n ? 1n : part > most ? most : part;
  const age = Math.max(0, daysBetween(given.createDate, given.today));
  const type = pick(random, PAYMENT_TYPES);
  const date = addDays(given.createDate, drawInteger(random, 0, Math.min(age, 40)));
  const isLast = given.paymentsToCome === 0;
  return {
    amountMinor: isLast && given.settles ? left : partial,
    type,
    date,
    note: type === 'Check' ? `Check no. ${drawInteger(random, 1000, 9999)}` : '',
  };
}
