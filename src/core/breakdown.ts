/** Splits an invoice's own total into net lines, discounts, taxes and at most one explicit rounding residue. */
import type { CanonicalInvoice, CanonicalLine, CanonicalTax, Mapped, Problem } from './canonical.ts';
import {
  addMoney,
  allocate,
  Exact,
  formatMoney,
  type Money,
  parseExact,
  roundToMoney,
  subtractMoney,
  sumMoney,
} from './money.ts';

export type TaxPart = CanonicalTax & { amount: Money };

export type LinePart = {
  line: CanonicalLine;
  /** The line's share of the invoice discount: zero or negative. */
  discount: Money;
  taxes: readonly TaxPart[];
};

/** Adds up to `total` exactly: sum of line amounts, discounts, taxes and `rounding`. */
export type Breakdown = {
  lines: readonly LinePart[];
  /** Cents by which the source's total differs from the sum of its parts; most often zero. */
  rounding: Money;
  total: Money;
};

/**
 * Rule M6: the residue may be at most one minor unit for each tax component (at least one); beyond that the
 * parts were computed in a way we do not know, and the invoice is a problem, not a guess.
 */
export function toBreakdown(invoice: CanonicalInvoice): Mapped<Breakdown> {
  const { currency } = invoice;
  const discounts = allocateDiscount(invoice);
  const lines = invoice.lines.map((line, index) => {
    const discount = discounts[index] ?? { amountMinor: 0n, currency };
    return { line, discount, taxes: taxesOf(line, addMoney(line.amount, discount)) };
  });
  const parts = lines.flatMap(({ line, discount, taxes }) => [
    line.amount,
    discount,
    ...taxes.map((tax) => tax.amount),
  ]);
  const rounding = subtractMoney(invoice.total, sumMoney(parts, currency));
  const bound = BigInt(
    Math.max(
      1,
      lines.reduce((count, part) => count + part.taxes.length, 0),
    ),
  );
  const problem = residueProblem(invoice, rounding, bound);
  return problem
    ? { ok: false, problems: [problem] }
    : { ok: true, value: { lines, rounding, total: invoice.total } };
}

function allocateDiscount(invoice: CanonicalInvoice): readonly Money[] {
  if (invoice.lines.length === 0) return [];
  return allocate(
    invoice.discountTotal,
    invoice.lines.map((line) => line.amount.amountMinor),
  );
}

function taxesOf(line: CanonicalLine, base: Money): TaxPart[] {
  const taxed: TaxPart[] = [];
  for (const tax of line.taxes) {
    const taxable = line.compound ? sumMoney([base, ...taxed.map((t) => t.amount)], base.currency) : base;
    const amount = roundToMoney(
      parseExact(formatMoney(taxable)).times(parseExact(tax.ratePercent)).dividedBy(new Exact(100)),
      base.currency,
      'half-up',
    );
    taxed.push({ ...tax, amount });
  }
  return taxed;
}

function residueProblem(invoice: CanonicalInvoice, rounding: Money, bound: bigint): Problem | undefined {
  const size = rounding.amountMinor < 0n ? -rounding.amountMinor : rounding.amountMinor;
  if (size <= bound) return undefined;
  return {
    field: 'total',
    value: formatMoney(invoice.total),
    rule: `differs from the sum of its lines, discount and taxes by ${formatMoney(rounding)} ${invoice.currency}; at most ${bound} minor unit(s) may be rounding`,
  };
}
