/** Ingest: signed deliveries per second that the real service stores durably, beside a bare INSERT per request. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { openInstallation } from '../src/app.ts';
import { startChild } from '../src/cli/children.ts';
import { loadConfig } from '../src/config.ts';
import { signForm } from '../src/connectors/freshbooks/simulator/signature.ts';
import { newId } from '../src/core/ids.ts';
import { freePort } from '../src/demo/world.ts';
import type { OperationParts } from '../src/operations/parts.ts';
import { insertCallback, markVerified } from '../src/store/callbacks.ts';
import { insertConnection } from '../src/store/connections.ts';
import { percentile, printFigures, readWhole, round } from './figures.ts';
import { type Delivery, type Load, sendAll } from './load.ts';

const SERVICE = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare.ts', import.meta.url));
const ACCOUNT = 'BENCH1';
const VERIFIER = 'scADVVi5QuKuj5qTjVkbJNYQe7V7USpGd';
const CALLBACK_PATH = 'bench';
const ROUNDS = 5;
/** Enough to compile the hot path and to tell how many deliveries fill a round. */
const WARM_UP = 3000;

const FIRST_OBJECT_ID = 100_000;

/** One for each document. */
function makeDeliveries(count: number): Delivery[] {
  return Array.from({ length: count }, (_, index) => {
    const pairs = [
      ['name', 'invoice.create'],
      ['object_id', String(FIRST_OBJECT_ID + index)],
      ['user_id', '1'],
      ['identity_id', '712052'],
      ['business_id', '6543'],
      ['account_id', ACCOUNT],
    ] as const;
    return {
      body: new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, value])).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-freshbooks-hmac-sha256': signForm(pairs, VERIFIER),
      },
    };
  });
}

/** A connection whose callback has been verified, without simulators: nobody fetches anything here. */
async function addVerifiedCallback({ db, vault }: OperationParts): Promise<void> {
  const now = new Date();
  const connectionId = newId(now.getTime());
  const id = newId(now.getTime());
  await insertConnection(
    db,
    {
      id: connectionId,
      name: 'bench',
      source: 'freshbooks',
      destination: 'zuora',
      settings: { source: { accountId: ACCOUNT }, destination: {} },
      webhooksEnabled: true,
      pollIntervalSeconds: 0,
    },
    now,
  );
  const callback = { id, connectionId, topic: 'invoice', role: 'current' as const, path: CALLBACK_PATH };
  await insertCallback(db, vault, callback, now);
  await markVerified(db, vault, callback, VERIFIER, now);
}

/** Accepted deliveries as they are stored: what says the same again before anybody looks is counted in one event. */
async function countStored({ db }: OperationParts): Promise<{ deliveries: number; events: number }> {
  const { rows } = await sql<{ deliveries: bigint; events: bigint }>`
    select coalesce(sum(1 + repeats), 0) as deliveries, count(*) as events from events`.execute(db);
  return { deliveries: Number(rows[0]?.deliveries ?? 0n), events: Number(rows[0]?.events ?? 0n) };
}

type Side = { url: string; amount: number; rounds: Load[] };

const rateOf = ({ ok, seconds }: Load) => ok / seconds;
const median = (samples: readonly number[]) => percentile(samples, 0.5);

function summarise({ rounds }: Side) {
  const latencies = rounds.flatMap((load) => load.latenciesMs);
  const each = rounds.map((load) => round(rateOf(load)));
  return {
    perSecond: median(each),
    p50Ms: round(median(latencies), 2),
    p99Ms: round(percentile(latencies, 0.99), 2),
    each,
  };
}

/** Alternates, and compares neighbouring rounds with each other: whatever else the machine does hits both. */
async function alternate(
  [ours, bare]: readonly [Side, Side],
  deliveries: readonly Delivery[],
  { seconds, connections }: { seconds: number; connections: number },
): Promise<void> {
  for (const side of [ours, bare]) {
    const warm = await sendAll(side.url, deliveries, { amount: side.amount, connections });
    if (warm.ok !== side.amount) throw new Error(`${side.url} refused ${side.amount - warm.ok} deliveries`);
    side.amount = Math.max(connections, round((rateOf(warm) * seconds) / ROUNDS));
  }
  for (let index = 0; index < ROUNDS; index += 1) {
    for (const side of [ours, bare]) {
      side.rounds.push(await sendAll(side.url, deliveries, { amount: side.amount, connections }));
    }
  }
}

async function judge(parts: OperationParts, ours: Side, bare: Side) {
  const mine = summarise(ours);
  const theirs = summarise(bare);
  const sent = ROUNDS * ours.amount;
  const accepted = ours.rounds.reduce((sum, load) => sum + load.ok, 0);
  const { deliveries, events } = await countStored(parts);
  const stored = deliveries - WARM_UP;
  const ratios = ours.rounds.map((load, index) => rateOf(load) / rateOf(bare.rounds[index] ?? load));
  return {
    requestsPerSecond: mine.perSecond,
    p50Ms: mine.p50Ms,
    p99Ms: mine.p99Ms,
    bareRequestsPerSecond: theirs.perSecond,
    bareP50Ms: theirs.p50Ms,
    bareP99Ms: theirs.p99Ms,
    ratioToBare: round(median(ratios), 2),
    good: accepted === sent && stored === accepted,
    sent,
    accepted,
    stored,
    events,
    rounds: mine.each,
    bareRounds: theirs.each,
    ratios: ratios.map((ratio) => round(ratio, 2)),
  };
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '10' },
      connections: { type: 'string', default: '100' },
      documents: { type: 'string', default: '5000' },
      // As many as a web process has.
      pool: { type: 'string', default: '4' },
      'cpu-profile': { type: 'string' },
    },
  });
  const connections = readWhole('connections', values.connections);
  const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-bench-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })];
  try {
    const config = await loadConfig({ dataDir, port: await freePort(), logLevel: 'error' }, {});
    const profiling = values['cpu-profile'];
    const service = await startChild(
      [...(profiling ? ['--cpu-prof', `--cpu-prof-dir=${profiling}`] : []), SERVICE, 'start', '--json'],
      { ML_DATA_DIR: dataDir, ML_PORT: String(config.port), ML_LOG_LEVEL: 'error', ML_ROLE: 'web' },
    );
    closers.push(() => service.stop());
    const { parts, address, close } = await openInstallation(config, { working: false, attach: true });
    closers.push(close);
    await addVerifiedCallback(parts);
    const bareServer = await startChild([BARE], {
      BENCH_DATABASE: JSON.stringify('connection' in address ? address.connection : {}),
      BENCH_POOL: values.pool,
    });
    closers.push(() => bareServer.stop());

    const ours: Side = { url: `${config.publicUrl}/hooks/${CALLBACK_PATH}`, amount: WARM_UP, rounds: [] };
    const bare: Side = { url: String(bareServer.ready['url']), amount: WARM_UP, rounds: [] };
    await alternate([ours, bare], makeDeliveries(readWhole('documents', values.documents)), {
      seconds: readWhole('seconds', values.seconds),
      connections,
    });
    const figures = await judge(parts, ours, bare);
    printFigures(figures, values.json);
    process.exitCode = figures.good ? 0 : 1;
  } finally {
    for (const closer of closers.reverse()) await closer();
  }
}

await run();
