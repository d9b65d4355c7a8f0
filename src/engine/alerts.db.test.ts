/** Alerts over real loopback HTTP: what is told, how often, and that nothing else waits for it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AlertReceiver, startAlertReceiver } from '../../test/kit/alert-receiver.ts';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../../test/kit/engine.ts';
import { OperatingError } from '../core/errors.ts';
import { testAlert } from '../operations/alert-address.ts';
import { pauseConnection, resumeConnection, setConnection } from '../operations/set-connection.ts';
import { showConnection } from '../operations/show-connection.ts';
import type { DB } from '../store/schema.ts';
import { noticeAlerts, sendAlerts } from './alerts.ts';
import { onJobError } from './engine.ts';

const PUBLIC_URL = 'https://connector.example.com';
const HOUR_MS = 3_600_000;

let database: TestDatabase<DB>;
let kit: EngineKit;
let receiver: AlertReceiver;

beforeAll(async () => void (database = await createTestDatabase<DB>()));
afterAll(() => database.drop());
beforeEach(async () => {
  receiver = await startAlertReceiver();
  kit = await createEngineKit(database, { simulators: [new URL(receiver.url).origin] });
  kit.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
});
afterEach(() => receiver.close());

const tellTo = async (alertUrl: string) => {
  await setConnection(kit.parts, ADMIN, { connection: kit.connectionId, alertUrl });
  await kit.clock.advance(1000);
};

/** What a tick notices, and what the queue then does. */
async function tick(afterMs = 1000): Promise<void> {
  await kit.clock.advance(afterMs);
  await noticeAlerts(kit.parts);
  const woken = kit.queue.wakes.splice(0).filter(({ name }) => name === 'alerts');
  for (const { key } of woken) await sendAlerts(kit.parts, key, PUBLIC_URL);
}

/** An invoice whose lines do not add up to its total. */
async function park(id: string): Promise<void> {
  kit.books.put('invoice', invoiceOf({ id, total: '999.00' }));
  await kit.accept({ kind: 'invoice', sourceId: id });
  await kit.settle();
  expect(await kit.stateOf('invoice', id)).toBe('parked total-not-explained');
}

const shown = async () => (await showConnection(kit.parts, ADMIN, { connection: kit.connectionId })).alerts;
const counts = () => receiver.messages.map(({ count }) => count);

test('a parked record is told without any of its own words, and once an hour for each reason with the count so far', async () => {
  await tellTo(receiver.url);
  await park('1');
  await tick();
  const { name } = await showConnection(kit.parts, ADMIN, { connection: kit.connectionId });
  expect(receiver.messages).toEqual([
    {
      connection: name,
      what: 'parked',
      code: 'total-not-explained',
      words: 'Parked: total not explained',
      count: 1,
      at: expect.stringMatching(/^2026-.*Z$/),
      url: `${PUBLIC_URL}/parked`,
    },
  ]);
  await park('2');
  await park('3');
  await tick();
  expect(counts()).toEqual([1]);
  await tick(HOUR_MS);
  expect(counts()).toEqual([1, 3]);
  await tick(2 * HOUR_MS);
  expect(counts()).toEqual([1, 3]);
});

test('a pause is told in words of ours, whoever made it', async () => {
  await tellTo(receiver.url);
  const connection = kit.connectionId;
  await pauseConnection(kit.parts, ADMIN, { connection, reason: 'Ada Ltd owes 5.00' });
  await tick();
  await resumeConnection(kit.parts, ADMIN, { connection });
  const dead = new OperatingError('unauthorized', 'the token of Ada Ltd is refused');
  await onJobError(kit.parts, 'lane', connection, dead);
  await tick();
  expect(receiver.messages).toMatchObject([
    {
      what: 'paused',
      code: 'by-hand',
      words: 'Paused by a person',
      url: `${PUBLIC_URL}/connections/${connection}`,
    },
    { what: 'paused', code: 'credentials-refused' },
  ]);
  expect(JSON.stringify(receiver.messages)).not.toMatch(/Ada|5\.00/);
});

test('without an address nothing is told or kept, and what parked before is not told', async () => {
  await park('1');
  await pauseConnection(kit.parts, ADMIN, { connection: kit.connectionId });
  await resumeConnection(kit.parts, ADMIN, { connection: kit.connectionId });
  await tick();
  await tellTo(receiver.url);
  await tick();
  await tellTo('');
  await park('2');
  await tick();
  expect(receiver.messages).toEqual([]);
  const rows = database.db.selectFrom('alerts').selectAll().where('connection_id', '=', kit.connectionId);
  expect(await rows.execute()).toEqual([]);
});

test('what does not arrive is tried again a few times, shown, and given up; a redirect is not followed', async () => {
  await tellTo(receiver.url);
  receiver.answer.status = 302;
  await park('1');
  await tick();
  expect((await shown()).failure).toBe('it answers HTTP 302');
  receiver.answer.status = 500;
  for (const waitMs of [30_000, 120_000, 600_000, 1_800_000, 1_800_000]) await tick(waitMs);
  expect(receiver.messages).toHaveLength(5);
  expect(await shown()).toEqual({ url: receiver.url, failure: 'it answers HTTP 500' });
  receiver.answer.status = 200;
  await park('2');
  await tick(HOUR_MS);
  expect(receiver.messages).toHaveLength(6);
  expect((await shown()).failure).toBe(null);
});

test('an address where nobody listens holds up no lane, and its path is told to nobody', async () => {
  const { url } = receiver;
  await receiver.close();
  await tellTo(url);
  await park('1');
  await tick();
  const { failure } = await shown();
  expect(failure).toBe('it cannot be reached (ECONNREFUSED)');
  const viewer = { name: 'vic', role: 'viewer' } as const;
  const seen = await showConnection(kit.parts, viewer, { connection: kit.connectionId });
  expect(seen.alerts.url).toBe(new URL(url).origin);
  const audit = await database.db.selectFrom('trail').select('payload').execute();
  expect(JSON.stringify(audit)).not.toContain('s3cret');
  kit.books.put('invoice', invoiceOf({ id: '2' }));
  await kit.accept({ kind: 'invoice', sourceId: '2' });
  await kit.settle();
  expect(await kit.stateOf('invoice', '2')).toBe('synced');
});

test('a test says whether it arrived', async () => {
  const connection = kit.connectionId;
  await expect(testAlert(kit.parts, ADMIN, { connection })).rejects.toThrow('no address for alerts');
  await tellTo(receiver.url);
  expect(await testAlert(kit.parts, ADMIN, { connection })).toEqual({ id: connection, failure: null });
  expect(receiver.messages).toMatchObject([{ what: 'test', words: 'A test: alerts arrive' }]);
  receiver.answer.status = 403;
  expect((await testAlert(kit.parts, ADMIN, { connection })).failure).toBe('it answers HTTP 403');
  expect((await shown()).failure).toBe('it answers HTTP 403');
});

test.each([
  ['ftp://example.com', 'begin with https://'],
  ['http://example.com/x', 'begin with https://'],
  ['http://127.0.0.1:1/x', 'begin with https://'],
  ['https://127.0.0.1:1/x', 'this machine itself'],
  ['example.com', 'no whole address'],
  ['https://a:b@example.com', 'leave user name and password out'],
])('%s is no address for alerts', async (alertUrl, words) => {
  await expect(tellTo(alertUrl)).rejects.toThrow(words);
  expect((await shown()).url).toBe('');
});

test('two processes that notice at once tell it once', async () => {
  await tellTo(receiver.url);
  await park('1');
  const other = kit.another('other');
  await Promise.all([noticeAlerts(kit.parts), noticeAlerts(other)]);
  await Promise.all([kit.parts, other].map((parts) => sendAlerts(parts, kit.connectionId, PUBLIC_URL)));
  expect(counts()).toEqual([1]);
});
