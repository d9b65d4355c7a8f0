/** A backfill of a filled source, killed again and again, and judged by both simulators' own ledgers. */

import { localActor } from '../../src/cli/output.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { startWorkload, workloadProgress } from '../../src/demo/run.ts';
import { startWorld, type World } from '../../src/demo/world.ts';
import { type BackfillProgress, backfill, backfillProgress } from '../../src/operations/backfill.ts';
import { setConnection } from '../../src/operations/set-connection.ts';

export type BackfillProofOptions = {
  invoices: number;
  payments: number;
  kills: number;
  seed: number;
  tell?: (line: string) => void;
};

/** Rows of a list page of a backfill. */
const PAGE = 20;
const STALL_MS = 90_000;
const LOOK_MS = 250;
const KINDS = ['client', 'invoice', 'payment', 'credit'] as const;
const CALLED: Record<(typeof KINDS)[number], string> = {
  client: 'client',
  invoice: 'invoice',
  payment: 'payment',
  credit: 'credit_note',
};

export async function proveBackfill(options: BackfillProofOptions) {
  const world = await startWorld({ seed: options.seed, poll: true });
  try {
    // Nothing but the backfill may find the documents.
    await setConnection(world.parts, localActor(), {
      connection: world.connectionId,
      pollIntervalSeconds: 0,
    });
    const { invoices, payments, seed, tell = () => {} } = options;
    await startWorkload(world, { seed, invoices, payments, ratePerSecond: 100_000 });
    while (!(await workloadProgress(world)).done) await world.parts.clock.sleep(LOOK_MS);
    tell(`the source holds ${invoices} invoices and ${payments} payments`);
    const before = await sourceCalls(world);
    const startedAt = performance.now();
    const { id } = await backfill(world.parts, localActor(), { connection: world.connectionId });
    const { progress, kills } = await followAndKill(world, id, options);
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
    return { ...(await judge(world, progress, before)), kills, seconds };
  } finally {
    await world.close();
  }
}

/** Kills are spread evenly over the documents that have reached their end state. */
async function followAndKill(world: World, id: string, options: BackfillProofOptions) {
  const total = options.invoices + options.payments;
  const kills: { atSettled: number; listed: number }[] = [];
  let last = { settled: -1, at: performance.now() };
  for (;;) {
    const progress = await look(world, id);
    if (progress) {
      if (progress.settled !== last.settled) last = { settled: progress.settled, at: performance.now() };
      if (progress.state !== 'running' && progress.state !== 'listed') return { progress, kills };
      if (
        kills.length < options.kills &&
        progress.settled >= ((kills.length + 1) * total) / (options.kills + 1)
      ) {
        kills.push({ atSettled: progress.settled, listed: progress.listed });
        await world.crash();
        options.tell?.(`kill ${kills.length} at ${progress.settled} of ${total} settled`);
      }
    }
    if (performance.now() - last.at > STALL_MS) throw new Error('the backfill stands still');
    await world.parts.clock.sleep(LOOK_MS);
  }
}

/** Undefined while the database is just starting again. */
async function look({ parts }: World, id: string): Promise<BackfillProgress | undefined> {
  try {
    return await backfillProgress(parts, localActor(), { id });
  } catch {
    return undefined;
  }
}

async function sourceCalls(world: World): Promise<Record<string, number>> {
  return ((await world.askSource('GET', '/_control/ledger')) as Ledger).calls;
}

/**
 * Every page more than one undisturbed pass needs counts as twenty documents read again, and every single read as one:
 * the pages had brought those documents already.
 */
async function judge(world: World, progress: BackfillProgress, before: Record<string, number>) {
  const after = await sourceCalls(world);
  const made = (call: string) => (after[call] ?? 0) - (before[call] ?? 0);
  const listed = (kind: string) =>
    (progress.report?.figures ?? [])
      .filter((one) => one.kind === kind)
      .reduce((sum, one) => sum + one.listed, 0);
  const documents = KINDS.reduce((sum, kind) => sum + listed(kind), 0);
  const neededPages = KINDS.reduce((sum, kind) => sum + Math.max(1, Math.ceil(listed(kind) / PAGE)), 0);
  const pages = KINDS.reduce((sum, kind) => sum + made(`LIST ${CALLED[kind]}`), 0);
  const singleReads = KINDS.reduce((sum, kind) => sum + made(`GET ${CALLED[kind]}`), 0);
  const repeated = Math.max(0, pages - neededPages) * PAGE + singleReads;
  const { equal, lost, doubled, wrong, destination } = await world.compare();
  return {
    state: progress.state,
    pass: progress.pass,
    documents,
    copied: destination.documents,
    pages,
    neededPages,
    singleReads,
    repeatedPercent: Math.round((repeated * 10_000) / Math.max(1, documents)) / 100,
    equal,
    lost: lost.length,
    doubled: doubled.length,
    wrong: wrong.length,
    figures: progress.report?.figures ?? [],
  };
}
