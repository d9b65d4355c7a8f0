/** Sync: how many invoices per second reach the destination and are read back, and how long one takes at a calm pace. */
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { startWorkload, workloadProgress } from '../src/demo/run.ts';
import { startWorld, type World } from '../src/demo/world.ts';
import { printFigures, readWhole, round } from './figures.ts';

/** Limits out of the way: this measures us, not the vendors' quotas. */
const NO_LIMIT = '1000000';
const FLOOD_PER_SECOND = 100_000;
const STALL_MS = 30_000;
const LOOK_MS = 250;

type Phase = { invoices: number; payments: number; ratePerSecond: number; seed: number };

type Told = {
  invoices: number;
  payments: number;
  seconds: number;
  p50: number;
  p95: number;
  parked: number;
  unsettled: number;
};

/** Of documents first seen since `since`: from the acceptance of an event to its end state after the read-back. */
async function tell({ parts }: World, since: Date): Promise<Told> {
  const { rows } = await sql<Told>`
    with told as (
      select d.kind, d.state, e.received_at, e.settled_at, extract(epoch from e.settled_at - e.received_at)::float8 * 1000 as ms
      from events e join documents d on d.id = e.document_id
      where e.origin = 'webhook' and e.received_at >= ${since})
    select (select count(*) from documents where kind = 'invoice' and state = 'synced' and first_seen_at >= ${since})::int as invoices,
      (select count(*) from documents where kind = 'payment' and state = 'synced' and first_seen_at >= ${since})::int as payments,
      (select count(*) from documents where state = 'parked')::int as parked,
      (select count(*) from events where settled_at is null)::int as unsettled,
      extract(epoch from max(settled_at) - min(received_at))::float8 as seconds,
      percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.95) within group (order by ms) as p95
    from told`.execute(parts.db);
  const [row] = rows;
  if (!row) throw new Error('an aggregate without a row');
  return row;
}

/** Lets simulated people work, and waits until the ledgers are equal and every event has its end state. */
async function runPhase(world: World, phase: Phase): Promise<Told & { equal: boolean }> {
  const since = new Date();
  await startWorkload(world, phase);
  let changedAt = performance.now();
  let last = '';
  for (;;) {
    await world.parts.clock.sleep(LOOK_MS);
    const { done } = await workloadProgress(world);
    const told = await tell(world, since);
    if (done && told.unsettled === 0 && (await world.compare()).equal) return { ...told, equal: true };
    const now = JSON.stringify(told);
    if (now !== last || !done) changedAt = performance.now();
    last = now;
    if (performance.now() - changedAt > STALL_MS) return { ...told, equal: false };
  }
}

/** Transactions of all processes so far, read-only ones included. */
async function countTransactions({ parts }: World): Promise<number> {
  const { rows } = await sql<{
    n: bigint;
  }>`select xact_commit as n from pg_stat_database where datname = current_database()`.execute(parts.db);
  return Number(rows[0]?.n ?? 0n);
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      invoices: { type: 'string', default: '300' },
      payments: { type: 'string', default: '0' },
      lanes: { type: 'string', default: '8' },
      pace: { type: 'string', default: '5' },
      'paced-invoices': { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      'cpu-profile': { type: 'string' },
    },
  });
  const seed = readWhole('seed', values.seed);
  const profiling = values['cpu-profile'];
  const world = await startWorld({
    seed,
    poll: false,
    sourceArguments: ['--rate-limit', NO_LIMIT],
    environment: {
      ML_LANES: values.lanes,
      ...(profiling === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiling}` }),
    },
  });
  try {
    await world.askDestination('PUT', '/_control/faults', { lockContentionChance: 0 });
    const before = await countTransactions(world);
    const flood = await runPhase(world, {
      invoices: readWhole('invoices', values.invoices),
      payments: readWhole('payments', values.payments),
      ratePerSecond: FLOOD_PER_SECOND,
      seed,
    });
    const transactions = (await countTransactions(world)) - before;
    const paced = await runPhase(world, {
      invoices: readWhole('paced-invoices', values['paced-invoices']),
      payments: 0,
      ratePerSecond: readWhole('pace', values.pace),
      seed: seed + 1,
    });
    const { lost, doubled, wrong, calls, rateLimited } = await world.compare();
    const good = flood.equal && paced.equal && doubled.length === 0 && paced.parked === 0;
    printFigures(
      {
        invoicesPerSecond: round(flood.invoices / flood.seconds, 1),
        documentsPerSecond: round((flood.invoices + flood.payments) / flood.seconds, 1),
        transactionsPerDocument: round(transactions / (flood.invoices + flood.payments), 1),
        p50Ms: round(paced.p50),
        p95Ms: round(paced.p95),
        invoices: flood.invoices,
        payments: flood.payments,
        seconds: round(flood.seconds, 1),
        pacedInvoices: paced.invoices,
        good,
        parked: paced.parked,
        lost: lost.length,
        doubled: doubled.length,
        wrong: wrong.length,
        rateLimited,
        calls,
      },
      values.json,
    );
    process.exitCode = good ? 0 : 1;
  } finally {
    await world.close();
  }
}

await run();
