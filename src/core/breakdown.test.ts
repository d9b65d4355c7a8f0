/** The source's total is explained by its parts, with at most a bounded residue (M1-M6). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Breakdown, toBreakdown } from './breakdown.ts';
import type { CanonicalInvoice, CanonicalTax } from './canonical.ts';
import { formatMoney, parseExact, parseMoney, roundToMoney, sumMoney } from './money.ts';

const HST = { name: 'HST', ratePercent: '13' };
const TPS = { name: 'TPS', ratePercent: '5' };
const TVQ = { name: 'TVQ', ratePercent: '9.975' };

type Line = { price: string; quantity?: string; taxes?: readonly CanonicalTax[]; compound?: boolean };

function invoice(
  lines: readonly Line[],
  discount: string,
  total: string,
  currency = 'USD',
  discountPercent = '0',
): CanonicalInvoice {
  return {
    kind: 'invoice',
    sourceId: '1',
    clientId: '7',
    visibility: 'active',
    number: 'N-1',
    currency,
    issuedOn: '2026-01-05',
    dueOn: '2026-02-04',
    stage: 'issued',
    sourceStatus: 'sent',
    lines: lines.map(({ price, quantity = '1', taxes = [], compound = false }) => ({
      name: 'Work',
      description: '',
      quantity,
      unitPrice: price,
      amount: roundToMoney(parseExact(quantity).times(parseExact(price)), currency, 'half-up'),
      taxes,
      compound,
    })),
    discountPercent,
    discountTotal: parseMoney(discount, currency),
    total: parseMoney(total, currency),
    outstanding: parseMoney(total, currency),
    notes: '',
    terms: '',
    poNumber: '',
  };
}

function breakdownOf(...args: Parameters<typeof invoice>): Breakdown {
  const made = toBreakdown(invoice(...args));
  if (!made.ok) throw new Error(JSON.stringify(made.problems));
  return made.value;
}

const sumOf = ({ lines, rounding }: Breakdown, currency = 'USD') =>
  sumMoney(
    [
      ...lines.flatMap(({ line, discount, taxes }) => [
        line.amount,
        discount,
        ...taxes.map(({ amount }) => amount),
      ]),
      rounding,
    ],
    currency,
  );

test('M1 M3 the recorded 41.94: ten percent off is spread over the lines before tax, without a residue', () => {
  const parts = breakdownOf([{ price: '20.00', taxes: [HST] }, { price: '24.00' }], '-4.40', '41.94');
  expect(parts.lines.map(({ discount }) => formatMoney(discount))).toEqual(['-2.00', '-2.40']);
  expect(parts.lines.map(({ taxes }) => taxes.map(({ amount }) => formatMoney(amount)))).toEqual([
    ['2.34'],
    [],
  ]);
  expect(parts.rounding.amountMinor).toBe(0n);
});

test('M1 M6 the recorded 549.71 is explained with a residue within its bound', () => {
  const parts = breakdownOf([{ price: '555.55', taxes: [TPS, TVQ] }, { price: '7.98' }], '-84.53', '549.71');
  expect(formatMoney(sumOf(parts))).toBe('549.71');
  expect(parts.rounding.amountMinor >= -2n && parts.rounding.amountMinor <= 2n).toBe(true);
  expect(parts.lines[0]?.taxes.map(({ amount }) => formatMoney(amount))).toEqual(['23.61', '47.10']);
});

test('M2 a compound tax is charged on the amount and the taxes before it', () => {
  const parts = breakdownOf([{ price: '100.00', taxes: [TPS, TVQ], compound: true }], '0', '115.47');
  expect(parts.lines[0]?.taxes.map(({ amount }) => formatMoney(amount))).toEqual(['5.00', '10.47']);
  expect(parts.rounding.amountMinor).toBe(0n);
});

test('M4 a negative line keeps its sign, and so does its tax', () => {
  const parts = breakdownOf(
    [
      { price: '100.00', taxes: [HST] },
      { price: '-10.00', taxes: [HST] },
    ],
    '0',
    '101.70',
  );
  expect(parts.lines[1]?.taxes.map(({ amount }) => formatMoney(amount))).toEqual(['-1.30']);
});

test.each([
  ['JPY', '0', '1100', '100'],
  ['KWD', '0', '1.100', '0.100'],
])('M7 the tax in %s is rounded to its own minor unit', (currency, discount, total, tax) => {
  const price = currency === 'JPY' ? '1000' : '1.000';
  const taxes = [{ name: 'VAT', ratePercent: '10' }];
  const parts = breakdownOf([{ price, taxes }], discount, total, currency);
  expect(parts.lines[0]?.taxes.map(({ amount }) => formatMoney(amount))).toEqual([tax]);
});

test('M9 a discount of 100 % leaves zero', () => {
  const parts = breakdownOf([{ price: '20.00', taxes: [HST] }, { price: '24.00' }], '-44.00', '0.00');
  expect(parts.lines.flatMap(({ taxes }) => taxes).map(({ amount }) => amount.amountMinor)).toEqual([0n]);
});

describe('M6 the residue', () => {
  test.each([
    ['without a tax', [], '100.01', '100.02'],
    ['with one tax', [HST], '113.01', '113.02'],
    ['with two taxes', [TPS, TVQ], '115.00', '115.01'],
  ])('%s is one explicit amount up to its bound, and a problem beyond', (_title, taxes, within, beyond) => {
    const lines = [{ price: '100.00', taxes }];
    expect(breakdownOf(lines, '0', within).rounding.amountMinor).toBeGreaterThan(0n);
    const refused = toBreakdown(invoice(lines, '0', beyond));
    expect(refused).toMatchObject({ ok: false, problems: [{ field: 'total', value: beyond }] });
  });

  test('may be negative', () => {
    expect(breakdownOf([{ price: '100.00' }], '0', '99.99').rounding.amountMinor).toBe(-1n);
    expect(toBreakdown(invoice([{ price: '100.00' }], '0', '99.98')).ok).toBe(false);
  });
});

describe('M6 a total is explained without a residue', () => {
  const taxesOf = ({ lines }: Breakdown) =>
    lines.map(({ taxes }) => taxes.map(({ amount }) => formatMoney(amount)));
  const line = (price: string, ...taxes: CanonicalTax[]): Line => ({ price, taxes });
  const vat = (ratePercent: string) => ({ name: 'VAT', ratePercent });

  test.each([
    {
      way: 'rounds every tax of every line, halves up',
      lines: [line('9.90', TPS, TVQ), line('9.90', TPS, TVQ), line('9.90', TPS, TVQ)],
      total: '30.75',
      taxes: [
        ['0.45', '0.89'],
        ['0.45', '0.89'],
        ['0.45', '0.89'],
      ],
    },
    {
      way: 'rounds the sum of each tax over the invoice',
      lines: [line('9.90', TPS, TVQ), line('9.90', TPS, TVQ), line('9.90', TPS, TVQ)],
      total: '30.74',
      taxes: [
        ['0.45', '0.89'],
        ['0.45', '0.89'],
        ['0.44', '0.89'],
      ],
    },
    {
      way: 'sums taxes of one name whatever their rates',
      lines: [line('0.48', vat('5')), line('0.12', vat('20'))],
      percent: '0',
      discount: '0.00',
      total: '0.65',
      taxes: [['0.03'], ['0.02']],
    },
    {
      way: 'rounds halves to even',
      lines: [line('0.50', TPS)],
      percent: '0',
      discount: '0.00',
      total: '0.52',
      taxes: [['0.02']],
    },
    {
      way: 'rounds the discounted amount before it is taxed',
      lines: [line('0.55', HST)],
      discount: '-0.06',
      total: '0.56',
      taxes: [['0.07']],
    },
    {
      way: 'knows dinars in hundredths only',
      lines: [line('1.23', vat('10'))],
      percent: '0',
      discount: '0.00',
      total: '1.350',
      currency: 'KWD',
      taxes: [['0.120']],
    },
  ])('of a source that $way', ({ lines, percent = '10', discount = '-2.97', total, currency, taxes }) => {
    const parts = breakdownOf(lines, discount, total, currency, percent);
    expect(parts.rounding.amountMinor).toBe(0n);
    expect(taxesOf(parts)).toEqual(taxes);
    expect(sumOf(parts, currency)).toEqual(parts.total);
  });

  test('M4 whose flat discount takes nearly everything: shares and taxes follow each line, not the subtotal', () => {
    const parts = breakdownOf([line('1000.00', HST), line('-999.96')], '0.00', '117.04', 'USD', '10');
    expect(parts.lines.map(({ discount }) => formatMoney(discount))).toEqual(['-100.00', '100.00']);
    expect(taxesOf(parts)).toEqual([['117.00'], []]);
    expect(parts.rounding.amountMinor).toBe(0n);
  });
});

test('M6 where no way fits, the closest one leaves the residue', () => {
  const lines = [{ price: '0.50', taxes: [TPS] }];
  const roundingOf = (total: string) => breakdownOf(lines, '0', total).rounding.amountMinor;
  expect(['0.51', '0.52', '0.53', '0.54'].map(roundingOf)).toEqual([-1n, 0n, 0n, 1n]);
  expect(toBreakdown(invoice(lines, '0', '0.55'))).toMatchObject({
    ok: false,
    problems: [{ rule: expect.stringContaining('by 0.02 USD; at most 1') }],
  });
});

test('an invoice without lines is explained only when its total is (nearly) nothing', () => {
  expect(toBreakdown(invoice([], '0', '0.00')).ok).toBe(true);
  expect(toBreakdown(invoice([], '0', '5.00')).ok).toBe(false);
});

test('M12 whatever the lines, taxes and discount: the parts sum to the total, or it is a problem', () => {
  const decimal = (max: number) =>
    fc.integer({ min: -max, max }).map((n) => `${n < 0 ? '-' : ''}${Math.abs(n)}.37`);
  const line = fc.record({
    price: decimal(5000),
    quantity: fc.constantFrom('1', '0.333', '2.5', '100'),
    taxes: fc.constantFrom([], [HST], [TPS, TVQ]),
    compound: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: -9000, max: 0 }),
      fc.integer({ min: -2_000_000, max: 2_000_000 }),
      (lines, discount, total) => {
        const text = (cents: number) => formatMoney({ amountMinor: BigInt(cents), currency: 'USD' });
        const made = toBreakdown(invoice(lines, text(discount), text(total)));
        if (made.ok) expect(sumOf(made.value)).toEqual(made.value.total);
        else expect(made.problems).toHaveLength(1);
      },
    ),
  );
});
