/** What the end-to-end tests share: a world of real processes, judged by the simulators' own books. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { startWorld, type World, type WorldOptions } from '../../src/demo/world.ts';
import { listBrokenTrails } from '../../src/store/trail-chains.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LOOK_MS = 200;

/** Far above what one machine can use: the tests measure guarantees, not FreshBooks' patience. */
const UNHURRIED = ['--rate-limit', '60000'];

export function startTestWorld(options: Partial<WorldOptions> & { seed: number }): Promise<World> {
  return startWorld({ poll: false, sourceArguments: UNHURRIED, ...options });
}

export type Run = {
  code: number | null;
  /** What ended it, where no exit code does. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  json: unknown;
};

type RunOptions = { environment?: Record<string, string>; cwd?: string; timeoutMs?: number };

/** A program as a child process, awaited. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  return { code, signal, stdout, stderr, json: parse(stdout) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The command line, with nothing of this process's environment but the way to programs and what belongs to the test run. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const environment = { ...ofTheRun(), ...options.environment };
  return runProgram(process.execPath, [MAIN, ...args], { ...options, environment });
}

/** Simulators that it starts are recorded for the contract check (test/kit/contract-setup.ts). */
function ofTheRun(): Record<string, string> {
  const { NODE_OPTIONS = '', ZUORA_EXCHANGES = '', NODE_COMPILE_CACHE = '' } = process.env;
  return { NODE_COMPILE_CACHE, ...(ZUORA_EXCHANGES === '' ? {} : { NODE_OPTIONS, ZUORA_EXCHANGES }) };
}

/** A command beside the running service, as the person who runs it would give it, with --json. */
export function command(world: World, ...args: string[]): Promise<Run> {
  return runCli([...args, '--json'], { environment: world.environment });
}

/** Throws, with the latest answer and the world's seed in the message, when it does not come true in time. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  isGood: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (isGood(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`${what} did not come true within ${timeoutMs / 1000} s: ${JSON.stringify(value)}`);
    }
    await sleep(LOOK_MS);
  }
}

export async function work(
  world: World,
  workload: { seed: number; invoices: number; payments: number; ratePerSecond?: number },
): Promise<void> {
  await world.askSource('POST', '/_control/workload', workload);
}

type Progress = { done: boolean; error?: string; invoicesMade: number; paymentsMade: number };

export async function worked(world: World, timeoutMs = 60_000): Promise<Progress> {
  return until(
    'the workload',
    async () => (await world.askSource('GET', '/_control/workload')) as Progress,
    (progress) => {
      if (progress.error !== undefined) throw new Error(`the simulated people stopped: ${progress.error}`);
      return progress.done;
    },
    timeoutMs,
  );
}

/** How many of the destination's documents are there. */
export async function countCopies(world: World): Promise<number> {
  const { documents } = (await world.compare()).destination;
  return documents.invoices + documents.payments;
}

/** Events without an end state; undefined while the database does not answer. */
export async function countUnsettled(world: World): Promise<number | undefined> {
  try {
    const { rows } = await sql<{
      count: bigint;
    }>`select count(*) from events where settled_at is null`.execute(world.parts.db);
    return Number(rows[0]?.count ?? 0n);
  } catch {
    return undefined;
  }
}

/**
 * Waits until both ledgers are equal and every accepted event has its end state; then nothing is lost, doubled,
 * wrong or parked, and every audit chain is unbroken.
 */
export async function expectEqual(
  world: World,
  options: { seed: number; timeoutMs?: number; invoices?: number; payments?: number },
): Promise<void> {
  const { seed, timeoutMs = 90_000, invoices, payments } = options;
  let last: unknown;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { equal, lost, doubled, wrong, source, destination } = await world.compare();
    const unsettled = await countUnsettled(world);
    last = { unsettled, lost, doubled, wrong, source: source.documents, destination: destination.documents };
    if (equal && unsettled === 0) break;
    if (performance.now() > deadline) break;
    await sleep(LOOK_MS);
  }
  const parked = await listParked(world).catch(String);
  const { equal, doubled, lost, wrong, destination } = await world.compare();
  const about = `seed ${seed}: ${JSON.stringify({ last, parked })}`;
  expect({ equal, doubled, lost, wrong, unsettled: await countUnsettled(world), parked }, about).toEqual({
    equal: true,
    doubled: [],
    lost: [],
    wrong: [],
    unsettled: 0,
    parked: [],
  });
  if (invoices !== undefined) expect(destination.documents.invoices, about).toBe(invoices);
  if (payments !== undefined) expect(destination.documents.payments, about).toBe(payments);
  expect(await brokenChains(world), about).toEqual([]);
}

async function listParked(world: World): Promise<{ kind: string; label: string; reason: unknown }[]> {
  return world.parts.db
    .selectFrom('documents')
    .select(['kind', 'label', 'reason'])
    .where('state', '=', 'parked')
    .orderBy('kind')
    .execute();
}

async function brokenChains(world: World): Promise<unknown[]> {
  return listBrokenTrails(world.parts.db, '');
}

/** One number from the database. */
export async function count(world: World, table: 'events' | 'documents' | 'rejections'): Promise<number> {
  const row = await world.parts.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Processes that have this text in their command line or working directory. Linux only. */
export async function listProcesses(needle: string): Promise<number[]> {
  const { readdir, readFile, readlink } = await import('node:fs/promises');
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const read = async (what: Promise<string>) => what.catch(() => '');
    const texts = await Promise.all([
      read(readFile(`/proc/${name}/cmdline`, 'utf8')),
      read(readFile(`/proc/${name}/environ`, 'utf8')),
      read(readlink(`/proc/${name}/cwd`)),
    ]);
    if (texts.some((text) => text.includes(needle))) found.push(Number.parseInt(name, 10));
  }
  return found;
}
