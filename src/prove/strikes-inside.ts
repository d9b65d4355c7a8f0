/** Faults of our own side: processes, their database, their clocks, and who runs them. */
import { CHECKPOINTS, type Checkpoint } from '../engine/checkpoints.ts';
import { systemClock } from '../platform/clock.ts';
import { migrate } from '../platform/postgres/migrate.ts';
import type { Over, Strike } from './fault-class.ts';
import { COMMIT_FAULTS, type CommitFault } from './mortal-pool.ts';
import { restoreBackup, takeBackup } from './operator.ts';
import type { Replica } from './replica.ts';
import { between, type ProofWorld, pickOne } from './world.ts';

const LEASE_MS = 15_000;
const LONGEST_TAKEOVER_MS = 5_000;
const MINUTE_MS = 60_000;

/** Kills the process that is the n-th to reach a place; the next one starts at once. */
export const crash: Strike = (world) => {
  const at = pickOne(world.random, CHECKPOINTS);
  let left = between(world.random, 0, 3);
  let kills = 0;
  const off = world.onCheckpoint(async (replica, reached) => {
    if (reached !== at || kills > 0 || left-- > 0) return;
    kills += 1;
    world.kill(replica);
    world.start();
  });
  return () => {
    off();
    return kills;
  };
};

const KINDS = ['commit', 'commit', 'cut', 'cut', 'exhaust', 'restart'] as const;

export const database: Strike = async (world) => {
  const kind = pickOne(world.random, KINDS);
  const most = between(world.random, 1, 5);
  if (kind === 'commit') return failCommits(world);
  if (kind === 'exhaust') return exhaust(world);
  if (kind === 'cut') return onceAtWork(world, () => world.server.cut(world.databaseName, most));
  return onceAtWork(world, async () => {
    await world.server.crash();
    return 1;
  });
};

function failCommits(world: ProofWorld): Over {
  const faults = Object.keys(COMMIT_FAULTS) as CommitFault[];
  const pools = world.replicas().map(({ pool }) => pool);
  const before = pools.reduce((sum, pool) => sum + pool.met(), 0);
  for (const pool of pools)
    for (let count = between(world.random, 1, 3); count > 0; count -= 1)
      pool.failCommit(pickOne(world.random, faults), between(world.random, 0, 12));
  return () => {
    for (const pool of pools) pool.calm();
    return pools.reduce((sum, pool) => sum + pool.met(), 0) - before;
  };
}

function exhaust(world: ProofWorld): Over {
  const [replica] = world.replicas();
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => void (end = resolve));
  const held = replica?.pool.exhaust(() => ended).catch(() => {});
  let left = between(world.random, 3, 20);
  // Freed in the midst of the work, which has gone on with what was left.
  const off = world.onCheckpoint(async () => void (--left === 0 && end()));
  return async () => {
    off();
    end();
    await held;
    return 1;
  };
}

/** Once, at the n-th checkpoint from now. */
function onceAtWork(world: ProofWorld, act: (at: Replica) => Promise<number>): Over {
  let left = between(world.random, 1, 40);
  let acting: Promise<number> | undefined;
  const off = world.onCheckpoint(async (replica) => {
    left -= 1;
    if (left !== 0) return;
    acting = act(replica);
    // Whoever is in a transaction must not wait for it: its own connection may be the one that is cut.
    acting.catch(() => {});
  });
  return async () => {
    off();
    return (await acting) ?? 0;
  };
}

export const clocks: Strike = (world) => {
  const skewMs = between(world.random, -10, 10) * MINUTE_MS;
  const [old] = world.replicas();
  const wrong = world.start(skewMs);
  if (old && world.random.next() < 0.5) world.kill(old);
  world.clock.advance(between(world.random, 1, 26) * 60 * MINUTE_MS);
  return () => {
    world.kill(wrong);
    if (world.replicas().length === 0) world.start();
    return 1;
  };
};

/** One is frozen for longer than its lease, and wakes when somebody else may have done its work. */
export const twoWorkers: Strike = (world) => {
  const rival = world.start();
  const at = pickOne<Checkpoint>(world.random, CHECKPOINTS);
  let left = between(world.random, 0, 4);
  let frozen = 0;
  let wake: () => void = () => {};
  const off = world.onCheckpoint(async (replica, reached, { lease }) => {
    if (frozen > 0 || (reached !== at && lease === undefined) || left-- > 0) return;
    frozen += 1;
    const slept = new Promise<void>((resolve) => void (wake = resolve));
    world.clock.advance(LEASE_MS + 1_000);
    const other = world.replicas().find((one) => one !== replica);
    // In the midst of a transaction the lane's row is locked, and nobody can take the lane over.
    if (lease && other && reached.startsWith('after'))
      await Promise.race([slept, other.drain(lease).catch(() => {}), systemClock.sleep(LONGEST_TAKEOVER_MS)]);
    else await Promise.race([slept, world.clock.sleep(2_000)]);
  });
  return () => {
    off();
    wake();
    if (world.replicas().length > 1) world.kill(rival);
    return frozen;
  };
};

/** Taken now, and put back after so much has happened that the database knows nothing of. */
export const restore: Strike = async (world) => {
  const backup = await takeBackup(world);
  return async () => {
    await restoreBackup(world, backup);
    return 1;
  };
};

/** The newcomer migrates and works while the old one is asked to stop. */
export const upgrade: Strike = async (world) => {
  const old = [...world.replicas()];
  const newcomer = world.start();
  await migrate({ connection: world.server.connectionTo(world.databaseName), log: world.log });
  let left = between(world.random, 5, 60);
  const stopOld = async () => {
    for (const replica of old) await replica.stop();
  };
  const off = world.onCheckpoint(async () => void (--left === 0 && (await stopOld())));
  return async () => {
    off();
    await stopOld();
    for (const replica of old) if (replica !== newcomer) world.kill(replica);
    return 1;
  };
};
