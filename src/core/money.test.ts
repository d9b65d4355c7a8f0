/** Money is exact: parsing, printing, rounding and splitting lose nothing (M12). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addMoney,
  allocate,
  formatMoney,
  MoneyError,
  minorDigits,
  parseExact,
  parseMoney,
  roundToMoney,
  subtractMoney,
  sumMoney,
} from './money.ts';

const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KWD');
const minor = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });

test.each([
  ['JPY', 0, '1200'],
  ['USD', 2, '12.00'],
  ['KWD', 3, '1.200'],
])('M7 1200 minor units of %s, with %i decimals, are %s', (code, digits, text) => {
  expect(minorDigits(code)).toBe(digits);
  expect(formatMoney({ amountMinor: 1200n, currency: code })).toBe(text);
  expect(parseMoney(text, code)).toEqual({ amountMinor: 1200n, currency: code });
});

test('M12 what is printed is parsed back, for amounts far beyond binary floats', () => {
  fc.assert(
    fc.property(minor, currency, (amountMinor, code) => {
      const money = { amountMinor, currency: code };
      expect(parseMoney(formatMoney(money), code)).toEqual(money);
    }),
  );
});

test('M12 a product is rounded once, from its exact value', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 15n }),
      fc.bigInt({ min: 0n, max: 10n ** 9n }),
      (thousandths, hundredths) => {
        const text = (n: bigint, digits: number) => {
          const padded = n.toString().padStart(digits + 1, '0');
          return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
        };
        const exact = parseExact(text(thousandths, 3)).times(parseExact(text(hundredths, 2)));
        const rounded = roundToMoney(exact, 'USD', 'half-up').amountMinor;
        // In units of 1/100,000: cents are 1,000 of them.
        expect(rounded).toBe((thousandths * hundredths + 500n) / 1000n);
      },
    ),
  );
});

test.each([
  ['0.125', 'half-up', 13n],
  ['-0.125', 'half-up', -13n],
  ['0.125', 'half-even', 12n],
  ['0.135', 'half-even', 14n],
  ['0.129', 'down', 12n],
  ['-0.129', 'down', -12n],
] as const)('%s is rounded %s to %s cents', (text, rounding, cents) => {
  expect(roundToMoney(parseExact(text), 'USD', rounding).amountMinor).toBe(cents);
});

test.each(['', ' 1', '1e3', '1,000.00', '0x10', '.5', '5.', 'NaN', '１'])('%j is no amount', (text) => {
  expect(() => parseMoney(text, 'USD')).toThrow(MoneyError);
});

test('more decimals than the currency has are refused, unless they are zeros', () => {
  expect(() => parseMoney('1.005', 'USD')).toThrow(MoneyError);
  expect(() => parseMoney('1.5', 'JPY')).toThrow(MoneyError);
  expect(parseMoney('1.500', 'USD').amountMinor).toBe(150n);
  expect(parseMoney('1.00', 'JPY').amountMinor).toBe(1n);
});

test('an unknown currency and a mixture of currencies are refused', () => {
  const usd = { amountMinor: 1n, currency: 'USD' };
  const eur = { amountMinor: 1n, currency: 'EUR' };
  expect(() => parseMoney('1', 'usd')).toThrow(MoneyError);
  expect(() => addMoney(usd, eur)).toThrow(MoneyError);
  expect(() => subtractMoney(usd, eur)).toThrow(MoneyError);
  expect(() => sumMoney([usd, eur], 'USD')).toThrow(MoneyError);
});

describe('a split', () => {
  const weights = fc.array(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), {
    minLength: 1,
    maxLength: 12,
  });

  test('always sums to the whole, with negative weights as well', () => {
    fc.assert(
      fc.property(minor, currency, weights, (amountMinor, code, shares) => {
        const total = { amountMinor, currency: code };
        const parts = allocate(total, shares);
        expect(parts).toHaveLength(shares.length);
        expect(sumMoney(parts, code)).toEqual(total);
      }),
    );
  });

  test('gives each part less than one minor unit more or less than its exact share', () => {
    fc.assert(
      fc.property(minor, weights, (amountMinor, shares) => {
        const sum = shares.reduce((a, b) => a + b, 0n);
        fc.pre(sum !== 0n);
        const size = (n: bigint) => (n < 0n ? -n : n);
        allocate({ amountMinor, currency: 'USD' }, shares).forEach((part, index) => {
          const exactTimesSum = amountMinor * (shares[index] ?? 0n);
          expect(size(part.amountMinor * sum - exactTimesSum) < size(sum)).toBe(true);
        });
      }),
    );
  });

  test('is the same each time, gives ties to the earlier part, and nothing to a weight of zero', () => {
    const amounts = (total: bigint, shares: bigint[]) =>
      allocate({ amountMinor: total, currency: 'USD' }, shares).map((part) => part.amountMinor);
    expect(amounts(100n, [1n, 1n, 1n])).toEqual([34n, 33n, 33n]);
    expect(amounts(-100n, [1n, 1n, 1n]).reduce((a, b) => a + b)).toBe(-100n);
    expect(amounts(5n, [0n, 1n])).toEqual([0n, 5n]);
    expect(amounts(7n, [3n, -3n])).toEqual([7n, 0n]);
    expect(() => amounts(1n, [])).toThrow(MoneyError);
  });
});
