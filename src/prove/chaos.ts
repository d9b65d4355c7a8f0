/** What a database can do to a running service: real processes, the built-in PostgreSQL as users run it, real time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { startWorld, type World } from '../demo/world.ts';
import { monotonicMs, systemClock } from '../platform/clock.ts';
import { findRunningPostgres } from '../platform/postgres/owner-record.ts';

export const CHAOS = {
  restart: 'PostgreSQL is stopped and starts again',
  'crash recovery': 'PostgreSQL is killed and recovers from its log',
  'repeated kills': 'PostgreSQL is killed three times in a row',
  'backend kill': 'every connection is cut',
  'no connection left': 'others hold every connection for five seconds',
} as const;
export type ChaosKind = keyof typeof CHAOS;

export type ChaosRound = {
  kind: ChaosKind;
  /** From the moment at which the database answers again to the next event that has its end state. */
  recoveredMs: number | undefined;
};

export type ChaosReport = {
  rounds: ChaosRound[];
  /** How many rounds ended within ten seconds of the database's return, without anybody's help. */
  recovered: number;
  documents: number;
  lost: number;
  doubled: number;
  wrong: number;
  good: boolean;
};

const LONGEST_RECOVERY_MS = 10_000;
const LONGEST_RETURN_MS = 60_000;
const LONGEST_END_MS = 120_000;
const LOOK_MS = 50;
const RATE_PER_SECOND = 4;
const HELD_MS = 5_000;

export async function proveChaos(options: {
  seed: number;
  tell: (line: string) => void;
}): Promise<ChaosReport> {
  const world = await startWorld({ seed: options.seed, poll: false });
  try {
    await world.askSource('POST', '/_control/workload', {
      seed: options.seed,
      endless: true,
      ratePerSecond: RATE_PER_SECOND,
    });
    const rounds: ChaosRound[] = [];
    for (const kind of Object.keys(CHAOS) as ChaosKind[]) {
      await untilSettled(world, systemClock.now(), LONGEST_RETURN_MS);
      await STRIKES[kind](world);
      await untilAnswered(world);
      const recoveredMs = await untilSettled(world, systemClock.now(), LONGEST_RETURN_MS);
      rounds.push({ kind, recoveredMs });
      options.tell(`${CHAOS[kind]}: works again after ${recoveredMs ?? 'more than 60,000'} ms`);
    }
    await world.askSource('DELETE', '/_control/workload');
    const { lost, doubled, wrong, source, equal } = await untilEqual(world);
    const recovered = rounds.filter(
      ({ recoveredMs = Infinity }) => recoveredMs <= LONGEST_RECOVERY_MS,
    ).length;
    return {
      rounds,
      recovered,
      documents: source.documents.invoices + source.documents.payments,
      lost: lost.length,
      doubled: doubled.length,
      wrong: wrong.length,
      good: equal && recovered === rounds.length,
    };
  } finally {
    await world.close();
  }
}

const STRIKES: Record<ChaosKind, (world: World) => Promise<void>> = {
  restart: (world) => endPostmaster(world, 'SIGINT'),
  'crash recovery': (world) => endPostmaster(world, 'SIGKILL'),
  async 'repeated kills'(world) {
    for (let count = 0; count < 3; count += 1) {
      await endPostmaster(world, 'SIGKILL');
      await untilAnswered(world);
    }
  },
  async 'backend kill'(world) {
    const client = await connect(world);
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    );
    await client.end();
  },
  async 'no connection left'(world) {
    const held: pg.Client[] = [];
    // Until PostgreSQL refuses one more.
    for (let more = true; more; )
      more = await connect(world).then(
        (client) => held.push(client) > 0,
        () => false,
      );
    await systemClock.sleep(HELD_MS);
    await Promise.allSettled(held.map((client) => client.end()));
  },
};

async function connect({ dataDir }: World): Promise<pg.Client> {
  const connection = await findRunningPostgres(dataDir);
  if (!connection) throw new Error('the database is not running');
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Resolves when that process is not the one that is written down any more. */
async function endPostmaster({ dataDir }: World, signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  const pid = readPid(file);
  if (pid === undefined) throw new Error('the database is not running');
  process.kill(pid, signal);
  await until(LONGEST_RETURN_MS, async () => readPid(file) !== pid && readPid(file) !== undefined);
}

function readPid(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return undefined;
  }
}

async function untilAnswered(world: World): Promise<void> {
  await until(LONGEST_RETURN_MS, async () => {
    const client = await connect(world);
    await client.query('select 1');
    await client.end();
    return true;
  });
}

/** Milliseconds until an event gets its end state that is later than `since`. */
async function untilSettled({ parts }: World, since: number, mostMs: number): Promise<number | undefined> {
  const begun = monotonicMs();
  const isSettled = async () => {
    const { rows } = await sql`select 1 from events where settled_at > ${new Date(since)} limit 1`.execute(
      parts.db,
    );
    return rows.length > 0;
  };
  return (await until(mostMs, isSettled)) ? Math.round(monotonicMs() - begun) : undefined;
}

async function untilEqual(world: World) {
  const isEqual = async () => (await world.compare()).equal;
  await until(LONGEST_END_MS, isEqual);
  return world.compare();
}

/** What fails while the database is away is tried again. */
async function until(mostMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (const begun = monotonicMs(); monotonicMs() - begun < mostMs; await systemClock.sleep(LOOK_MS))
    if (await isSo().catch(() => false)) return true;
  return false;
}
