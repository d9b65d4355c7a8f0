/** What an invoice comes to: line amounts, percent discount, up to two taxes per line. */
import {
  Exact,
  type Money,
  minorDigits,
  negateMoney,
  parseExact,
  roundToMoney,
  sumMoney,
  toExact,
} from '../../../core/money.ts';

export type Tax = { name: string; percent: string };

export type PricedLine = {
  /** Decimal text, may be fractional or negative. */
  qty: string;
  unitCost: string;
  /** At most two. */
  taxes: readonly Tax[];
  /** The second tax is charged on the amount plus the first tax. */
  compoundedTax: boolean;
};

export type Totals = {
  lineAmounts: Money[];
  /** Zero or negative. */
  discount: Money;
  taxes: Money;
  total: Money;
};

/** What is not known of the real service (facts, section 5.3). The simulator takes USUAL; others are for benches. */
export type Habits = {
  /** Rounded on each line, or summed over the invoice (by name and rate, or by name) and rounded then. */
  taxes: 'each' | 'by-rate' | 'by-name';
  /** A line's amount less discount, before it is taxed. */
  base: 'exact' | 'rounded';
  /** The first tax, before a compound second one is charged on it. */
  compound: 'exact' | 'rounded';
  halves: 'half-up' | 'half-even';
  /** For currencies with more than two. */
  decimals: 'all' | 'two';
};

export const USUAL: Habits = {
  taxes: 'each',
  base: 'exact',
  compound: 'rounded',
  halves: 'half-up',
  decimals: 'all',
};

const HUNDRED = new Exact(100);

export function computeTotals(
  lines: readonly PricedLine[],
  discountPercent: string,
  currency: string,
  habits = USUAL,
): Totals {
  const digits = minorDigits(currency);
  const decimals = habits.decimals === 'two' ? Math.min(2, digits) : digits;
  const round = (exact: Exact) => roundToMoney(exact, currency, habits.halves, decimals);
  const discountRate = parseExact(discountPercent).dividedBy(HUNDRED);
  const lineAmounts = lines.map((line) => round(parseExact(line.qty).times(parseExact(line.unitCost))));
  const subtotal = sumMoney(lineAmounts, currency);
  const discount = negateMoney(round(toExact(subtotal).times(discountRate)));

  const sums = new Map<string, Exact>();
  for (const [index, line] of lines.entries()) {
    const discounted = toExact(lineAmounts[index] ?? subtotal).times(new Exact(1).minus(discountRate));
    let taxable = habits.base === 'exact' ? discounted : toExact(round(discounted));
    for (const [at, { name, percent }] of line.taxes.entries()) {
      const rate = parseExact(percent);
      const exact = taxable.times(rate).dividedBy(HUNDRED);
      const tax = habits.taxes === 'each' ? toExact(round(exact)) : exact;
      const key = { each: `${index} ${at}`, 'by-rate': `${rate.toString()} ${name}`, 'by-name': name }[
        habits.taxes
      ];
      sums.set(key, tax.plus(sums.get(key) ?? 0));
      if (line.compoundedTax)
        taxable = taxable.plus(habits.compound === 'exact' ? exact : toExact(round(exact)));
    }
  }
  const taxes = sumMoney([...sums.values()].map(round), currency);
  return { lineAmounts, discount, taxes, total: sumMoney([subtotal, discount, taxes], currency) };
}
