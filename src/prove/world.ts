/** A seed's world: both simulated systems, a real database, processes of the connector, and one clock for all. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { loadRehearsals, registry } from '../app.ts';
import { originOf } from '../core/addresses.ts';
import type { SimulatedDestination, SimulatedSource } from '../core/rehearsal.ts';
import { tendCallbacks } from '../engine/callbacks.ts';
import { onJobError } from '../engine/engine.ts';
import { createKnownSecretsFor } from '../engine/parts.ts';
import { pollConnection } from '../engine/poll.ts';
import { addConnection } from '../operations/add-connection.ts';
import type { Actor } from '../operations/context.ts';
import { type Random, seededRandom } from '../platform/clock.ts';
import { type Database, isConnectionLoss, openDatabase } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import { createSigner, newSigningKey } from '../platform/signing.ts';
import { createVault } from '../platform/vault.ts';
import type { DB } from '../store/schema.ts';
import { withSigner } from '../store/signer.ts';
import { createProofClock, type ProofClock } from './clock.ts';
import { openDoor, type ProofDoor } from './door.ts';
import { type OnReplicaCheckpoint, type Replica, startReplica } from './replica.ts';
import { OBSERVER, type ProofServer } from './server.ts';

export const OPERATOR: Actor = { name: 'proof:operator', role: 'admin' };
export const REDIRECT_URI = 'https://connector.test/oauth/callback';
const DAY_MS = 24 * 3_600_000;
/** Both nights of daylight saving in the source's zone, the end of a year, and a day without anything special. */
const BEGINNINGS = ['2026-03-07T20:30Z', '2026-10-31T22:10Z', '2026-12-30T12:00Z', '2026-06-17T15:00Z'];
const CURRENCIES = [
  ['USD', 'CAD', 'EUR'],
  ['USD', 'JPY', 'KWD'],
];
/** A history lies behind the day on which it is played. */
const HISTORY_DAYS = 62;

export type WorldOptions = { seed: number; acts: number; server: ProofServer };

export type ProofWorld = {
  readonly seed: number;
  readonly clock: ProofClock;
  /** For the plan of what goes wrong, in the same order each time; users have dice of their own. */
  readonly random: Random;
  /** What one turn has drawn changes nothing in the plan of the next. */
  beginTurn(turn: number): void;
  /** For what is decided while work is under way, in whatever order it comes. */
  readonly chance: Random;
  readonly log: Log;
  readonly source: SimulatedSource;
  readonly destination: SimulatedDestination;
  readonly door: ProofDoor;
  readonly connectionId: string;
  readonly server: ProofServer;
  readonly databaseName: string;
  /** Looks at the database from outside of all processes. */
  observer(): Database<DB>;
  /** Closes the observer's connections until it is to look again. */
  blind(): Promise<void>;
  look(): Promise<void>;
  /** Those that live, the oldest first. */
  replicas(): readonly Replica[];
  start(skewMs?: number): Replica;
  kill(replica: Replica): void;
  /** How often the database was put back: what was counted in it begins anew. */
  epoch(): number;
  forget(): void;
  /** Until what it gives is called. */
  onCheckpoint(listener: OnReplicaCheckpoint): () => void;
  /** A job of the connector, with what its worker does about errors. */
  job<T>(name: string, work: (replica: Replica) => Promise<T>): Promise<T | undefined>;
  poll(): Promise<void>;
  tendCallbacks(): Promise<void>;
  close(): Promise<void>;
};

export function pickOne<T>(random: Random, items: readonly [T, ...T[]] | readonly T[]): T {
  const item = items[Math.floor(random.next() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

export function between(random: Random, lowest: number, highest: number): number {
  return lowest + Math.floor(random.next() * (highest - lowest + 1));
}

export async function createWorld({ seed, acts, server }: WorldOptions): Promise<ProofWorld> {
  const { clock, source, destination } = await createSystems(seed, acts);
  let plan = seededRandom(seed);
  const log = pino({ level: 'silent' });
  const databaseName = `proof_${process.pid}_${seed}`;
  await server.copy(databaseName);
  const vault = createVault([new Uint8Array(32).fill(7)], createKnownSecretsFor(registry, clock));
  const signer = createSigner([newSigningKey(1)]);
  const listeners = new Set<OnReplicaCheckpoint>();
  let replicas: Replica[] = [];
  let ended: Replica[] = [];
  let started = 0;
  let epoch = 0;
  let watched: Database<DB> | undefined;
  const chance = seededRandom(seed * 7919 + 17);
  const door = await openDoor(() => pickLiving(chance, replicas));

  function start(skewMs = 0): Replica {
    started += 1;
    const replica = startReplica({
      name: `process-${started}`,
      seed: seed * 101 + started,
      connection: server.connectionTo(databaseName),
      clock,
      skewMs,
      registry,
      vault,
      signer,
      publicUrl: door.url,
      log,
      async onCheckpoint(...at) {
        for (const listener of listeners) await listener(...at);
      },
    });
    replicas.push(replica);
    return replica;
  }

  async function look(): Promise<void> {
    if (watched) return;
    const opened = await openDatabase<DB>({
      connection: server.connectionTo(databaseName),
      log,
      max: 3,
      applicationName: OBSERVER,
    });
    watched = { ...opened, db: withSigner(opened.db, signer) };
  }
  await look();

  const connectionId = await connect(start(), source.url, destination.url);
  const world: ProofWorld = {
    seed,
    clock,
    random: { next: () => plan.next() },
    beginTurn: (turn) => void (plan = seededRandom(seed * 7919 + turn * 104_729)),
    chance,
    log,
    source,
    destination,
    door,
    connectionId,
    server,
    databaseName,
    observer() {
      if (!watched) throw new Error('the observer is blind');
      return watched;
    },
    async blind() {
      await watched?.close();
      watched = undefined;
    },
    look,
    replicas: () => replicas,
    start,
    kill(replica) {
      replica.kill();
      replicas = replicas.filter((other) => other !== replica);
      ended.push(replica);
    },
    epoch: () => epoch,
    forget: () => void (epoch += 1),
    onCheckpoint(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async job(name, work) {
      const replica = pickLiving(chance, replicas) ?? start();
      return replica.run(() =>
        work(replica).catch(async (error: unknown) => {
          if (!replica.isAlive()) throw error;
          await onJobError(replica.parts, name, connectionId, error);
          return undefined;
        }),
      );
    },
    poll: () => world.job('poll', ({ parts }) => pollConnection(parts, parts.runtime, world.connectionId)),
    tendCallbacks: () =>
      world.job('callbacks', ({ parts }) =>
        tendCallbacks(parts, parts.runtime, world.connectionId, door.url),
      ),
    async close() {
      clock.close();
      for (const replica of [...replicas, ...ended]) await replica.close();
      ended = [];
      await door.close();
      await source.close();
      await destination.close();
      await world.blind();
      await server.drop(databaseName);
    },
  };
  return world;
}

function pickLiving(random: Random, replicas: readonly Replica[]): Replica | undefined {
  return replicas.length === 0 ? undefined : pickOne(random, replicas);
}

/** The two systems of a seed and the time they live in, with a history that users will play. */
export async function createSystems(seed: number, acts: number) {
  const random = seededRandom(seed * 7919 + 13);
  const startAt = Date.parse(pickOne(random, BEGINNINGS));
  const clock = createProofClock(startAt);
  const { rehearseDestination, rehearseSource } = await loadRehearsals();
  const history = {
    seed,
    clients: between(random, 2, 4),
    acts,
    currencies: pickOne(random, CURRENCIES),
    startOn: new Date(startAt - HISTORY_DAYS * DAY_MS).toISOString().slice(0, 10),
  };
  const source = await rehearseSource({ seed, clock: clock.world, history });
  const concurrency = random.next() < 0.25 ? { concurrency: between(random, 1, 3) } : {};
  const destination = await rehearseDestination({ seed, clock: clock.world, ...concurrency });
  return { random, clock, source, destination };
}

/** As a person does it in a sandbox. */
async function connect({ parts }: Replica, sourceUrl: string, destinationUrl: string): Promise<string> {
  const source = parts.registry.sources.find(({ simulator }) => simulator);
  const destination = parts.registry.destinations.find(({ simulator }) => simulator);
  if (!source?.simulator || !destination?.simulator) throw new Error('There is no pair of simulators.');
  const from = await source.simulator.connect(sourceUrl, REDIRECT_URI);
  const to = await destination.simulator.connect(destinationUrl, REDIRECT_URI);
  const request = {
    name: 'proof',
    source: { connector: source.id, values: from.settings, secrets: from.secrets },
    destination: { connector: destination.id, values: to.settings, secrets: to.secrets },
    webhooksEnabled: true,
    pollIntervalSeconds: 0,
  };
  const { id } = await addConnection(parts, OPERATOR, request, {
    simulators: [sourceUrl, destinationUrl].map(originOf),
  });
  return id;
}

/** Lanes that have work: those that may be worked now, and when the next of the others may. */
export async function findLanes(world: ProofWorld): Promise<{ due: string[]; nextAt: number | undefined }> {
  await world.server.ready();
  try {
    return await lookForLanes(world);
  } catch (error) {
    // It was killed just now.
    if (!isConnectionLoss(error)) throw error;
    await world.server.ready();
    return lookForLanes(world);
  }
}

async function lookForLanes(world: ProofWorld): Promise<{ due: string[]; nextAt: number | undefined }> {
  const { rows } = await sql<{ lane: string; at: Date | null }>`
    select d.lane, greatest(max(l.not_before), max(case when l.holder is not null then l.expires_at end),
      min(coalesce(e.due_at, to_timestamp(0)))) as at
    from events e
    join documents d on d.id = e.document_id
    join connections c on c.id = d.connection_id and c.state = 'active'
    left join lanes l on l.connection_id = d.connection_id and l.lane = d.lane
    where e.settled_at is null group by d.lane order by d.lane`.execute(world.observer().db);
  const now = world.clock.now();
  const waiting = rows.flatMap(({ at }) => (at !== null && at.getTime() > now ? [at.getTime()] : []));
  return {
    due: rows.filter(({ at }) => at === null || at.getTime() <= now).map(({ lane }) => lane),
    nextAt: waiting.length === 0 ? undefined : Math.min(...waiting),
  };
}
