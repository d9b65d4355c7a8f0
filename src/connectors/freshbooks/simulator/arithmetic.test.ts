/** Invoice totals against what was recorded from the real service. */
import { expect, test } from 'vitest';
import { formatMoney } from '../../../core/money.ts';
import { computeTotals, type Habits, type PricedLine, type Tax, USUAL } from './arithmetic.ts';

const TPS: Tax = { name: 'TPS', percent: '5' };
const TVQ: Tax = { name: 'TVQ', percent: '9.975' };

const line = (unitCost: string, taxes: Tax[] = [], qty = '1', compoundedTax = false): PricedLine => ({
  qty,
  unitCost,
  taxes,
  compoundedTax,
});
const total = (lines: PricedLine[], discount: string, currency: string) =>
  formatMoney(computeTotals(lines, discount, currency).total);

test('a discount is taken before tax and spread over the lines: 41.94', () => {
  const lines = [line('20.00', [{ name: 'HST', percent: '13' }]), line('24.00')];
  const totals = computeTotals(lines, '10', 'USD');
  expect(formatMoney(totals.discount)).toBe('-4.40');
  expect(formatMoney(totals.taxes)).toBe('2.34');
  expect(formatMoney(totals.total)).toBe('41.94');
});

test('discount and taxes are rounded to cents before summing: 549.71, not 549.72', () => {
  expect(total([line('555.55', [TPS, TVQ]), line('7.98')], '15', 'CAD')).toBe('549.71');
});

test('the tax base is the discounted line amount: 550.73', () => {
  expect(total([line('555.55', [TPS, TVQ]), line('7.98', [TPS, TVQ])], '15', 'CAD')).toBe('550.73');
});

test('both Quebec taxes on 29.70 less 10 % come to 30.74', () => {
  expect(total([line('29.70', [TPS, TVQ])], '10', 'CAD')).toBe('30.74');
});

test('halves are rounded up: 9.99 with both Quebec taxes is 11.49', () => {
  expect(total([line('9.99', [TPS, TVQ])], '0', 'CAD')).toBe('11.49');
});

test('taxes are rounded line by line: three lines at 9.90 less 10 % come to 30.75', () => {
  const lines = [line('9.90', [TPS, TVQ]), line('9.90', [TPS, TVQ]), line('9.90', [TPS, TVQ])];
  expect(total(lines, '10', 'CAD')).toBe('30.75');
});

test('fractional quantities, negative lines and compound tax are exact', () => {
  expect(total([line('33.33', [], '0.333')], '0', 'USD')).toBe('11.10');
  expect(total([line('100'), line('-12.50')], '0', 'USD')).toBe('87.50');
  const compound = line('100', [TPS, { name: 'PST', percent: '10' }], '1', true);
  expect(total([compound], '0', 'CAD')).toBe('115.50');
});

test('currencies keep their own number of decimals', () => {
  expect(total([line('1050', [{ name: 'VAT', percent: '10' }], '1.5')], '5', 'JPY')).toBe('1646');
  expect(total([line('1.2345', [], '3')], '0', 'KWD')).toBe('3.704');
});

test.each<[string, Partial<Habits>, string]>([
  ['as usual', {}, '30.75'],
  ['sums of each tax rounded', { taxes: 'by-rate' }, '30.74'],
  ['sums of each name rounded', { taxes: 'by-name' }, '30.74'],
])('habits that are open: three lines at 9.90 less 10 %%, %s, come to %s', (_, habits, expected) => {
  const lines = [line('9.90', [TPS, TVQ]), line('9.90', [TPS, TVQ]), line('9.90', [TPS, TVQ])];
  expect(formatMoney(computeTotals(lines, '10', 'CAD', { ...USUAL, ...habits }).total)).toBe(expected);
});

test('habits that are open: halves, what is taxed rounded or not, dinars in hundredths', () => {
  const totalBy = (habits: Partial<Habits>, one: PricedLine, discount = '0', currency = 'USD') =>
    formatMoney(computeTotals([one], discount, currency, { ...USUAL, ...habits }).total);
  expect(totalBy({ halves: 'half-even' }, line('0.50', [TPS]))).toBe('0.52');
  const thirteen = { name: 'HST', percent: '13' };
  expect(totalBy({ base: 'rounded' }, line('0.55', [thirteen]), '10')).toBe('0.56');
  const compound = line('0.52', [TPS, { name: 'PST', percent: '10' }], '1', true);
  expect(totalBy({}, compound)).toBe('0.61');
  expect(totalBy({ compound: 'exact' }, compound)).toBe('0.60');
  expect(totalBy({ decimals: 'two' }, line('1.234', [thirteen]), '0', 'KWD')).toBe('1.390');
});
