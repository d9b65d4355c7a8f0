/**
 * Both simulators and the engine between them over a real database: webhooks come over HTTP, lanes are drained by the
 * test. What must be true is read from the destination's own ledger.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { pino } from 'pino';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import { startZuoraSimulator, type ZuoraSimulator } from '../../src/connectors/zuora/simulator/server.ts';
import type { DocumentKind } from '../../src/core/canonical.ts';
import type { Ledger, LedgerInvoice, LedgerPayment } from '../../src/core/ledger.ts';
import type { Policies } from '../../src/core/policy.ts';
import type { DestinationManifest, SourceManifest } from '../../src/core/ports.ts';
import { runBackfill, startBackfill } from '../../src/engine/backfill.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import { acceptEvents } from '../../src/engine/intake.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { createKnownSecretsFor } from '../../src/engine/parts.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { createReceiver } from '../../src/engine/receive.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { replay } from '../../src/operations/replay.ts';
import { resolveRecord } from '../../src/operations/resolve-record.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { type Clock, seededRandom } from '../../src/platform/clock.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createVault } from '../../src/platform/vault.ts';
import { findBackfill } from '../../src/store/backfills.ts';
import { findDocument, type SyncDocument } from '../../src/store/documents.ts';
import { isDue } from '../../src/store/due.ts';
import type { DB } from '../../src/store/schema.ts';
import { documentSubject, listTrail, type TrailEntry } from '../../src/store/trail.ts';
import { createBackups } from './backups.ts';
import { createTestDatabase } from './database.ts';
import { ADMIN, createRecordingQueue } from './engine.ts';
import { adjustmentLines, creditLines, invoiceLines, paymentLines } from './ledger-words.ts';

export type Json = Record<string, unknown>;

export type LifecycleWorld = Awaited<ReturnType<typeof createLifecycleWorld>>;

type Options = {
  policies?: Record<string, string>;
  /** Settings of the Zuora side. */
  zuora?: Record<string, string>;
  webhooks?: boolean;
  /** Zuora's time passes with the engine's. */
  oneClock?: boolean;
  seed?: number;
};

/** Real time that the test can move forward. */
function createForwardClock(): Clock & { advance(ms: number): void } {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms) => void (ahead += ms),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, Math.min(ms, 1000));
        function done() {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}

/** Call `close()` when done. */
export async function createLifecycleWorld(options: Options = {}) {
  const database = await createTestDatabase<DB>();
  const books = await startFreshBooksSimulator({ seed: options.seed ?? 3, rateLimitPerMinute: 1_000_000 });
  const clock = createForwardClock();
  const tenant = await startZuoraSimulator({
    seed: options.seed ?? 3,
    lockContentionChance: 0,
    ...(options.oneClock ? { clock } : {}),
  });
  const door = await openDoor();
  const stopping = new AbortController();
  const registry = { sources: [freshbooks], destinations: [zuora] };
  const engine = {
    db: database.db,
    queue: createRecordingQueue(),
    vault: createVault([new Uint8Array(32).fill(7)], createKnownSecretsFor(registry, clock)),
    clock,
    random: seededRandom(options.seed ?? 3),
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    registry,
    instance: 'lifecycle',
    stopping: stopping.signal,
    announce: () => {},
  };
  const parts: OperationParts = {
    ...engine,
    runtime: createConnectionRuntime(engine),
    publicUrl: door.url,
    version: '0.0.0',
    startedAt: new Date(clock.now()),
  };
  const connectionId = await connect(parts, books, tenant, options);
  door.open(parts);
  if (options.webhooks ?? true) {
    for (let turn = 0; turn < 3; turn += 1) {
      await tendCallbacks(parts, parts.runtime, connectionId, door.url);
      await delivered(books);
    }
  }
  return {
    ...acts(books, tenant),
    ...looks(parts, connectionId, books, tenant, clock),
    parts,
    connectionId,
    clock,
    simulators: { books, tenant },
    async close() {
      stopping.abort();
      await parts.runtime.close();
      await door.close();
      await books.close();
      await tenant.close();
      await database.drop();
    },
  };
}

async function openDoor() {
  let receiver: ReturnType<typeof createReceiver> | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = (request.url ?? '').replace(/^\/hooks\//, '');
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const answer = receiver?.receive(path, Buffer.concat(chunks), headers);
      void Promise.resolve(answer).then(
        (receipt) => response.writeHead(receipt?.status ?? 503).end(),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open(parts: OperationParts) {
      receiver = createReceiver(parts);
    },
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

async function connect(
  parts: OperationParts,
  books: RunningSimulator,
  tenant: ZuoraSimulator,
  options: Options,
): Promise<string> {
  const redirectUri = 'https://connector.test/oauth/freshbooks/callback';
  const side = async (manifest: SourceManifest | DestinationManifest, url: string, more = {}) => {
    const given = await manifest.simulator?.connect(url, redirectUri);
    if (!given) throw new Error(`${manifest.id} has no simulator`);
    return { connector: manifest.id, values: { ...given.settings, ...more }, secrets: given.secrets };
  };
  const request = {
    name: 'acme',
    source: await side(freshbooks, books.url),
    destination: await side(zuora, tenant.url, options.zuora),
    webhooksEnabled: options.webhooks ?? true,
    pollIntervalSeconds: 0,
  };
  const { id } = await addConnection(parts, ADMIN, request, { simulators: [books.url, tenant.url] });
  if (options.policies)
    await sql`update connections set policies = ${JSON.stringify(options.policies)} where id = ${id}`.execute(
      parts.db,
    );
  return id;
}

/** As a FreshBooks user, and as a person inside the Zuora tenant. */
function acts(books: RunningSimulator, tenant: ZuoraSimulator) {
  const send = async (url: string, method: string, body: unknown): Promise<Json> => {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
  return {
    /** The control API of the FreshBooks simulator: `user('invoices', {...})`. */
    user: (path: string, body: Json = {}, method = 'POST') =>
      send(`${books.url}/_control/${path}`, method, body),
    /** The control API of the Zuora simulator. */
    tenant: (path: string, body: Json = {}, method = 'PUT') =>
      send(`${tenant.url}/_control/${path}`, method, body),
    ...everydayActs((path, body, method = 'POST') => send(`${books.url}/_control/${path}`, method, body)),
    async ledger(): Promise<Ledger> {
      return (await send(`${tenant.url}/_control/ledger`, 'GET', undefined)) as unknown as Ledger;
    },
    async booksLedger(): Promise<Ledger> {
      return (await send(`${books.url}/_control/ledger`, 'GET', undefined)) as unknown as Ledger;
    },
  };
}

type Lines = readonly { name?: string; unitCost: string; qty?: string; taxes?: readonly Json[] }[];

/** What a FreshBooks user does most, in one call each; the ids come back. */
function everydayActs(user: (path: string, body: Json, method?: string) => Promise<Json>) {
  const idIn = (shown: unknown) => (shown as { id: number }).id;
  return {
    async makeClient(fields: Json = {}): Promise<number> {
      return idIn(
        (await user('clients', { organization: 'Acme', email: 'pay@acme.test', ...fields }))['client'],
      );
    },
    /** Sent, with one line over `amount`, unless told otherwise. */
    async makeInvoice(
      clientId: number,
      amount: string,
      fields: Json & { lines?: Lines } = {},
    ): Promise<number> {
      const lines = [{ name: 'Work', unitCost: amount }];
      return idIn((await user('invoices', { clientId, send: true, lines, ...fields }))['invoice']);
    },
    editInvoice: (id: number, fields: Json & { lines?: Lines }) => user(`invoices/${id}`, fields, 'PUT'),
    /** One line over `amount` instead of what was there. */
    reprice: (id: number, amount: string) =>
      user(`invoices/${id}`, { lines: [{ name: 'Work', unitCost: amount }] }, 'PUT'),
    async pay(invoiceId: number, amount: string, fields: Json = {}): Promise<number> {
      return idIn((await user('payments', { invoiceId, amount, ...fields }))['payment']);
    },
    editPayment: (id: number, fields: Json) => user(`payments/${id}`, fields, 'PUT'),
    async makeCredit(clientId: number, amount: string, fields: Json = {}): Promise<number> {
      return idIn((await user('credit-notes', { clientId, amount, ...fields }))['creditNote']);
    },
    /** `remove('payments', 7)`: what FreshBooks calls deleting. */
    remove: (path: 'clients' | 'invoices' | 'payments' | 'credit-notes', id: number) =>
      user(`${path}/${id}/delete`, {}),
  };
}

function looks(
  parts: OperationParts,
  connectionId: string,
  books: RunningSimulator,
  tenant: ZuoraSimulator,
  clock: { advance(ms: number): void },
) {
  const { ledger } = acts(books, tenant);
  const document = async (kind: DocumentKind, sourceId: string | number): Promise<SyncDocument> => {
    const found = await findDocument(parts.db, connectionId, kind, String(sourceId));
    if (!found) throw new Error(`no ${kind} ${sourceId}`);
    return found;
  };
  const keyOf = (kind: DocumentKind, sourceId: string | number) =>
    `FB-${books.simulator.identity.accountId}-${kind}-${sourceId}`;
  /** "synced", or state and reason code: "parked refused". */
  const stateOf = async (kind: DocumentKind, sourceId: string | number): Promise<string> => {
    const { state, reason } = await document(kind, sourceId);
    return state === 'synced' || !reason ? state : `${state} ${reason.code}`;
  };
  const unlessSynced = async (kind: DocumentKind, sourceId: number) => {
    const state = await stateOf(kind, sourceId);
    return state === 'synced' ? [] : [state];
  };
  const settle = async ({ atOnce = false } = {}) => {
    await delivered(books);
    for (let turn = 0; turn < 60; turn += 1) {
      for (let lanes = await lanesOf(parts, connectionId, true); lanes.length > 0; ) {
        if (atOnce) await Promise.all(lanes.map((lane) => drainLane(parts, parts.runtime, lane)));
        else for (const lane of lanes) await drainLane(parts, parts.runtime, lane);
        lanes = await lanesOf(parts, connectionId, true);
      }
      if ((await lanesOf(parts, connectionId, false)).length === 0) return;
      clock.advance(61_000);
    }
    throw new Error('events are left without an end state');
  };
  return {
    document,
    keyOf,
    /** Waits until every webhook is stored. */
    arrived: () => delivered(books),
    /** Waits for the webhooks, and works until every event has its end state. */
    settle: () => settle(),
    /** All lanes beside each other. */
    settleAtOnce: () => settle({ atOnce: true }),
    async poll() {
      await pollConnection(parts, parts.runtime, connectionId);
      await settle();
    },
    /** Lists all history; the documents wait for `settle`. */
    async backfill() {
      const id = await startBackfill(parts, parts.runtime, {
        connectionId,
        changedSince: null,
        actor: 'test',
      });
      while ((await findBackfill(parts.db, id))?.state === 'running')
        await runBackfill(parts, parts.runtime, id);
    },
    /** Every lane that is due is drained once. */
    async step() {
      await delivered(books);
      for (const lane of await lanesOf(parts, connectionId, true))
        await drainLane(parts, parts.runtime, lane);
    },
    ...createBackups(parts.db),
    /** Of this one document, and of nothing else. */
    async tell(kind: DocumentKind, sourceId: number) {
      const event = {
        connectionId,
        kind,
        sourceId: String(sourceId),
        origin: 'poll' as const,
        topic: 'told',
      };
      await parts.db.transaction().execute((tx) => acceptEvents(parts, tx, [event]));
      await settle();
    },
    async replay(kind: DocumentKind, sourceId: string | number) {
      await replay(parts, ADMIN, { recordIds: [(await document(kind, sourceId)).id] });
      await settle();
    },
    stateOf,
    async timeline(kind: DocumentKind, sourceId: string | number): Promise<TrailEntry[]> {
      return listTrail(parts.db, documentSubject((await document(kind, sourceId)).id));
    },
    async reasonOf(kind: DocumentKind, sourceId: string | number) {
      return (await document(kind, sourceId)).reason;
    },
    /** One of the choices that a parked record offers. */
    async resolve(kind: DocumentKind, sourceId: string | number, choice: string, argument?: string) {
      await resolveRecord(parts, ADMIN, { recordId: (await document(kind, sourceId)).id, choice, argument });
      await settle();
    },
    /** Settings of the Zuora side. */
    configure: (values: Record<string, string>) =>
      setConnection(parts, ADMIN, { connection: connectionId, values: { destination: values } }),
    async setPolicies(policies: Partial<Policies>) {
      await sql`update connections set policies = ${JSON.stringify(policies)} where id = ${connectionId}`.execute(
        parts.db,
      );
    },
    /** Calls that changed something in Zuora so far. */
    async writes(): Promise<number> {
      const { calls } = await ledger();
      const isWrite = (call: string) => /^(POST|PUT|DELETE) /.test(call) && call !== 'POST token';
      return Object.entries(calls).reduce((sum, [call, count]) => sum + (isWrite(call) ? count : 0), 0);
    },
    // The copies in Zuora's books, in words of ledger-words.ts; then the record's state where it is not "synced".
    invoice: async (id: number) => [
      ...invoiceLines(await ledger(), keyOf('invoice', id)),
      ...(await unlessSynced('invoice', id)),
    ],
    payment: async (id: number) => [
      ...paymentLines(await ledger(), keyOf('payment', id)),
      ...(await unlessSynced('payment', id)),
    ],
    /** A prepayment is held as a payment. */
    credit: async (id: number) => [
      ...creditLines(await ledger(), keyOf('credit', id)),
      ...paymentLines(await ledger(), keyOf('credit', id)),
      ...(await unlessSynced('credit', id)),
    ],
    adjustments: async (invoiceId: number) => adjustmentLines(await ledger(), keyOf('invoice', invoiceId)),
    /** The copies of an invoice in Zuora, the newest last, whatever became of them. */
    async copiesOf(sourceId: string | number): Promise<LedgerInvoice[]> {
      const { invoices } = await ledger();
      return invoices.filter(({ reference }) => reference === keyOf('invoice', sourceId));
    },
    async paymentsOf(sourceId: string | number): Promise<LedgerPayment[]> {
      const { payments } = await ledger();
      return payments.filter(({ reference }) => reference === keyOf('payment', sourceId));
    },
  };
}

async function delivered({ simulator }: RunningSimulator): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 10) {
    if (simulator.deliveries.pending() === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('webhooks are still pending');
}

async function lanesOf(parts: OperationParts, connectionId: string, dueOnly: boolean) {
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
