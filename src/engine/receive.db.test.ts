/** The webhook door: what is accepted is durable, everything else is refused with its cause (I1). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, PUBLIC_URL } from '../../test/kit/engine.ts';
import type { Delivery } from '../connectors/example/books.ts';
import { SIGNATURE_HEADER, sign } from '../connectors/example/webhook.ts';
import { openDatabase } from '../platform/database.ts';
import type { DB } from '../store/schema.ts';
import { tendCallbacks } from './callbacks.ts';
import { createReceiver } from './receive.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;
/** A good delivery about invoice 1. */
let good: Delivery;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
  await kit.connectCallbacks();
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  const [delivery] = kit.books.outbox.splice(0);
  if (!delivery) throw new Error('nothing was sent');
  good = delivery;
});

const rejections = () =>
  database.db
    .selectFrom('rejections')
    .select(['cause', 'status', 'headers', 'body'])
    .where('connection_id', '=', kit.connectionId)
    .execute();
const events = () =>
  database.db
    .selectFrom('events')
    .select(['origin', 'raw', 'headers', 'repeats'])
    .where('connection_id', '=', kit.connectionId)
    .execute();

function signed(message: Record<string, string>, delivery = good): Delivery {
  const body = Buffer.from(JSON.stringify(message));
  const verifier = kit.books.callbacks().find(({ url }) => url === delivery.url)?.verifier ?? '';
  return { ...delivery, body, headers: { ...delivery.headers, [SIGNATURE_HEADER]: sign(body, verifier) } };
}

test('a good delivery is durable before its 200, and nothing else is touched', async () => {
  // Another pool sees it at once: it was committed.
  const other = await openDatabase<DB>({ connection: database.connection, log: kit.parts.log, max: 1 });
  kit.books.faults.calls.length = 0;
  expect(await kit.send(good)).toEqual({ status: 200, title: 'Stored' });
  const stored = await other.db
    .selectFrom('events')
    .select(['origin', 'raw'])
    .where('connection_id', '=', kit.connectionId)
    .execute();
  await other.close();
  expect(stored).toEqual([{ origin: 'webhook', raw: good.body }]);
  expect(kit.queue.wakes.filter(({ name }) => name === 'lane')).toMatchObject([
    { key: `${kit.connectionId} invoice/1`, priority: 10 },
  ]);
  expect([kit.books.faults.calls, kit.billing.faults.calls]).toEqual([[], []]);
});

test.each<[string, number, string, () => Delivery]>([
  [
    'another content type',
    415,
    'wrong-type',
    () => ({ ...good, headers: { ...good.headers, 'content-type': 'text/plain' } }),
  ],
  ['no content type', 415, 'wrong-type', () => ({ ...good, headers: {} })],
  ['a body that is too large', 413, 'too-large', () => ({ ...good, body: Buffer.alloc(5_000, 32) })],
  ['a body that cannot be read', 400, 'unreadable', () => ({ ...good, body: Buffer.from('{"topic"') })],
  [
    'a changed body',
    401,
    'bad-signature',
    () => ({ ...good, body: Buffer.concat([good.body, Buffer.from(' ')]) }),
  ],
  [
    'a forged signature',
    401,
    'bad-signature',
    () => ({ ...good, headers: { ...good.headers, [SIGNATURE_HEADER]: sign(good.body, 'guess') } }),
  ],
  [
    'no signature',
    401,
    'bad-signature',
    () => ({ ...good, headers: { 'content-type': 'application/json' } }),
  ],
  [
    'an empty signature',
    401,
    'bad-signature',
    () => ({ ...good, headers: { ...good.headers, [SIGNATURE_HEADER]: '' } }),
  ],
  [
    'another account',
    401,
    'wrong-account',
    () => signed({ topic: 'invoice.changed', id: '1', account: 'OTHER' }),
  ],
])('%s is refused with %i and recorded as %s', async (_title, status, cause, make) => {
  const delivery = make();
  expect((await kit.send(delivery)).status).toBe(status);
  expect(await events()).toEqual([]);
  expect(await rejections()).toMatchObject([{ cause, status }]);
});

test('an unknown path is refused with 404, and a stranger’s body is not kept', async () => {
  const before = await database.db.selectFrom('rejections').select('id').execute();
  const receipt = await kit.send({ ...good, url: `${PUBLIC_URL}/hooks/guessed` });
  expect(receipt.status).toBe(404);
  const all = await database.db.selectFrom('rejections').selectAll().execute();
  const [added] = all.filter(({ id }) => !before.some((old) => old.id === id));
  expect(added).toMatchObject({ cause: 'unknown-path', connection_id: null, body: null });
});

test('the signature of one callback is not good for another one', async () => {
  const other = kit.books.callbacks().find(({ url }) => url !== good.url);
  expect((await kit.send({ ...good, url: other?.url ?? '' })).status).toBe(401);
});

test('what is refused is recorded without credentials (I7)', async () => {
  await kit.send({
    ...good,
    body: Buffer.from('nonsense'),
    headers: { ...good.headers, authorization: 'Bearer zq' },
  });
  expect(JSON.stringify(await rejections())).not.toContain('Bearer zq');
});

test('a delivery to a callback that was never verified is refused', async () => {
  const fresh = await createEngineKit(database);
  await tendCallbacks(fresh.parts, fresh.parts.runtime, fresh.connectionId, PUBLIC_URL);
  const url = fresh.books.callbacks()[0]?.url ?? '';
  const message = Buffer.from(
    JSON.stringify({ topic: 'invoice.changed', id: '1', account: fresh.books.account }),
  );
  const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: sign(message, '') };
  expect((await fresh.send({ url, body: message, headers })).title).toBe(
    'This callback has not been verified yet',
  );
});

test('a handshake is stored, and the callback job woken; the verifier counts only once the source has confirmed it', async () => {
  const fresh = await createEngineKit(database);
  const tend = () => tendCallbacks(fresh.parts, fresh.parts.runtime, fresh.connectionId, PUBLIC_URL);
  await tend();
  fresh.queue.wakes.length = 0;
  expect((await fresh.deliverOutbox()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(fresh.queue.wakes).toContainEqual({ name: 'callbacks', key: fresh.connectionId, priority: 0 });
  expect(fresh.books.callbacks().map(({ verified }) => verified)).toEqual([false, false, false, false]);
  await tend();
  expect(fresh.books.callbacks().map(({ verified }) => verified)).toEqual([true, true, true, true]);
  fresh.books.put('invoice', invoiceOf({ id: '1' }));
  expect(await fresh.deliverOutbox()).toEqual([{ status: 200, title: 'Stored' }]);
});

test('a handshake that somebody else sent to a known path changes nothing', async () => {
  const body = Buffer.from(JSON.stringify({ callback: 'not-ours', verifier: 'mine' }));
  await kit.send({ ...good, body });
  await tendCallbacks(kit.parts, kit.parts.runtime, kit.connectionId, PUBLIC_URL);
  const forged = { ...good, headers: { ...good.headers, [SIGNATURE_HEADER]: sign(good.body, 'mine') } };
  expect((await kit.send(forged)).status).toBe(401);
  expect((await kit.send(good)).status).toBe(200);
});

test('a verifier that another process has just learned is good here at once', async () => {
  const fresh = await createEngineKit(database);
  await tendCallbacks(fresh.parts, fresh.parts.runtime, fresh.connectionId, PUBLIC_URL);
  // This receiver keeps its copy of a callback without a verifier.
  await fresh.deliverOutbox();
  const elsewhere = createReceiver(fresh.parts);
  for (const { url, body, headers } of fresh.books.outbox)
    await elsewhere.receive(url.slice(`${PUBLIC_URL}/hooks/`.length), body, headers);
  await tendCallbacks(fresh.parts, fresh.parts.runtime, fresh.connectionId, PUBLIC_URL);
  fresh.books.put('invoice', invoiceOf({ id: '1' }));
  expect(await fresh.deliverOutbox()).toEqual([{ status: 200, title: 'Stored' }]);
});

test('something well signed that nobody looks at is acknowledged and not stored', async () => {
  expect((await kit.send(signed({ topic: 'mood.changed' }))).status).toBe(200);
  expect(await events()).toEqual([]);
  expect(await rejections()).toEqual([]);
});

test('hundreds at once are all stored, and every one was acknowledged after its commit (I1)', async () => {
  const deliveries = Array.from({ length: 300 }, (_, n) =>
    signed({ topic: 'invoice.changed', id: `${n % 40}`, account: kit.books.account }),
  );
  const receipts = await Promise.all(deliveries.map((delivery) => kit.send(delivery)));
  expect(receipts.every(({ status }) => status === 200)).toBe(true);
  // What says the same again before anybody looks is counted in one event.
  const stored = await events();
  expect(stored.reduce((sum, { repeats }) => sum + 1 + repeats, 0)).toBe(300);
  expect(new Set(stored.map(({ raw }) => raw?.toString())).size).toBe(40);
});

test('a delivery that cannot be stored is not acknowledged', async () => {
  const receiver = createReceiver({
    ...kit.parts,
    queue: { ...kit.queue, wake: () => Promise.reject(new Error('the database is gone')) },
  });
  const path = good.url.slice(`${PUBLIC_URL}/hooks/`.length);
  await expect(receiver.receive(path, good.body, good.headers)).rejects.toThrow('the database is gone');
  expect(await events()).toEqual([]);
});

test('a connection that is paused still accepts what it is told', async () => {
  await database.db
    .updateTable('connections')
    .set({ state: 'paused' })
    .where('id', '=', kit.connectionId)
    .execute();
  expect((await kit.send(good)).status).toBe(200);
  expect(await events()).toHaveLength(1);
});

test('R1 switched to polling the callbacks are removed on both sides, and switched back they are made anew', async () => {
  const tend = () => tendCallbacks(kit.parts, kit.parts.runtime, kit.connectionId, PUBLIC_URL);
  const set = (webhooks_enabled: boolean) =>
    database.db
      .updateTable('connections')
      .set({ webhooks_enabled })
      .where('id', '=', kit.connectionId)
      .execute();
  await set(false);
  await tend();
  expect(kit.books.callbacks()).toEqual([]);
  // A process trusts its copy of a callback for ten seconds.
  await kit.clock.advance(10_001);
  expect((await kit.send(good)).status).toBe(404);
  await set(true);
  await kit.connectCallbacks();
  expect(kit.books.callbacks().filter(({ verified }) => verified)).toHaveLength(4);
});
