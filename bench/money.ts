/** Money: drawn invoices through the real mapping; every copy comes to the source's total, or says why it is parked. */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { SingleBar } from 'cli-progress';
import { table } from '../src/cli/output.ts';
import { minorDigits } from '../src/core/money.ts';
import { readWhole, round } from './figures.ts';
import { addTally, emptyTally, type Tally } from './money-tally.ts';
import type { MoneyWork } from './money-worker.ts';

/** From here on too many good invoices would wait for a person. */
const PARKED_LIMIT = 0.005;

async function judgePart(work: MoneyWork, onPiece: (piece: Tally) => void): Promise<void> {
  const worker = new Worker(new URL('./money-worker.ts', import.meta.url), { workerData: work });
  worker.on('message', onPiece);
  const [code] = (await once(worker, 'exit')) as [number];
  if (code !== 0) throw new Error(`a thread ended with code ${code}`);
}

async function judgeAll(work: MoneyWork, onPiece: (piece: Tally) => void): Promise<void> {
  const threads = Math.min(availableParallelism(), Math.max(1, work.count));
  const startOf = (thread: number) => Math.floor((work.count * thread) / threads);
  await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      const start = startOf(thread);
      const part = { ...work, first: work.first + start, count: startOf(thread + 1) - start };
      return judgePart(part, onPiece);
    }),
  );
}

function currenciesByDecimals(currencies: Record<string, number>): Record<string, number> {
  const groups = Object.groupBy(Object.keys(currencies), (currency) => String(minorDigits(currency)));
  return Object.fromEntries(Object.entries(groups).map(([digits, codes]) => [digits, codes?.length ?? 0]));
}

function printTable(tally: Tally, seconds: number): void {
  const share = (count: number) => `${round((100 * count) / tally.count, 3)} %`;
  const row = (name: string, count: number) => [name, String(count), share(count)];
  const rows = [
    row('invoices', tally.count),
    row('equal to the minor unit', tally.equal),
    row('  with a rounding line', tally.roundingLines),
    row('parked', tally.parked),
    ...Object.entries(tally.parkedByCause).map(([cause, count]) => row(`  ${cause}`, count)),
    row('mismatches', tally.mismatches),
  ];
  process.stdout.write(`${table(['', 'count', 'share'], rows)}\n`);
  const decimals = Object.entries(currenciesByDecimals(tally.currencies))
    .map(([digits, count]) => `${count} with ${digits} decimals`)
    .join(', ');
  process.stdout.write(`\nCurrencies: ${decimals}. ${round(seconds, 1)} s.\n`);
  for (const example of tally.examples) process.stdout.write(`${example}\n`);
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      count: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
    },
  });
  const work = {
    seed: readWhole('seed', values.seed),
    first: readWhole('first', values.first),
    count: readWhole('count', values.count),
  };
  const started = performance.now();
  const bar = new SingleBar({
    format: '{bar} {value}/{total} invoices  {eta_formatted} left',
    noTTYOutput: false,
  });
  if (!values.json) bar.start(work.count, 0);
  const tally = emptyTally();
  await judgeAll(work, (piece) => {
    addTally(tally, piece);
    bar.update(tally.count);
  });
  bar.stop();
  if (tally.count !== work.count) throw new Error(`${tally.count} of ${work.count} invoices were judged`);

  const seconds = (performance.now() - started) / 1000;
  const { currencies, parkedByCause, ...counts } = tally;
  const shares = Object.entries(parkedByCause).map(([cause, count]) => [cause, count / tally.count]);
  const figures = {
    ...counts,
    parkedByCause: Object.fromEntries(shares) as Record<string, number>,
    currenciesByDecimals: currenciesByDecimals(currencies),
    seconds: round(seconds, 1),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else printTable(tally, seconds);
  process.exitCode = tally.mismatches > 0 || tally.parked / tally.count >= PARKED_LIMIT ? 1 : 0;
}

await run();
