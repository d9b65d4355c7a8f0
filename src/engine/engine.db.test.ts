/** The worker as a whole, with its real queue and clock: work is found, shared, and left tidy at the end. */
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startAlertReceiver } from '../../test/kit/alert-receiver.ts';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import {
  ADMIN,
  createEngineKit,
  type EngineKit,
  invoiceOf,
  PUBLIC_URL,
  paymentOf,
} from '../../test/kit/engine.ts';
import { eventually } from '../../test/kit/postgres-processes.ts';
import { pauseConnection, setConnection } from '../operations/set-connection.ts';
import { systemClock } from '../platform/clock.ts';
import { createAnnouncer, startLiveFeed } from '../platform/live.ts';
import { type Queue, startQueue } from '../platform/queue.ts';
import type { DB } from '../store/schema.ts';
import { startWorker } from './engine.ts';

const log = pino({ level: 'silent' });

let database: TestDatabase<DB>;
let queues: Queue[];
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 30 });
  queues = await Promise.all([1, 2].map(() => startQueue(database.connection, log, { working: true })));
});
afterAll(async () => {
  await Promise.all(queues.map((queue) => queue.stop()));
  await database.drop();
});
beforeEach(async () => {
  const [queue] = queues;
  if (!queue) throw new Error('no queue');
  kit = await createEngineKit(database, { queue, clock: systemClock });
});

test('two workers over one database carry everything once, verify callbacks, and leave no lease when stopped', async () => {
  const workers = await Promise.all(
    queues.map((queue, n) => {
      const other = kit.another(`worker-${n}`);
      return startWorker({ ...other, queue }, other.runtime, { lanes: 4, publicUrl: PUBLIC_URL });
    }),
  );
  await eventually(async () => {
    await kit.deliverOutbox();
    return kit.books.callbacks().filter(({ verified }) => verified).length === 4;
  });
  // Every fifth answer is lost.
  let writes = 0;
  kit.billing.faults.onCall((call) => {
    if (!call.startsWith('POST')) return;
    writes += 1;
    if (writes % 5 === 0) kit.billing.faults.next(call, { what: 'lose-answer' });
  });
  for (const client of ['1', '2', '3', '4']) {
    kit.books.put('client', { id: client, name: `Client ${client}` });
    for (const n of [1, 2, 3]) {
      const id = `${client}${n}`;
      kit.books.put('payment', paymentOf({ id, client, invoice: id }));
      kit.books.put('invoice', invoiceOf({ id, client }));
    }
  }
  const receipts = await Promise.all(kit.books.outbox.splice(0).toReversed().map(kit.send));
  expect(receipts.every(({ status }) => status === 200)).toBe(true);
  const left = () =>
    database.db
      .selectFrom('events')
      .select('seq')
      .where('connection_id', '=', kit.connectionId)
      .where('settled_at', 'is', null)
      .execute();
  await eventually(async () => (await left()).length === 0, 18_000);
  kit.stopping.abort();
  await Promise.all(workers.map((worker) => worker.stop()));
  expect([kit.billing.accounts.length, kit.billing.invoices.length, kit.billing.payments.length]).toEqual([
    4, 12, 12,
  ]);
  expect(kit.billing.invoices.every(({ balance }) => balance.amountMinor === 0n)).toBe(true);
  const states = await database.db.selectFrom('documents').select('state').distinct().execute();
  expect(states).toEqual([{ state: 'synced' }]);
  expect(await kit.brokenTrails()).toEqual([]);
  const held = await database.db.selectFrom('lanes').select('lane').where('holder', 'is not', null).execute();
  expect(held).toEqual([]);
}, 40_000);

test('the worker sends an alert by its queue, by itself', async () => {
  const receiver = await startAlertReceiver();
  const queue = await startQueue(database.connection, log, { working: true });
  kit = await createEngineKit(database, {
    queue,
    clock: systemClock,
    simulators: [new URL(receiver.url).origin],
  });
  const { connectionId: connection } = kit;
  const parts = { ...kit.parts, queue };
  const worker = await startWorker(parts, parts.runtime, { lanes: 1, publicUrl: PUBLIC_URL });
  await setConnection(parts, ADMIN, { connection, alertUrl: receiver.url });
  await pauseConnection(parts, ADMIN, { connection });
  await eventually(() => receiver.messages.length === 1, 30_000);
  kit.stopping.abort();
  await worker.stop();
  await receiver.close();
  expect(receiver.messages).toMatchObject([{ what: 'paused', code: 'by-hand' }]);
}, 60_000);

test('whoever watches is told of changes, over any number of processes, also after the connection was lost', async () => {
  const announcer = createAnnouncer(database.pool, systemClock, log);
  const feed = startLiveFeed({ ...database.connection, application_name: 'watcher' }, systemClock, log);
  const told = new Set<string>();
  const unsubscribe = feed.subscribe(({ id }) => told.add(id));
  const tell = (id: string) => () => {
    announcer.announce({ id, state: 'synced' });
    return told.has(id);
  };
  await eventually(tell('first'));
  for (let n = 0; n < 200; n += 1) announcer.announce({ id: `many ${n}`, state: 'parked' });
  await eventually(() => told.size === 201);
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'watcher'",
  );
  await eventually(tell('after the loss'));
  unsubscribe();
  await announcer.flush();
  await feed.close();
});
