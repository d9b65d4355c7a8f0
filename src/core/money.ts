/** Money in minor units: parsing, printing, adding, rounding and splitting without a binary float. */
import { Decimal } from 'decimal.js';

/** An exact amount. `amountMinor` counts the currency's smallest unit (cents for USD, yen for JPY, fils for KWD). */
export type Money = { readonly amountMinor: bigint; readonly currency: string };

/** Exact decimals for quantities, unit prices and rates; wide enough that no product of two inputs is rounded. */
export const Exact = Decimal.clone({ precision: 60, toExpNeg: -60, toExpPos: 60 });
export type Exact = Decimal;

export type Rounding = 'half-up' | 'half-even' | 'floor';

const ROUNDING_MODE: Record<Rounding, Decimal.Rounding> = {
  'half-up': Decimal.ROUND_HALF_UP,
  'half-even': Decimal.ROUND_HALF_EVEN,
  floor: Decimal.ROUND_FLOOR,
};

/** ISO 4217 currencies whose minor unit is not 1/100. */
const MINOR_DIGITS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map((c) => [c, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((c) => [c, 3] as const),
  ...'CLF UYW'.split(' ').map((c) => [c, 4] as const),
]);

const KNOWN_CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

export class MoneyError extends Error {
  override readonly name = 'MoneyError';
}

export function isKnownCurrency(currency: string): boolean {
  return KNOWN_CURRENCIES.has(currency);
}

/** Digits after the decimal point of `currency` by ISO 4217; throws MoneyError for a code that does not exist. */
export function minorDigits(currency: string): number {
  if (!isKnownCurrency(currency)) throw new MoneyError(`unknown currency ${JSON.stringify(currency)}`);
  return MINOR_DIGITS.get(currency) ?? 2;
}

const DECIMAL_TEXT = /^[+-]?\d+(\.\d+)?$/;
/** Before and after the decimal point together, needless zeros aside: two such numbers multiply exactly. */
const MOST_DIGITS = 30;

/** Parses a plain decimal text ("-12.50"); no exponent, no blanks. Throws MoneyError. */
export function parseExact(text: string): Exact {
  if (!DECIMAL_TEXT.test(text)) throw new MoneyError(`not a decimal number: ${JSON.stringify(text)}`);
  const value = new Exact(text);
  if (text.length <= MOST_DIGITS) return value;
  if (value.precision(true) > MOST_DIGITS || value.decimalPlaces() > MOST_DIGITS) {
    throw new MoneyError(`${JSON.stringify(text)} has more than ${MOST_DIGITS} digits`);
  }
  return value;
}

/** "123.45" USD -> 12345 minor units. Throws MoneyError where the text has more significant decimals than the currency. */
export function parseMoney(text: string, currency: string): Money {
  const digits = minorDigits(currency);
  const value = parseExact(text);
  if (value.decimalPlaces() > digits) {
    throw new MoneyError(`${text} has more decimals than ${currency} allows (${digits})`);
  }
  return { amountMinor: toMinor(value.toFixed(digits)), currency };
}

/** A decimal text with all of the currency's decimals, its point left out. */
function toMinor(text: string): bigint {
  return BigInt(text.replace('.', ''));
}

/** An amount in major units. */
export function toExact(money: Money): Exact {
  return new Exact(formatMoney(money));
}

/** Rounds an exact amount in major units to the currency's minor unit, or to fewer `decimals`. */
export function roundToMoney(
  amount: Exact,
  currency: string,
  rounding: Rounding,
  decimals = minorDigits(currency),
): Money {
  const rounded = amount.toDecimalPlaces(decimals, ROUNDING_MODE[rounding]);
  return { amountMinor: toMinor(rounded.toFixed(minorDigits(currency))), currency };
}

/** 12345 USD minor units -> "123.45", always with the currency's full number of decimals. */
export function formatMoney({ amountMinor, currency }: Money): string {
  const digits = minorDigits(currency);
  const sign = amountMinor < 0n ? '-' : '';
  const text = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(digits + 1, '0');
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

export function zeroMoney(currency: string): Money {
  return { amountMinor: 0n, currency };
}

export function negateMoney({ amountMinor, currency }: Money): Money {
  return { amountMinor: -amountMinor, currency };
}

/** Sums amounts of one currency; throws MoneyError when another currency is among them. */
export function sumMoney(amounts: Iterable<Money>, currency: string): Money {
  let amountMinor = 0n;
  for (const amount of amounts) {
    if (amount.currency !== currency) throw new MoneyError(`cannot add ${amount.currency} to ${currency}`);
    amountMinor += amount.amountMinor;
  }
  return { amountMinor, currency };
}

export function addMoney(a: Money, b: Money): Money {
  return sumMoney([a, b], a.currency);
}

export function subtractMoney(a: Money, b: Money): Money {
  return addMoney(a, negateMoney(b));
}

export function equalMoney(a: Money, b: Money): boolean {
  return a.currency === b.currency && a.amountMinor === b.amountMinor;
}

/**
 * Splits `total` by largest remainder over parts whose exact sizes in major units are known. The parts always sum to
 * `total`; where that is the rounded sum of the sizes, each part is its own size rounded up or down, whatever the
 * signs. What is beyond that goes to all parts alike. Ties go to the earlier part.
 */
export function allocate(total: Money, sizes: readonly Exact[]): Money[] {
  if (sizes.length === 0) throw new MoneyError('cannot allocate to no parts');
  const { currency } = total;
  const parts = sizes.map((size, index) => {
    const floor = roundToMoney(size, currency, 'floor');
    return { index, amountMinor: floor.amountMinor, remainder: size.minus(toExact(floor)) };
  });
  const left = total.amountMinor - parts.reduce((sum, part) => sum + part.amountMinor, 0n);
  const each = floorDivide(left, BigInt(parts.length));
  const single = left - each * BigInt(parts.length);
  const byRemainder = [...parts].sort((a, b) => b.remainder.comparedTo(a.remainder) || a.index - b.index);
  for (const [place, part] of byRemainder.entries()) {
    part.amountMinor += BigInt(place) < single ? each + 1n : each;
  }
  return parts.map(({ amountMinor }) => ({ amountMinor, currency }));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}
