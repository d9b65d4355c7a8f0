/** Money is exact: parsing, printing, rounding and splitting lose nothing (M12). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addMoney,
  allocate,
  Exact,
  formatMoney,
  MoneyError,
  minorDigits,
  parseExact,
  parseMoney,
  roundToMoney,
  subtractMoney,
  sumMoney,
  toExact,
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
  ['0.129', 'floor', 12n],
  ['-0.121', 'floor', -13n],
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

test('M12 a number too long to be multiplied exactly is refused, and not rounded', () => {
  const digits = '123456789012345678901234567891';
  expect(parseMoney(digits, 'JPY').amountMinor).toBe(BigInt(digits));
  expect(parseMoney(`1.${'0'.repeat(40)}`, 'USD').amountMinor).toBe(100n);
  for (const text of [`${digits}1`, `1${digits}.5`, `0.0${digits}`]) {
    expect(() => parseExact(text)).toThrow(MoneyError);
  }
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
  /** Thousandths of a cent. */
  const size = fc
    .bigInt({ min: -(10n ** 12n), max: 10n ** 12n })
    .map((units) => new Exact(units.toString()).dividedBy(100_000));
  const sizes = fc.array(size, { minLength: 1, maxLength: 12 });

  test('always sums to the whole, whatever the sizes', () => {
    fc.assert(
      fc.property(minor, currency, sizes, (amountMinor, code, parts) => {
        const total = { amountMinor, currency: code };
        const split = allocate(total, parts);
        expect(split).toHaveLength(parts.length);
        expect(sumMoney(split, code)).toEqual(total);
      }),
    );
  });

  test('of a rounded sum gives each part its own size rounded up or down, also where signs cancel out', () => {
    const rounding = fc.constantFrom('half-up' as const, 'half-even' as const);
    fc.assert(
      fc.property(sizes, rounding, (parts, way) => {
        const split = allocate(roundToMoney(Exact.sum(...parts), 'USD', way), parts);
        for (const [index, part] of split.entries()) {
          expect(
            toExact(part)
              .minus(parts[index] ?? 0)
              .abs()
              .lessThan('0.01'),
          ).toBe(true);
        }
      }),
    );
  });

  test('is the same each time, gives ties to the earlier part and the surplus to all alike', () => {
    const amounts = (total: bigint, parts: string[]) =>
      allocate({ amountMinor: total, currency: 'JPY' }, parts.map(parseExact)).map(
        (part) => part.amountMinor,
      );
    expect(amounts(100n, ['33.3', '33.3', '33.3'])).toEqual([34n, 33n, 33n]);
    expect(amounts(-100n, ['-33.3', '-33.3', '-33.3'])).toEqual([-33n, -33n, -34n]);
    expect(amounts(1n, ['1000.4', '-999.8'])).toEqual([1001n, -1000n]);
    expect(amounts(5n, ['0', '5'])).toEqual([0n, 5n]);
    expect(amounts(10n, ['3', '3'])).toEqual([5n, 5n]);
    expect(() => amounts(1n, [])).toThrow(MoneyError);
  });
});
