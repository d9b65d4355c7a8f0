/** What an invoice comes to: line amounts, percent discount, up to two taxes per line, each rounded by itself. */
import {
  Exact,
  type Money,
  minorDigits,
  negateMoney,
  parseExact,
  roundToMoney,
  sumMoney,
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

const HUNDRED = new Exact(100);

/** Line tax bases are the discounted line amounts, unrounded; every tax of every line is rounded half up. */
export function computeTotals(
  lines: readonly PricedLine[],
  discountPercent: string,
  currency: string,
): Totals {
  const discountRate = parseExact(discountPercent).dividedBy(HUNDRED);
  const lineAmounts = lines.map((line) =>
    roundToMoney(parseExact(line.qty).times(parseExact(line.unitCost)), currency, 'half-up'),
  );
  const subtotal = sumMoney(lineAmounts, currency);
  const discount = negateMoney(roundToMoney(toExact(subtotal).times(discountRate), currency, 'half-up'));
  const taxes = sumMoney(
    lines.flatMap((line, index) => {
      const amount = lineAmounts[index];
      if (amount === undefined) return [];
      return lineTaxes(line, toExact(amount).times(new Exact(1).minus(discountRate)), currency);
    }),
    currency,
  );
  return { lineAmounts, discount, taxes, total: sumMoney([subtotal, discount, taxes], currency) };
}

function lineTaxes(line: PricedLine, base: Exact, currency: string): Money[] {
  const [first, second] = line.taxes;
  const taxOn = (taxable: Exact, tax: Tax) =>
    roundToMoney(taxable.times(parseExact(tax.percent)).dividedBy(HUNDRED), currency, 'half-up');
  if (first === undefined) return [];
  const firstTax = taxOn(base, first);
  if (second === undefined) return [firstTax];
  return [firstTax, taxOn(line.compoundedTax ? base.plus(toExact(firstTax)) : base, second)];
}

function toExact({ amountMinor, currency }: Money): Exact {
  return new Exact(amountMinor.toString()).dividedBy(new Exact(10).pow(minorDigits(currency)));
}
