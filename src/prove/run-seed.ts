/** One seed: a history is played under faults, everything comes to rest, and two auditors judge. */
import { sql } from 'kysely';
import { type Audit, audit, type Finding } from './auditor.ts';
import { FAULT_NAMES, type FaultName, type Over, type Strike } from './fault-class.ts';
import { reconnect, replayParked } from './operator.ts';
import type { ProofServer } from './server.ts';
import { clocks, crash, database, restore, twoWorkers, upgrade } from './strikes-inside.ts';
import {
  answerLost,
  forged,
  keysForgotten,
  movingSource,
  outages,
  rateLimits,
  requestLost,
  tokens,
  webhooks,
} from './strikes-outside.ts';
import { readStandings, watchTrail } from './trail-auditor.ts';
import { letThemWork, patiently } from './work.ts';
import { between, createWorld, type ProofWorld, pickOne } from './world.ts';

const STRIKES: Record<FaultName, Strike> = {
  crash,
  database,
  'answer-lost': answerLost,
  'request-lost': requestLost,
  webhooks,
  forged,
  'rate-limits': rateLimits,
  outages,
  tokens,
  'moving-source': movingSource,
  clocks,
  'two-workers': twoWorkers,
  'keys-forgotten': keysForgotten,
  restore,
  upgrade,
};
/** Faults of calls are counted at the systems, so that only one such class may be at work in a turn. */
const AT_THE_SYSTEMS: ReadonlySet<FaultName> = new Set([
  'answer-lost',
  'request-lost',
  'rate-limits',
  'outages',
  'tokens',
  'keys-forgotten',
]);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export type SeedOptions = {
  seed: number;
  server: ProofServer;
  /** How many things users do. */
  acts: number;
  faults: readonly FaultName[];
  tell?: (line: string) => void;
  /** What else may be broken, in words. */
  also?: (world: ProofWorld) => Promise<string[]>;
};

export type SeedVerdict = {
  seed: number;
  acts: number;
  /** Things users did, by row of the money lifecycle. */
  rows: Readonly<Record<string, number>>;
  /** What told the connector to look. */
  events: number;
  faults: Record<FaultName, number>;
  documents: number;
  lost: Finding[];
  doubled: Finding[];
  wrong: Finding[];
  /** Broken promises about what was written down, and about coming to rest. */
  broken: string[];
  parked: Record<string, number>;
  /** Records that were looked at again by hand at the end. */
  replayed: number;
  sums: Audit['sums'];
  good: boolean;
};

export async function runSeed(options: SeedOptions): Promise<SeedVerdict> {
  const world = await createWorld(options);
  try {
    return await prove(world, options);
  } finally {
    await world.close();
  }
}

async function prove(
  world: ProofWorld,
  { seed, acts, faults, tell, also }: SeedOptions,
): Promise<SeedVerdict> {
  const trail = watchTrail(world);
  const counts = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<FaultName, number>;
  await settleCallbacks(world);
  const restless: string[] = [];
  for (let left = 1, turn = 1; left > 0; turn += 1) {
    world.beginTurn(turn);
    const overs: [FaultName, Over][] = [];
    const acting = between(world.random, 2, 7);
    const isPolled = world.random.next() < 0.4;
    const pause = pickOne(world.random, [0, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 13 * HOUR_MS]);
    for (const name of chooseFaults(world, faults)) overs.push([name, await STRIKES[name](world)]);
    left = world.source.act(acting);
    tell?.(`${overs.map(([name]) => name).join(', ') || 'calm'}; ${left} acts left`);
    if (isPolled) await patiently(world, world.poll()).catch(() => {});
    await letThemWork(world, 3 * MINUTE_MS);
    await world.server.ready();
    for (const [name, over] of overs) counts[name] += await patiently(world, Promise.resolve(over()));
    world.clock.advance(pause);
  }
  const replayed = await comeToRest(world, restless);
  const broken = [...restless, ...(await trail.judge()), ...((await also?.(world)) ?? [])];
  return judge(world, { seed, acts, counts, replayed, broken });
}

/** The first handshakes, as in every installation. */
async function settleCallbacks(world: ProofWorld): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await patiently(world, world.tendCallbacks());
    await letThemWork(world, 0);
  }
}

function chooseFaults({ random }: ProofWorld, allowed: readonly FaultName[]): FaultName[] {
  if (allowed.length === 0) return [];
  const chosen = new Set([pickOne(random, allowed)]);
  while (random.next() < 0.4) {
    const another = pickOne(random, allowed);
    const isSecond = AT_THE_SYSTEMS.has(another) && [...chosen].some((name) => AT_THE_SYSTEMS.has(name));
    if (!isSecond) chosen.add(another);
  }
  return [...chosen];
}

/** No more faults: what is late arrives, what was missed is found, a person looks once at what is parked. */
async function comeToRest(world: ProofWorld, restless: string[]): Promise<number> {
  world.source.calm();
  world.destination.calm();
  for (let round = 0; round < 3; round += 1) {
    await reconnect(world);
    await patiently(world, world.poll());
    if (!(await letThemWork(world, 8 * DAY_MS))) restless.push('the work does not come to rest');
    world.clock.advance(25 * HOUR_MS);
  }
  const replayed = await replayParked(world);
  if (!(await letThemWork(world, 8 * DAY_MS))) restless.push('the work does not come to rest after a replay');
  return replayed;
}

async function judge(
  world: ProofWorld,
  told: {
    seed: number;
    acts: number;
    counts: Record<FaultName, number>;
    replayed: number;
    broken: string[];
  },
): Promise<SeedVerdict> {
  const prefix = await readPrefix(world);
  const { findings, parked, documents, sums } = audit(
    world.source.ledger(),
    world.destination.ledger(),
    prefix,
    await readStandings(world),
  );
  const unequal = listUnequal(sums);
  const of = (verdict: Finding['verdict']) => findings.filter((finding) => finding.verdict === verdict);
  const { rows } = await sql<{ count: bigint }>`select count(*) as count from events`.execute(
    world.observer().db,
  );
  return {
    seed: told.seed,
    acts: told.acts,
    rows: world.source.rows(),
    events: Number(rows[0]?.count ?? 0n),
    faults: told.counts,
    documents,
    lost: of('lost'),
    doubled: of('doubled'),
    wrong: of('wrong'),
    broken: [...told.broken, ...unequal],
    parked,
    replayed: told.replayed,
    sums,
    good: findings.length === 0 && told.broken.length === 0 && unequal.length === 0,
  };
}

/** Sums cannot differ where no document does; they are added up apart all the same. */
function listUnequal(sums: Audit['sums']): string[] {
  return Object.entries(sums).flatMap(([currency, figures]) =>
    Object.entries(figures).flatMap(([figure, { source, destination }]) =>
      source === destination ? [] : [`${figure} in ${currency}: ${destination} instead of ${source}`],
    ),
  );
}

async function readPrefix(world: ProofWorld): Promise<string> {
  const open = await world.job('read', ({ parts }) => parts.runtime.open(world.connectionId));
  return open?.source.identity.prefix ?? '';
}
