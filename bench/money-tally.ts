/** Judges a run of drawn invoices and counts. */
import { formatMoney } from '../src/core/money.ts';
import { drawInvoice, writeDocument } from './money-invoices.ts';
import { judge } from './money-way.ts';

export type Tally = {
  count: number;
  equal: number;
  parked: number;
  mismatches: number;
  parkedByCause: Record<string, number>;
  /** Of the equal ones, those with a rounding line. */
  roundingLines: number;
  currencies: Record<string, number>;
  /** The first mismatches and parked ones, to look at. */
  examples: string[];
};

const MOST_EXAMPLES = 10;

export function emptyTally(): Tally {
  return {
    count: 0,
    equal: 0,
    parked: 0,
    mismatches: 0,
    parkedByCause: {},
    roundingLines: 0,
    currencies: {},
    examples: [],
  };
}

/** Invoices `first` to `first + count - 1` of the seed. */
export function tallyInvoices(seed: number, first: number, count: number): Tally {
  const tally = emptyTally();
  for (let place = first; place < first + count; place += 1) {
    const drawn = drawInvoice(seed, place);
    const { total } = drawn.totals;
    const verdict = judge(writeDocument(drawn, place), total);
    tally.count += 1;
    increase(tally.currencies, drawn.currency, 1);
    switch (verdict.kind) {
      case 'equal':
        tally.equal += 1;
        if (verdict.rounding !== 0n) tally.roundingLines += 1;
        break;
      case 'parked':
        tally.parked += 1;
        increase(tally.parkedByCause, verdict.cause, 1);
        break;
      case 'mismatch':
        tally.mismatches += 1;
        break;
    }
    if (verdict.kind !== 'equal' && tally.examples.length < MOST_EXAMPLES) {
      const what = verdict.kind === 'parked' ? verdict.problem.rule : verdict.why;
      tally.examples.push(
        `${verdict.kind} --first ${place}: ${formatMoney(total)} ${drawn.currency}, ${what}`,
      );
    }
  }
  return tally;
}

export function addTally(sum: Tally, more: Tally): void {
  for (const name of ['count', 'equal', 'parked', 'mismatches', 'roundingLines'] as const) {
    sum[name] += more[name];
  }
  for (const name of ['parkedByCause', 'currencies'] as const) {
    for (const [key, count] of Object.entries(more[name])) increase(sum[name], key, count);
  }
  sum.examples.push(...more.examples.slice(0, MOST_EXAMPLES - sum.examples.length));
}

function increase(counts: Record<string, number>, key: string, by: number): void {
  counts[key] = (counts[key] ?? 0) + by;
}
