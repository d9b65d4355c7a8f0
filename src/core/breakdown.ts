/** Splits an invoice's own total into net lines, discounts, taxes and at most one explicit rounding residue. */
import type { CanonicalInvoice, CanonicalLine, CanonicalTax, Mapped, Problem } from './canonical.ts';
import {
  allocate,
  Exact,
  formatMoney,
  type Money,
  minorDigits,
  parseExact,
  type Rounding,
  roundToMoney,
  subtractMoney,
  sumMoney,
  toExact,
  zeroMoney,
} from './money.ts';

export type TaxPart = CanonicalTax & { amount: Money };

export type LinePart = {
  line: CanonicalLine;
  /** The line's share of the invoice discount: zero or negative, positive for a negative line. */
  discount: Money;
  taxes: readonly TaxPart[];
};

/** Adds up to `total` exactly: sum of line amounts, discounts, taxes and `rounding`. */
export type Breakdown = {
  lines: readonly LinePart[];
  /** What of the source's total no known way of rounding explains; most often zero. */
  rounding: Money;
  total: Money;
};

/** How a source may round its taxes. Sources do not say, and one total often fits several ways. */
type Way = {
  /** Rounded on each line, or summed over the invoice by name and rate, or by name, and rounded then. */
  taxes: 'each' | 'by-rate' | 'by-name';
  /** Whether a line's discounted amount is rounded before it is taxed. */
  base: 'exact' | 'rounded';
  rounding: Rounding;
  /** Dinars in hundredths, by a source that knows no thousandths. */
  decimals: number;
};

type TaxedLine = { line: CanonicalLine; discounted: Exact };

type Charge = { tax: CanonicalTax; exact: Exact; amount: Money };

/**
 * The first way whose taxes give the source's total exactly is taken. Where none does, the one that comes closest is,
 * and the residue is told. Rule M6: it may be at most one minor unit for each tax component (at least one); beyond that
 * the parts were computed in a way we do not know, and the invoice is a problem, not a guess.
 */
export function toBreakdown(invoice: CanonicalInvoice): Mapped<Breakdown> {
  const { currency, total } = invoice;
  const rate = discountRate(invoice);
  const discounts = allocateDiscount(invoice, rate);
  const net = sumMoney([...invoice.lines.map((line) => line.amount), ...discounts], currency);
  const taxed = invoice.lines.map((line) => ({
    line,
    discounted: toExact(line.amount).times(new Exact(1).minus(rate)),
  }));
  const { charges, residue } = chargesFor(subtractMoney(total, net), taxed);

  const problem = residueProblem(invoice, residue);
  if (problem) return { ok: false, problems: [problem] };
  const lines = invoice.lines.map((line, index) => ({
    line,
    discount: discounts[index] ?? zeroMoney(currency),
    taxes: (charges[index] ?? []).map(({ tax, amount }) => ({ ...tax, amount })),
  }));
  return { ok: true, value: { lines, rounding: residue, total } };
}

/** As a part of one: the percentage, or what the discount comes to where the percentage does not make it. */
function discountRate({ lines, discountPercent, discountTotal, currency }: CanonicalInvoice): Exact {
  const told = parseExact(discountPercent).dividedBy(100);
  const amounts = lines.map((line) => line.amount);
  const subtotal = toExact(sumMoney(amounts, currency));
  const discount = toExact(discountTotal).negated();
  const roundingUnit = new Exact(10).pow(-Math.min(2, minorDigits(currency)));
  const isExplained = subtotal.times(told).minus(discount).abs().lessThan(roundingUnit);
  return isExplained || subtotal.isZero() ? told : discount.dividedBy(subtotal);
}

function allocateDiscount({ lines, discountTotal }: CanonicalInvoice, rate: Exact): readonly Money[] {
  if (lines.length === 0) return [];
  return allocate(
    discountTotal,
    lines.map((line) => toExact(line.amount).times(rate).negated()),
  );
}

/** The charges by line that come to `taxTotal`, or come closest; `residue` is what they leave of it. */
function chargesFor(
  taxTotal: Money,
  lines: readonly TaxedLine[],
): { charges: readonly Charge[][]; residue: Money } {
  const { currency } = taxTotal;
  let closest: { charges: Charge[][]; residue: Money } = { charges: [], residue: taxTotal };
  for (const way of waysOf(currency)) {
    const charges = lines.map((line) => chargesOf(line, way, currency));
    if (way.taxes !== 'each') roundSums(charges.flat(), way, currency);
    const amounts = charges.flat().map(({ amount }) => amount);
    const residue = subtractMoney(taxTotal, sumMoney(amounts, currency));
    const isFirst = closest.charges.length === 0;
    if (isFirst || sizeOf(residue) < sizeOf(closest.residue)) closest = { charges, residue };
    if (residue.amountMinor === 0n) break;
  }
  return closest;
}

/** In the order in which they are tried. */
function waysOf(currency: string): Way[] {
  const digits = minorDigits(currency);
  return (digits > 2 ? [digits, 2] : [digits]).flatMap((decimals) =>
    (['exact', 'rounded'] as const).flatMap((base) =>
      (['each', 'by-rate', 'by-name'] as const).flatMap((taxes) =>
        (['half-up', 'half-even'] as const).map((rounding) => ({ taxes, base, rounding, decimals })),
      ),
    ),
  );
}

function chargesOf({ line, discounted }: TaxedLine, way: Way, currency: string): Charge[] {
  const round = (exact: Exact) => roundToMoney(exact, currency, way.rounding, way.decimals);
  let taxable = way.base === 'exact' ? discounted : toExact(round(discounted));
  return line.taxes.map((tax) => {
    const exact = taxable.times(parseExact(tax.ratePercent)).dividedBy(100);
    const amount = round(exact);
    if (line.compound) taxable = taxable.plus(way.taxes === 'each' ? toExact(amount) : exact);
    return { tax, exact, amount };
  });
}

/** Rounds each tax's sum over the invoice, and splits that over the lines again. */
function roundSums(charges: readonly Charge[], way: Way, currency: string): void {
  const keyOf = ({ tax }: Charge) =>
    way.taxes === 'by-name' ? tax.name : `${parseExact(tax.ratePercent).toString()} ${tax.name}`;
  for (const group of Map.groupBy(charges, keyOf).values()) {
    const sizes = group.map(({ exact }) => exact);
    const sum = roundToMoney(Exact.sum(...sizes), currency, way.rounding, way.decimals);
    const amounts = allocate(sum, sizes);
    for (const [index, charge] of group.entries()) charge.amount = amounts[index] ?? charge.amount;
  }
}

function residueProblem({ lines, total, currency }: CanonicalInvoice, residue: Money): Problem | undefined {
  const components = lines.reduce((count, line) => count + line.taxes.length, 0);
  const bound = BigInt(Math.max(1, components));
  if (sizeOf(residue) <= bound) return undefined;
  return {
    field: 'total',
    value: formatMoney(total),
    rule: `differs from the sum of its lines, discount and taxes by ${formatMoney(residue)} ${currency}; at most ${bound} minor unit(s) may be rounding`,
  };
}

function sizeOf({ amountMinor }: Money): bigint {
  return amountMinor < 0n ? -amountMinor : amountMinor;
}
