/** `npm run contract`: what the connector sends and the simulator answers, against our own document and the official one. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Exchange, ExchangeListener } from '../../src/connectors/zuora/simulator/exchange.ts';
import { startWorkload, workloadProgress } from '../../src/demo/run.ts';
import { startWorld } from '../../src/demo/world.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listDocuments, NO_OFFICIAL_ONE } from './documents.ts';
import { exercise } from './exercise.ts';
import { type ContractFigures, createTally } from './tally.ts';

const WORLD = { seed: 4, invoices: 40, payments: 30 };
const WORLD_PATIENCE_MS = 120_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Only the connector's own calls, without a whole service beside it. */
    'no-world': { type: 'boolean', default: false },
    /** Judges exchanges that a simulator wrote with --record. */
    from: { type: 'string' },
  },
});

async function run(): Promise<number> {
  const tallies = listDocuments().map(createTally);
  const see: ExchangeListener = (exchange) => {
    for (const tally of tallies) tally.see(exchange);
  };
  if (values.from !== undefined) await readRecording(values.from, see);
  else {
    await exercise(see);
    if (!values['no-world']) await liveInAWorld(see);
  }
  const judged = tallies.map((tally) => tally.figures());
  print(judged);
  const isGood = judged.every(
    ({ violations, uncovered }) => violations === 0 && (values.from !== undefined || uncovered.length === 0),
  );
  return isGood ? 0 : 1;
}

/** The whole service with its workers, both simulators and a workload of people. */
async function liveInAWorld(see: ExchangeListener): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-connector-contract-'));
  const file = join(folder, 'exchanges.jsonl');
  const world = await startWorld({
    seed: WORLD.seed,
    poll: true,
    destinationArguments: ['--record', file],
  });
  try {
    await startWorkload(world, { ...WORLD, ratePerSecond: 6 });
    const deadline = systemClock.now() + WORLD_PATIENCE_MS;
    for (;;) {
      await systemClock.sleep(500);
      const { done } = await workloadProgress(world);
      if (done && (await world.compare()).equal) break;
      if (systemClock.now() > deadline) throw new Error('the world did not become equal in time');
    }
  } finally {
    await world.close();
  }
  await readRecording(file, see);
  await rm(folder, { recursive: true, force: true });
}

async function readRecording(file: string, see: ExchangeListener): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    see(JSON.parse(line) as Exchange);
  }
}

function print(judged: readonly ContractFigures[]): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(judged)}\n`);
    return;
  }
  for (const [name, value] of judged.flatMap((figures) => Object.entries(figures))) {
    const shown = typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
    process.stdout.write(`${name === 'document' ? '\n' : ''}${name.padEnd(20)} ${shown}\n`);
  }
  if (judged.length === 1) process.stdout.write(`\n${NO_OFFICIAL_ONE}\n`);
}

process.exitCode = await run();
