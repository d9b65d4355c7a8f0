/** Many seeds, each once with the connector and once with the naive flow, and what became of their documents. */

import { formatMoney, parseMoney, sumMoney } from '../core/money.ts';
import { systemClock } from '../platform/clock.ts';
import { createLog } from '../platform/log.ts';
import type { Audit, CurrencySums } from './auditor.ts';
import { type ChaosReport, proveChaos } from './chaos.ts';
import { FAULT_NAMES, type FaultName } from './fault-class.ts';
import { type NaiveVerdict, runNaive } from './naive.ts';
import { runSeed, type SeedVerdict } from './run-seed.ts';
import { startProofServer } from './server.ts';

export type ProofOptions = {
  /** How many seeds, beginning with `firstSeed`. */
  seeds: number;
  firstSeed: number;
  /** How many things users do in a seed. */
  acts: number;
  /** Only these; without them each class alone in its turn, and all mixed. */
  faults: readonly FaultName[] | undefined;
  /** Begins no seed after so long. */
  minutes: number | undefined;
  /** Whether the database is also brought down under the running service, as real processes. */
  chaos: boolean;
  tell: (told: ProofProgress) => void;
  /** Anything else, in words. */
  say: (line: string) => void;
  stopping?: AbortSignal;
};

export type ProofProgress = {
  verdict: SeedVerdict;
  done: number;
  of: number;
  seconds: number;
};

type Counts = Record<string, number>;

export type NaiveReport = {
  seeds: number;
  documents: number;
  lost: number;
  doubled: number;
  wrong: number;
  givenUp: number;
};

export type ProofReport = {
  good: boolean;
  seeds: number;
  firstSeed: number;
  /** Those in which something was lost, doubled, wrong or left undone. */
  badSeeds: number[];
  acts: number;
  events: number;
  documents: number;
  faults: Counts;
  lost: number;
  doubled: number;
  wrong: number;
  /** Broken promises about the audit, the lanes, and coming to rest. */
  broken: number;
  /** Waiting for a person at the end, by reason. */
  parked: Counts;
  replayed: number;
  /** Things users did, by row of the money lifecycle. */
  rows: Counts;
  /** By currency, over all documents that have a counterpart; both sides, in the currency's own decimals. */
  sums: Audit['sums'];
  findings: { seed: number; text: string }[];
  naive: NaiveReport;
  chaos: ChaosReport | undefined;
  seconds: number;
};

/** The first of every twenty seeds meet one class each; the others meet all of them mixed. */
const ROUND = 20;

function faultsOf(seed: number): readonly FaultName[] {
  const alone = FAULT_NAMES[(seed - 1) % ROUND];
  return alone === undefined ? FAULT_NAMES : [alone];
}

export async function runProof(options: ProofOptions): Promise<ProofReport> {
  const startedAt = systemClock.now();
  const seconds = () => Math.round((systemClock.now() - startedAt) / 100) / 10;
  const report = emptyReport(options);
  const server = await startProofServer(createLog({ level: 'silent', pretty: false }));
  try {
    for (let done = 0; done < options.seeds; done += 1) {
      const isLate = options.minutes !== undefined && seconds() > options.minutes * 60;
      if (isLate || options.stopping?.aborted === true) break;
      const seed = options.firstSeed + done;
      const faults = options.faults ?? faultsOf(seed);
      try {
        const verdict = await runSeed({ seed, acts: options.acts, faults, server });
        addSeed(report, verdict);
        options.tell({ verdict, done: done + 1, of: options.seeds, seconds: seconds() });
        addNaive(report.naive, await runNaive({ seed, acts: options.acts, faults }));
      } catch (error) {
        // A seed that nobody could judge is no good one; the others go on.
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        report.badSeeds.push(seed);
        report.findings.push({ seed, text });
        options.say(`seed ${seed} could not be judged: ${text}`);
      }
    }
  } finally {
    await server.stop();
  }
  if (options.chaos && options.stopping?.aborted !== true)
    report.chaos = await proveChaos({ seed: options.firstSeed, tell: options.say });
  const good = report.badSeeds.length === 0 && report.seeds > 0 && report.chaos?.good !== false;
  return { ...report, good, seconds: seconds() };
}

function emptyReport({ firstSeed }: ProofOptions): ProofReport {
  return {
    good: false,
    seeds: 0,
    firstSeed,
    badSeeds: [],
    acts: 0,
    events: 0,
    documents: 0,
    faults: Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])),
    lost: 0,
    doubled: 0,
    wrong: 0,
    broken: 0,
    parked: {},
    replayed: 0,
    rows: {},
    sums: {},
    findings: [],
    naive: { seeds: 0, documents: 0, lost: 0, doubled: 0, wrong: 0, givenUp: 0 },
    chaos: undefined,
    seconds: 0,
  };
}

function addSeed(report: ProofReport, verdict: SeedVerdict): void {
  report.seeds += 1;
  report.acts += verdict.acts;
  report.events += verdict.events;
  report.documents += verdict.documents;
  report.lost += verdict.lost.length;
  report.doubled += verdict.doubled.length;
  report.wrong += verdict.wrong.length;
  report.broken += verdict.broken.length;
  report.replayed += verdict.replayed;
  addCounts(report.faults, verdict.faults);
  addCounts(report.parked, verdict.parked);
  addCounts(report.rows, verdict.rows);
  report.sums = addSums(report.sums, verdict.sums);
  if (!verdict.good) report.badSeeds.push(verdict.seed);
  for (const text of findingsOf(verdict)) report.findings.push({ seed: verdict.seed, text });
}

export function findingsOf({ lost, doubled, wrong, broken }: SeedVerdict): string[] {
  return [
    ...[...lost, ...doubled, ...wrong].map((one) => `${one.verdict} ${one.document}: ${one.text}`),
    ...broken,
  ];
}

function addNaive(report: NaiveReport, { documents, lost, doubled, wrong, givenUp }: NaiveVerdict): void {
  report.seeds += 1;
  report.documents += documents;
  report.lost += lost.length;
  report.doubled += doubled.length;
  report.wrong += wrong.length;
  report.givenUp += givenUp;
}

function addSums(before: Audit['sums'], more: Audit['sums']): Audit['sums'] {
  const currencies = [...new Set([...Object.keys(before), ...Object.keys(more)])].sort();
  return Object.fromEntries(
    currencies.map((currency) => {
      const plus = (figure: keyof CurrencySums, side: 'source' | 'destination') => {
        const texts = [before[currency]?.[figure][side], more[currency]?.[figure][side]];
        const amounts = texts.flatMap((text) => (text === undefined ? [] : [parseMoney(text, currency)]));
        return formatMoney(sumMoney(amounts, currency));
      };
      const both = (figure: keyof CurrencySums) => ({
        source: plus(figure, 'source'),
        destination: plus(figure, 'destination'),
      });
      return [
        currency,
        { invoiced: both('invoiced'), outstanding: both('outstanding'), received: both('received') },
      ];
    }),
  );
}

function addCounts(sum: Counts, more: Readonly<Counts>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}
