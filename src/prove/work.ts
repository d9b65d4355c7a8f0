/** Lets the processes work, putting the clock forward whenever all that is left is to wait. */
import { systemClock } from '../platform/clock.ts';
import type { LaneKey } from '../store/events.ts';
import { waitFor } from './patience.ts';
import { findLanes, type ProofWorld, pickOne } from './world.ts';

const LANES_AT_ONCE = 3;
/** A turn that has not come to rest by then is a finding. */
const MOST_ROUNDS = 400;

/** Until nothing is due within `horizonMs`. False when it did not come to rest. */
export async function letThemWork(world: ProofWorld, horizonMs: number): Promise<boolean> {
  const until = world.clock.now() + horizonMs;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await webhooksInFlight(world);
    if (world.replicas().length === 0) world.start();
    const { due, nextAt } = await findLanes(world);
    if (due.length > 0) {
      await patiently(world, drainAll(world, due));
      continue;
    }
    const next = Math.min(nextAt ?? Infinity, world.clock.nextDue('world', 'work') ?? Infinity);
    if (next > until) return true;
    world.clock.advance(next - world.clock.now());
    await systemClock.sleep(1);
  }
  return false;
}

/** In an order of the seed's choosing, a few at a time, each by any of the processes. */
async function drainAll(world: ProofWorld, lanes: readonly string[]): Promise<void> {
  const { chance, connectionId } = world;
  const waiting = lanes.map((lane) => ({ lane, at: chance.next() })).sort((a, b) => a.at - b.at);
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const replicas = world.replicas();
      if (replicas.length === 0) return;
      await drainOne(world, { connectionId, lane: next.lane });
    }
  };
  await Promise.all(Array.from({ length: LANES_AT_ONCE }, worker));
}

/** Now and then two processes want the same lane. */
async function drainOne(world: ProofWorld, lane: LaneKey): Promise<void> {
  const replicas = world.replicas();
  const rivals =
    replicas.length > 1 && world.chance.next() < 0.3 ? replicas : [pickOne(world.chance, replicas)];
  await Promise.all(
    rivals.map((replica) =>
      replica.drain(lane).catch((error: unknown) => {
        // What the queue would try again: the sweep brings the lane back.
        world.log.debug({ err: error }, 'drain ended');
      }),
    ),
  );
}

/** Waits for `work` of the processes. */
export function patiently<T>(world: ProofWorld, work: Promise<T>): Promise<T> {
  return waitFor(world.clock, work, () =>
    world.replicas().reduce((sum, { pool }) => sum + pool.activity(), 0),
  );
}

/** Those that are on their way over HTTP; what waits for its time or its next try is left alone. */
async function webhooksInFlight(world: ProofWorld): Promise<void> {
  for (let looks = 0; looks < 25; looks += 1) {
    if (world.source.deliveriesUnderWay() === 0) return;
    await systemClock.sleep(2);
  }
}
