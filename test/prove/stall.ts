/** One connection to a simulated tenant in virtual time: the engine's own delivery over a real database. */
import { pino } from 'pino';
import { createExampleWorld } from '../../src/connectors/example/index.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import type { FaultOrder } from '../../src/connectors/zuora/simulator/faults.ts';
import { startZuoraSimulator } from '../../src/connectors/zuora/simulator/server.ts';
import { newId } from '../../src/core/ids.ts';
import type { Destination } from '../../src/core/ports.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import type { LaneWork } from '../../src/engine/lane-work.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import { type Clock, seededRandom } from '../../src/platform/clock.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createVault } from '../../src/platform/vault.ts';
import type { Db } from '../../src/store/db.ts';
import { loadDocument, type SyncDocument } from '../../src/store/documents.ts';
import { acquireLease, deferLane } from '../../src/store/lanes.ts';
import { createManualClock } from '../kit/manual-clock.ts';
import { asOwner } from '../kit/tamper.ts';

const CENTURIES_MS = 3e13;

/** The process died at this point: nothing after it ran. */
export class Crash extends Error {}

export type Stall = Awaited<ReturnType<typeof openStall>>;

export async function openStall(db: Db, name: string, seed: number) {
  const manual = createManualClock();
  const random = seededRandom(seed);
  // Whoever sleeps moves the time: here one thing happens after the other.
  const clock: Clock = { now: manual.now, sleep: (ms) => manual.advance(ms) };
  const simulator = await startZuoraSimulator({
    clock: manual,
    seed,
    writeMs: 0,
    lockContentionChance: 0,
    replayStyle: seed % 2 === 0 ? 'stored' : '409-with-result',
    tenantType: 'production',
  });
  const world = createExampleWorld(name, clock.now);
  const stopping = new AbortController();
  const engine = {
    db,
    queue: { wake: async () => {}, work: async () => {}, stop: async () => {} },
    vault: createVault([new Uint8Array(32).fill(7)]),
    clock,
    random,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    registry: { sources: [world.source], destinations: [zuora] },
    instance: name,
    stopping: stopping.signal,
    announce: () => {},
  } satisfies EngineParts;
  const runtime = createConnectionRuntime(engine);
  const operating = { ...engine, runtime, publicUrl: '', version: '0', startedAt: new Date(clock.now()) };
  const { id: connectionId } = await addConnection(
    operating,
    { name: 'prove', role: 'admin' },
    {
      name,
      source: {
        connector: world.source.id,
        values: { accountId: world.books.account },
        secrets: { key: 'k', refreshToken: 't' },
      },
      destination: {
        connector: 'zuora',
        values: { baseUrl: simulator.baseUrl, clientId: simulator.clientId },
        secrets: { clientSecret: simulator.clientSecret },
      },
      webhooksEnabled: false,
      pollIntervalSeconds: 0,
    },
    { simulators: [simulator.url] },
  );

  const control = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${simulator.url}/_control/${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };

  return {
    clock,
    random,
    books: simulator.tenant.books,
    control,
    order: (faults: FaultOrder) => control('PUT', 'faults', faults),
    advance: (ms: number) => manual.advance(ms),
    async addDocument(kind: 'invoice' | 'payment', sourceId: string): Promise<SyncDocument> {
      const now = new Date(clock.now());
      const id = newId(clock.now());
      await db
        .insertInto('documents')
        .values({
          id,
          connection_id: connectionId,
          kind,
          source_id: sourceId,
          lane: 'client/7',
          state: 'pending',
          first_seen_at: now,
          changed_at: now,
        })
        .execute();
      return loadDocument(db, id);
    },
    /** A worker that holds the lane; `crash` ends it just before or after its next write. */
    async work<T>(crash: 'before' | 'after' | undefined, run: (work: LaneWork) => Promise<T>): Promise<T> {
      const open = await runtime.open(connectionId);
      const key = { connectionId, lane: 'client/7' };
      const lease = await acquireLease(db, key, name, new Date(clock.now()), CENTURIES_MS);
      if (!lease) throw new Error('the lane is held by somebody else');
      try {
        const destination = crash === undefined ? open.destination : crashing(open.destination, crash);
        return await run({ parts: engine, open: { ...open, destination }, lease });
      } finally {
        await deferLane(db, lease, new Date(0), 0, new Date(clock.now()));
      }
    },
    /** The database as it was before anything was known of the document's deliveries. */
    async restoreFromBefore(documentId: string): Promise<void> {
      const subject = `document:${documentId}`;
      await db.deleteFrom('deliveries').where('document_id', '=', documentId).execute();
      await asOwner(db, async (tx) => {
        await tx.deleteFrom('trail').where('subject', '=', subject).execute();
        await tx.deleteFrom('trail_heads').where('subject', '=', subject).execute();
      });
    },
    async close() {
      stopping.abort();
      await runtime.close();
      await simulator.close();
    },
  };
}

function crashing(destination: Destination, when: 'before' | 'after'): Destination {
  return {
    ...destination,
    async send(...call) {
      if (when === 'after') await destination.send(...call);
      throw new Crash(`the process died ${when} the call`);
    },
  };
}
