/** Money in minor units: parsing, printing, adding, rounding and splitting without a binary float. */
import { Decimal } from 'decimal.js';

/** An exact amount. `amountMinor` counts the currency's smallest unit (cents for USD, yen for JPY, fils for KWD). */
export type Money = { readonly amountMinor: bigint; readonly currency: string };

/** Exact decimals for quantities, unit prices and rates; wide enough that no product of two inputs is rounded. */
export const Exact = Decimal.clone({ precision: 60, toExpNeg: -60, toExpPos: 60 });
export type Exact = Decimal;

export type Rounding = 'half-up' | 'half-even' | 'down';

const ROUNDING_MODE: Record<Rounding, Decimal.Rounding> = {
  'half-up': Decimal.ROUND_HALF_UP,
  'half-even': Decimal.ROUND_HALF_EVEN,
  down: Decimal.ROUND_DOWN,
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

/** Parses a plain decimal text ("-12.50"); no exponent, no blanks. Throws MoneyError. */
export function parseExact(text: string): Exact {
  if (!DECIMAL_TEXT.test(text)) throw new MoneyError(`not a decimal number: ${JSON.stringify(text)}`);
  return new Exact(text);
}

/** "123.45" USD -> 12345 minor units. Throws MoneyError where the text has more significant decimals than the currency. */
export function parseMoney(text: string, currency: string): Money {
  const minor = parseExact(text).times(new Exact(10).pow(minorDigits(currency)));
  if (!minor.isInteger()) {
    throw new MoneyError(`${text} has more decimals than ${currency} allows (${minorDigits(currency)})`);
  }
  return { amountMinor: BigInt(minor.toFixed(0)), currency };
}

/** Rounds an exact amount in major units to the currency's minor unit. */
export function roundToMoney(amount: Exact, currency: string, rounding: Rounding): Money {
  const minor = new Exact(amount)
    .times(new Exact(10).pow(minorDigits(currency)))
    .toDecimalPlaces(0, ROUNDING_MODE[rounding]);
  return { amountMinor: BigInt(minor.toFixed(0)), currency };
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
 * Splits `total` in proportion to `weights` by largest remainder; the parts always sum to `total`.
 * Ties go to the earlier part. Weights may be negative; when they sum to zero the whole goes to the first part.
 */
export function allocate(total: Money, weights: readonly bigint[]): Money[] {
  if (weights.length === 0) throw new MoneyError('cannot allocate to no parts');
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0n);
  if (weightSum === 0n) {
    return weights.map((_, index) => (index === 0 ? total : zeroMoney(total.currency)));
  }
  const parts = weights.map((weight, index) => {
    const product = total.amountMinor * weight;
    const floor = floorDivide(product, weightSum);
    return { index, amountMinor: floor, remainder: product - floor * weightSum };
  });
  const left = total.amountMinor - parts.reduce((sum, part) => sum + part.amountMinor, 0n);
  const size = (n: bigint) => (n < 0n ? -n : n);
  const byRemainder = [...parts].sort((a, b) => {
    const difference = size(b.remainder) - size(a.remainder);
    return difference === 0n ? a.index - b.index : difference > 0n ? 1 : -1;
  });
  for (const [place, part] of byRemainder.entries()) if (BigInt(place) < left) part.amountMinor += 1n;
  return parts.map(({ amountMinor }) => ({ amountMinor, currency: total.currency }));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}
