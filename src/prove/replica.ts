/** One process of the connector, inside ours: its own connections, clock and memory, and an end by kill -9 at any checkpoint. */

import type { Checkpoint, CheckpointAbout } from '../engine/checkpoints.ts';
import { createConnectionRuntime } from '../engine/connection-runtime.ts';
import { drainLane } from '../engine/lane.ts';
import type { Registry } from '../engine/parts.ts';
import { createReceiver, type Receiver } from '../engine/receive.ts';
import type { OperationParts } from '../operations/parts.ts';
import { type Clock, seededRandom } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import type { LocalConnection } from '../platform/postgres/connection.ts';
import type { Queue } from '../platform/queue.ts';
import type { Signer } from '../platform/signing.ts';
import type { Vault } from '../platform/vault.ts';
import type { LaneKey } from '../store/events.ts';
import type { ProofClock } from './clock.ts';
import { createMortalPool, Killed, type MortalPool } from './mortal-pool.ts';

export type Replica = {
  readonly name: string;
  parts: OperationParts;
  pool: MortalPool;
  receiver: Receiver;
  isAlive(): boolean;
  drain(lane: LaneKey): Promise<void>;
  /** Work that a killed process leaves behind ends quietly; any other error is thrown. */
  run<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** kill -9. */
  kill(): void;
  /** Asked to stop, as an update does; what is under way comes to an end. */
  stop(): Promise<void>;
  close(): Promise<void>;
};

export type OnReplicaCheckpoint = (replica: Replica, at: Checkpoint, about: CheckpointAbout) => Promise<void>;

/** Lanes are worked by the proof itself, so nobody needs to be woken. */
const SILENT_QUEUE: Queue = { wake: async () => {}, work: async () => {}, stop: async () => {} };

export function startReplica(options: {
  name: string;
  seed: number;
  connection: LocalConnection;
  clock: ProofClock;
  skewMs: number;
  registry: Registry;
  vault: Vault;
  signer: Signer;
  publicUrl: string;
  log: Log;
  onCheckpoint: OnReplicaCheckpoint;
}): Replica {
  const pool = createMortalPool(options.connection, options.signer);
  const stopping = new AbortController();
  const clock: Clock = options.skewMs === 0 ? options.clock : options.clock.skewed(options.skewMs);
  let isAlive = true;
  const dieIfDead = () => {
    if (!isAlive) throw new Killed('the process is dead');
  };
  const engine = {
    db: pool.db,
    queue: SILENT_QUEUE,
    vault: options.vault,
    clock,
    random: seededRandom(options.seed),
    log: options.log,
    metrics: createMetrics(),
    registry: options.registry,
    instance: options.name,
    stopping: stopping.signal,
    announce: () => {},
    timeout: options.clock.timeout,
    async checkpoint(at: Checkpoint, about: CheckpointAbout) {
      dieIfDead();
      await options.onCheckpoint(replica, at, about);
      dieIfDead();
    },
  };
  const runtime = createConnectionRuntime(engine);
  const parts: OperationParts = {
    ...engine,
    runtime,
    publicUrl: options.publicUrl,
    version: '0.0.0',
    startedAt: new Date(clock.now()),
  };
  const replica: Replica = {
    name: options.name,
    parts,
    pool,
    receiver: createReceiver(parts),
    isAlive: () => isAlive,
    drain: (lane) => replica.run(() => drainLane(parts, runtime, lane)),
    async run(work) {
      if (!isAlive) return undefined;
      try {
        return await work();
      } catch (error) {
        if (isAlive) throw error;
        return undefined;
      }
    },
    kill() {
      isAlive = false;
      pool.kill();
      // Loops that look at it end; nothing they do afterwards reaches the database or a vendor.
      stopping.abort();
    },
    stop: async () => stopping.abort(),
    async close() {
      isAlive = false;
      stopping.abort();
      await runtime.close();
      await pool.close();
    },
  };
  return replica;
}
