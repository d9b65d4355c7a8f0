/** The engine on a test database with the example connector: driven step by step, or by its own worker. */
import { sql } from 'kysely';
import { pino } from 'pino';
import type { BookInvoice, BookPayment, Delivery } from '../../src/connectors/example/books.ts';
import { createExampleWorld, type ExampleWorld } from '../../src/connectors/example/index.ts';
import type { DocumentKind } from '../../src/core/canonical.ts';
import { newId } from '../../src/core/ids.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import { acceptEvents } from '../../src/engine/intake.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { createKnownSecretsFor } from '../../src/engine/parts.ts';
import { createReceiver, type Receiver } from '../../src/engine/receive.ts';
import type { Receipt } from '../../src/engine/refusals.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import type { Actor } from '../../src/operations/context.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { type Clock, seededRandom } from '../../src/platform/clock.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import type { Queue, QueueName } from '../../src/platform/queue.ts';
import { createVault } from '../../src/platform/vault.ts';
import { findDocument, type SyncDocument } from '../../src/store/documents.ts';
import { isDue } from '../../src/store/due.ts';
import type { LaneKey, NewEvent } from '../../src/store/events.ts';
import { listUnsettledEvents } from '../../src/store/events.ts';
import type { DB } from '../../src/store/schema.ts';
import { documentSubject, listTrail, type TrailEntry } from '../../src/store/trail.ts';
import { listBrokenTrails } from '../../src/store/trail-chains.ts';
import type { TestDatabase } from './database.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export const ADMIN: Actor = { name: 'test:ada', role: 'admin' };
export const PUBLIC_URL = 'http://connector.test';

/** A queue that only remembers what was asked for: the test decides when somebody looks. */
export type RecordingQueue = Queue & { wakes: { name: QueueName; key: string; priority: number }[] };

export function createRecordingQueue(): RecordingQueue {
  const wakes: RecordingQueue['wakes'] = [];
  return {
    wakes,
    async wake(name, more) {
      wakes.push(...more.map(({ key, priority = 0 }) => ({ name, key, priority })));
    },
    work: async () => {},
    stop: async () => {},
  };
}

export type EngineKit = ExampleWorld & {
  parts: OperationParts;
  clock: ManualClock;
  queue: RecordingQueue;
  receiver: Receiver;
  stopping: AbortController;
  connectionId: string;
  /** Another process over the same database and the same systems. */
  another(instance: string): OperationParts;
  accept(...events: (Pick<NewEvent, 'kind' | 'sourceId'> & Partial<NewEvent>)[]): Promise<void>;
  /** Works every lane that may be worked now until none is left. */
  drain(parts?: OperationParts): Promise<void>;
  /** The same, moving the clock to the next try until every event has its end state. */
  settle(): Promise<void>;
  dueLanes(): Promise<LaneKey[]>;
  document(kind: DocumentKind, sourceId: string): Promise<SyncDocument>;
  /** "synced", or state and reason code: "parked refused". */
  stateOf(kind: DocumentKind, sourceId: string): Promise<string>;
  timeline(kind: DocumentKind, sourceId: string): Promise<TrailEntry[]>;
  unsettled(kind: DocumentKind, sourceId: string): Promise<number>;
  brokenTrails(): Promise<{ subject: string; position: number }[]>;
  /** Registers, and brings the handshakes home. */
  connectCallbacks(): Promise<void>;
  send(delivery: Delivery): Promise<Receipt>;
  /** Sends everything in the outbox. */
  deliverOutbox(): Promise<Receipt[]>;
};

let worlds = 0;

/** A connection of its own between systems of its own, in a database that others may share. */
export async function createEngineKit(
  database: TestDatabase<DB>,
  options: {
    webhooks?: boolean;
    pollIntervalSeconds?: number;
    queue?: Queue;
    clock?: Clock;
    /** Origins on this machine that a sandbox may call. */
    simulators?: string[];
    /** A connection to the same billing. */
    beside?: EngineKit;
    /** Another connection of the same books. */
    again?: EngineKit;
  } = {},
): Promise<EngineKit> {
  worlds += 1;
  const clock = createManualClock();
  const used = options.clock ?? clock;
  const queue = createRecordingQueue();
  const world = options.again ?? createExampleWorld(`BOOKS${worlds}`, () => used.now(), options.beside);
  const stopping = new AbortController();
  const registry = { sources: [world.source], destinations: [world.destination] };
  const engine = {
    db: database.db,
    queue: options.queue ?? queue,
    vault: createVault([new Uint8Array(32).fill(7)], createKnownSecretsFor(registry, used)),
    clock: used,
    random: seededRandom(worlds),
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    registry,
    instance: `kit-${worlds}`,
    stopping: stopping.signal,
    announce: () => {},
  };
  const parts: OperationParts = {
    ...engine,
    runtime: createConnectionRuntime(engine),
    publicUrl: PUBLIC_URL,
    version: '0.0.0',
    startedAt: new Date(used.now()),
  };
  const request = {
    name: `world-${worlds}-${newId(used.now()).slice(-8)}`,
    source: {
      connector: world.source.id,
      values: { accountId: world.books.account },
      secrets: { key: 'books-key', refreshToken: 'books-token' },
    },
    destination: {
      connector: world.destination.id,
      values: {},
      secrets: { password: 'billing-password' },
    },
    webhooksEnabled: options.webhooks ?? true,
    pollIntervalSeconds: options.pollIntervalSeconds ?? 300,
  };
  const sandbox = options.simulators && { simulators: options.simulators };
  const { id: connectionId } = await addConnection(parts, ADMIN, request, sandbox);
  const { books, billing, source, destination } = world;
  const systems = { books, billing, source, destination };
  return { ...systems, ...driver(parts, connectionId, systems), parts, clock, queue, stopping, connectionId };
}

function driver(parts: OperationParts, connectionId: string, { books }: ExampleWorld) {
  const receiver = createReceiver(parts);
  const clock = parts.clock as ManualClock;
  const document = async (kind: DocumentKind, sourceId: string) => {
    const found = await findDocument(parts.db, connectionId, kind, sourceId);
    if (!found) throw new Error(`no ${kind} ${sourceId}`);
    return found;
  };
  const dueLanes = () => listLanes(parts, connectionId, true);
  const drain = async (by = parts) => {
    for (let lanes = await dueLanes(); lanes.length > 0; lanes = await dueLanes()) {
      for (const lane of lanes) await drainLane(by, by.runtime, lane);
    }
  };
  const send = ({ url, body, headers }: Delivery) =>
    receiver.receive(url.slice(`${PUBLIC_URL}/hooks/`.length), body, headers);
  const deliverOutbox = async () => {
    const receipts = [];
    for (const delivery of books.outbox.splice(0)) receipts.push(await send(delivery));
    return receipts;
  };
  return {
    receiver,
    document,
    dueLanes,
    drain,
    send,
    deliverOutbox,
    another: (instance: string): OperationParts => {
      const other = { ...parts, instance };
      return { ...other, runtime: createConnectionRuntime(other) };
    },
    async accept(...events: (Pick<NewEvent, 'kind' | 'sourceId'> & Partial<NewEvent>)[]) {
      const full = events.map((event) => ({
        connectionId,
        origin: 'webhook' as const,
        topic: `${event.kind}.changed`,
        ...event,
      }));
      await parts.db.transaction().execute((tx) => acceptEvents(parts, tx, full));
    },
    async settle() {
      for (let turn = 0; turn < 50; turn += 1) {
        await drain();
        if ((await listLanes(parts, connectionId, false)).length === 0) return;
        await clock.advance(61_000);
      }
      throw new Error('events are left without an end state');
    },
    async stateOf(kind: DocumentKind, sourceId: string) {
      const { state, reason } = await document(kind, sourceId);
      return state === 'synced' || !reason ? state : `${state} ${reason.code}`;
    },
    timeline: async (kind: DocumentKind, sourceId: string) =>
      listTrail(parts.db, documentSubject((await document(kind, sourceId)).id)),
    unsettled: async (kind: DocumentKind, sourceId: string) =>
      (await listUnsettledEvents(parts.db, (await document(kind, sourceId)).id)).length,
    brokenTrails: () => listBrokenTrails(parts.db, ''),
    async connectCallbacks() {
      await tendCallbacks(parts, parts.runtime, connectionId, PUBLIC_URL);
      await deliverOutbox();
      await tendCallbacks(parts, parts.runtime, connectionId, PUBLIC_URL);
    },
  };
}

async function listLanes(parts: OperationParts, connectionId: string, dueOnly: boolean): Promise<LaneKey[]> {
  const now = new Date(parts.clock.now());
  const due = dueOnly
    ? sql`(l.not_before is null or l.not_before <= ${now}) and l.holder is null and ${isDue(now)}`
    : sql`true`;
  const { rows } = await sql<{ lane: string }>`
    select d.lane, min(e.seq) from events e
    join documents d on d.id = e.document_id
    join connections c on c.id = d.connection_id and c.state = 'active'
    left join lanes l on l.connection_id = d.connection_id and l.lane = d.lane
    where d.connection_id = ${connectionId} and e.settled_at is null and ${due}
    group by d.lane order by 2`.execute(parts.db);
  return rows.map(({ lane }) => ({ connectionId, lane }));
}

/** An invoice of the books over 100.00 USD plus 10 % tax. */
export function invoiceOf(changes: Partial<BookInvoice> & { id: string }): BookInvoice {
  return {
    client: '7',
    number: `N-${changes.id}`,
    currency: 'USD',
    issued: '2026-01-05',
    due: '2026-02-04',
    status: 'sent',
    lines: [{ name: 'Work', quantity: '2', price: '50.00', tax: { name: 'GST', rate: '10' } }],
    total: '110.00',
    ...changes,
  };
}

export function paymentOf(changes: Partial<BookPayment> & { id: string; invoice: string }): BookPayment {
  return { client: '7', currency: 'USD', amount: '110.00', paid: '2026-01-06', ...changes };
}
