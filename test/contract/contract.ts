/** `npm run contract`: what the connector sends and the simulator answers, against the official OpenAPI core. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import { startWorkload, workloadProgress } from '../../src/demo/run.ts';
import { startWorld } from '../../src/demo/world.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { exercise } from './exercise.ts';
import { findOpenApi } from './find-document.ts';
import { loadJudge } from './openapi.ts';
import { createTally, type Tally } from './tally.ts';

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
  const path = findOpenApi();
  if (path === undefined) {
    const reason = 'The official OpenAPI core is not at hand: set ZUORA_OPENAPI to check the contract.';
    print({ available: false, reason });
    return 0;
  }
  const tally = createTally(loadJudge(path));
  if (values.from !== undefined) await readRecording(values.from, tally);
  else {
    await exercise(tally.see);
    if (!values['no-world']) await liveInAWorld(tally);
  }
  const figures = tally.figures();
  print(figures);
  const isCovered = values.from !== undefined || figures.uncovered.length === 0;
  return figures.violations === 0 && isCovered ? 0 : 1;
}

/** The whole service with its workers, both simulators and a workload of people. */
async function liveInAWorld(tally: Tally): Promise<void> {
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
  await readRecording(file, tally);
  await rm(folder, { recursive: true, force: true });
}

async function readRecording(file: string, tally: Tally): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    tally.see(JSON.parse(line) as Exchange);
  }
}

function print(figures: Record<string, unknown>): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  for (const [name, value] of Object.entries(figures)) {
    const shown = typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
    process.stdout.write(`${name.padEnd(20)} ${shown}\n`);
  }
}

process.exitCode = await run();
