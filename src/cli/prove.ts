/** `prove`: the connector under faults, seed by seed, with progress for people and a verdict for programs. */
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import { CHAOS } from '../prove/chaos.ts';
import { FAULT_CLASSES, FAULT_NAMES, type FaultName } from '../prove/fault-class.ts';
import { findingsOf, type ProofProgress, type ProofReport, runProof } from '../prove/proof.ts';
import { answer, say, sayAside, table } from './output.ts';

const DEFAULT_SEEDS = 20;

export type ProveOptions = {
  seeds?: number | undefined;
  seed?: number | undefined;
  faults?: string | undefined;
  minutes?: number | undefined;
  acts: number;
  json?: boolean | undefined;
};

export async function prove(options: ProveOptions): Promise<void> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
  const report = await runProof({
    seeds: options.seeds ?? (options.seed === undefined ? DEFAULT_SEEDS : 1),
    firstSeed: options.seed ?? 1,
    acts: options.acts,
    faults: options.faults === undefined ? undefined : readFaults(options.faults),
    minutes: options.minutes,
    chaos: options.seed === undefined && options.faults === undefined,
    tell: (progress) => tell(progress, options),
    say: sayAside,
    stopping: stopping.signal,
  });
  answer(options.json, report, (shown) => show(shown));
  process.exitCode = stopping.signal.aborted ? 130 : report.good ? 0 : 1;
}

function readFaults(text: string): FaultName[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const known = FAULT_NAMES.find((candidate) => candidate === name.trim());
    if (known) return known;
    throw new UsageError(`There is no class of faults "${name}".`, `Known: ${FAULT_NAMES.join(', ')}, none.`);
  });
}

/** Progress goes to standard error: with --json the report is alone on standard output. */
function tell({ verdict, done, of, seconds }: ProofProgress, { json, acts }: ProveOptions): void {
  const faults = sum(verdict.faults);
  const end = verdict.good ? pc.green('all accounted for') : pc.red('NOT GOOD');
  const line = `seed ${verdict.seed} (${done} of ${of}): ${verdict.documents} documents, ${verdict.events} events, ${faults} faults: ${end}`;
  if (json !== true || !verdict.good) sayAside(`${line} ${pc.dim(`${seconds} s`)}`);
  if (verdict.good) return;
  for (const finding of findingsOf(verdict)) sayAside(`  ${pc.red(finding)}`);
  sayAside(`  again: ml-connector prove --seed ${verdict.seed} --acts ${acts}`);
}

function show(report: ProofReport): void {
  const { naive } = report;
  say('');
  say(
    table(
      ['', 'this connector', 'a plain flow, same faults'],
      [
        ['documents judged', String(report.documents), `${naive.documents} (only those never changed later)`],
        ['lost', String(report.lost), String(naive.lost)],
        ['booked twice', String(report.doubled), String(naive.doubled)],
        ['wrong amount, date or state', String(report.wrong), String(naive.wrong)],
        [
          'left for a person, with a reason',
          String(sum(report.parked)),
          `${naive.givenUp} given up in its error list`,
        ],
        ['promises about the audit broken', String(report.broken), 'keeps none'],
      ],
    ),
  );
  say('');
  const faults = FAULT_NAMES.map((name) => [String(report.faults[name] ?? 0), FAULT_CLASSES[name]]);
  say(table(['times', 'what went wrong on the way'], faults));
  if (report.chaos) {
    const { rounds } = report.chaos;
    const told = rounds.map(({ kind, recoveredMs }) => [
      CHAOS[kind],
      recoveredMs === undefined
        ? pc.red('not within a minute')
        : `${recoveredMs} ms after the database was back`,
    ]);
    say(`\n${table(['under the running service', 'it worked again'], told)}`);
  }
  const reasons = Object.entries(report.parked).map(([code, count]) => [String(count), code]);
  if (reasons.length > 0) say(`\n${table(['records', 'why a person is asked'], reasons)}`);
  say('');
  const told = `${report.seeds} seeds, ${report.events} events, ${sum(report.faults)} faults, ${report.seconds} s`;
  say(
    report.good
      ? pc.green(`Nothing lost, nothing doubled, not a cent wrong: ${told}.`)
      : pc.red(`NOT PROVED: ${told}; see the seeds ${report.badSeeds.join(', ')}.`),
  );
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
