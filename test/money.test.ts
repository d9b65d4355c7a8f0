/** A small run of the money bench (bench/money.ts), so that it cannot rot, and proof that its judge sees a wrong cent. */
import { describe, expect, test } from 'vitest';
import { type DrawnInvoice, drawInvoice, writeDocument } from '../bench/money-invoices.ts';
import { tallyInvoices } from '../bench/money-tally.ts';
import { judge } from '../bench/money-way.ts';
import { formatMoney, minorDigits } from '../src/core/money.ts';

const SEED = 1;
const COUNT = 2000;

describe('drawn invoices', () => {
  test('M1 M2 M3 M4 M5 M6 M7 M8 M9 M10 come to the total of the source, with Taxation and without, or are negative and parked', () => {
    const { count, equal, parked, mismatches, parkedByCause, examples } = tallyInvoices(SEED, 0, COUNT);
    expect({ mismatches, examples: mismatches > 0 ? examples : [] }).toEqual({ mismatches: 0, examples: [] });
    expect(count).toBe(COUNT);
    expect(equal + parked).toBe(COUNT);
    expect(parked / COUNT).toBeLessThan(0.005);
    expect(Object.keys(parkedByCause)).toEqual(['total is negative']);
  }, 60_000);

  test('hold every kind of case, in many currencies of 0, 2 and 3 decimals', () => {
    const drawn = Array.from({ length: COUNT }, (_, place) => drawInvoice(SEED, place));
    const lines = drawn.flatMap((invoice) =>
      invoice.lines.map((line) => ({ ...line, digits: minorDigits(invoice.currency) })),
    );
    const decimalsOf = (text: string) => text.split('.')[1]?.length ?? 0;
    const some = (is: (invoice: DrawnInvoice) => boolean) => drawn.filter(is).length;
    const someLines = (is: (line: (typeof lines)[number]) => boolean) => lines.filter(is).length;
    const kinds = {
      twoTaxes: someLines(({ taxes }) => taxes.length === 2),
      compound: someLines(({ compoundedTax }) => compoundedTax),
      percentDiscount: some(({ discountPercent }) => discountPercent !== '0'),
      flatDiscount: someLines(({ unitCost }) => unitCost.startsWith('-')),
      negativeQuantity: someLines(({ qty }) => qty.startsWith('-')),
      fractionalQuantity: someLines(({ qty }) => decimalsOf(qty) > 2),
      longPrice: someLines(({ unitCost, digits }) => decimalsOf(unitCost) > digits),
      manyLines: some((invoice) => invoice.lines.length > 100),
      zeroTotal: some(({ totals }) => totals.total.amountMinor === 0n),
      wholeDiscount: some(({ discountPercent }) => discountPercent === '100'),
      hundredthsOfDinars: some(({ habits }) => habits.decimals === 'two'),
      sumsRounded: some(({ habits }) => habits.taxes !== 'each'),
      halvesToEven: some(({ habits }) => habits.halves === 'half-even'),
    };
    expect(Object.entries(kinds).filter(([, count]) => count === 0)).toEqual([]);
    const currencies = new Set(drawn.map(({ currency }) => currency));
    expect(currencies.size).toBeGreaterThan(30);
    expect(new Set([...currencies].map(minorDigits))).toEqual(new Set([0, 2, 3]));
  });

  test('are the same for the same seed, and others for another', () => {
    expect(drawInvoice(SEED, 7)).toEqual(drawInvoice(SEED, 7));
    expect(drawInvoice(SEED, 7)).not.toEqual(drawInvoice(SEED + 1, 7));
  });
});

describe('the judge', () => {
  const drawn = drawInvoice(SEED, 0);
  const { total } = drawn.totals;

  test('tells a copy that is one minor unit off', () => {
    expect(judge(writeDocument(drawn, 0), total)).toEqual({ kind: 'equal', rounding: 0n });
    const other = { ...total, amountMinor: total.amountMinor + 1n };
    expect(judge(writeDocument(drawn, 0), other)).toEqual({
      kind: 'mismatch',
      why: `Taxation on: ${formatMoney(total)} instead of ${formatMoney(other)} ${total.currency}`,
    });
  });

  test('M6 takes a total that nothing explains as parked, with the exact difference', () => {
    const raised = { ...total, amountMinor: total.amountMinor + 100_000n };
    const document = writeDocument({ ...drawn, totals: { ...drawn.totals, total: raised } }, 0);
    const verdict = judge(document, raised);
    expect(verdict).toMatchObject({ kind: 'parked', problem: { value: formatMoney(raised) } });
    const difference = formatMoney({ ...total, amountMinor: 100_000n });
    expect(verdict.kind === 'parked' && verdict.problem.rule).toContain(`by ${difference} ${total.currency}`);
  });
});
