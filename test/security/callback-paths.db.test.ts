/** Webhook paths are secrets: nowhere in clear, an upgrade seals and replaces those of before, and an odd source cannot be used against us. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SIGNATURE_HEADER, sign } from '../../src/connectors/example/webhook.ts';
import type { Callback } from '../../src/connectors/freshbooks/simulator/callbacks.ts';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { signBody } from '../../src/connectors/freshbooks/webhook.ts';
import { newId } from '../../src/core/ids.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { createReceiver } from '../../src/engine/receive.ts';
import { listRejections } from '../../src/operations/list-rejections.ts';
import { ping } from '../../src/operations/ping.ts';
import { rotatePaths } from '../../src/operations/rotate-paths.ts';
import { sealPathsOfBefore } from '../../src/operations/seal-callbacks.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { createVault } from '../../src/platform/vault.ts';
import { listCallbacks, resealCallbacks } from '../../src/store/callbacks.ts';
import type { Db } from '../../src/store/db.ts';
import type { DB } from '../../src/store/schema.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, PUBLIC_URL } from '../kit/engine.ts';
import { connectFreshBooks, type FreshBooksProcess, openFreshBooksProcess } from '../kit/freshbooks.ts';

const FORM = 'application/x-www-form-urlencoded';
const MINUTE_MS = 60_000;

/** Everything that the database holds, as text. */
async function dump(db: Db): Promise<string> {
  const { rows } = await sql<{ name: string }>`select quote_ident(tablename) as name from pg_tables
    where schemaname = 'public'`.execute(db);
  const texts: string[] = [];
  for (const { name } of rows) {
    const table = await sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db);
    texts.push(...table.rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

describe('with FreshBooks', () => {
  let database: TestDatabase<DB>;
  let simulator: RunningSimulator;
  let service: FreshBooksProcess;
  let connectionId: string;
  let passedMs: number;

  beforeEach(async () => {
    database = await createTestDatabase<DB>();
    simulator = await startFreshBooksSimulator({ seed: 5 });
    const opened = await openFreshBooksProcess(database.url);
    passedMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
    service = { ...opened, parts: { ...opened.parts, clock } };
    connectionId = await connectFreshBooks(service.parts, simulator.url, { webhooks: true });
  });
  afterEach(async () => {
    await service.close();
    await simulator.close();
    await database.drop();
  });

  const tend = () => tendCallbacks(service.parts, service.parts.runtime, connectionId, PUBLIC_URL);
  const registered = () => simulator.simulator.callbacks.all();
  const rows = () => listCallbacks(service.parts.db, service.parts.vault, connectionId);
  const faults = (patch: object) => Object.assign(simulator.simulator.faults, patch);

  async function send(uri: string, fields: Record<string, string>, verifier?: string): Promise<number> {
    const body = Buffer.from(new URLSearchParams(fields).toString());
    const path = uri.slice(`${PUBLIC_URL}/hooks/`.length);
    const signature = verifier === undefined ? {} : { 'x-freshbooks-hmac-sha256': signBody(body, verifier) };
    const headers = { 'content-type': FORM, 'x-forwarded-uri': `/hooks/${path}`, ...signature };
    return (await createReceiver(service.parts).receive(path, body, headers)).status;
  }

  const shake = ({ id, uri, verifier }: Callback, other = verifier) =>
    send(uri, { name: 'callback.verify', object_id: String(id), verifier: other });
  const account = () => simulator.simulator.identity.accountId;
  const event = (uri: string, verifier: string) =>
    send(uri, { name: 'invoice.update', object_id: '7', account_id: account() }, verifier);
  const invoices = () => registered().findLast((one) => one.event === 'invoice') as Callback;

  async function verifyAll(): Promise<void> {
    await tend();
    for (const one of registered()) await shake(one);
    await tend();
  }

  test('no path stands in clear in the database, a rejection, a check or an error', async () => {
    await verifyAll();
    await event(invoices().uri, 'wrong');
    await rotatePaths(service.parts, ADMIN, { connection: connectionId });
    await tend();
    await verifyAll();
    await shake(invoices(), 'refused');
    const paths = [...registered().map(({ uri }) => uri), ...(await rows()).map(({ path }) => path)];
    expect(paths.length).toBeGreaterThan(8);
    const checks = await ping(service.parts, ADMIN, { connection: connectionId, side: 'source' });
    const elsewhere = await ping({ ...service.parts, publicUrl: 'https://moved.test' }, ADMIN, {
      connection: connectionId,
      side: 'source',
    });
    const shown = JSON.stringify([
      checks,
      elsewhere,
      await listRejections(service.parts, ADMIN, { limit: 50 }),
    ]);
    const held = `${await dump(service.parts.db)}\n${shown}`;
    for (const path of paths) expect(held).not.toContain(path.slice(-32));
    expect(held).toContain('GET callback list');
    expect(held).toContain('/hooks/[redacted]');
  });

  test('a source that says yes to any verifier of a verified callback does not get a stranger’s one in', async () => {
    faults({ wrongVerifier: 'unsaid' });
    await tend();
    const first = invoices();
    await shake(first);
    // As if we had confirmed it, and died before that was recorded.
    simulator.simulator.callbacks.verify(first, first.verifier);
    await shake(first, 'evil');
    await tend();
    passedMs += MINUTE_MS;
    await tend();
    expect(invoices().uri).not.toBe(first.uri);
    await shake(invoices(), 'evil');
    await shake(invoices());
    await tend();
    for (const { uri } of [first, invoices()]) expect(await event(uri, 'evil')).toBe(401);
    expect(await event(invoices().uri, invoices().verifier)).toBe(200);
  });

  test('where a resend brings another verifier, the new one counts once it is confirmed, the old one until then', async () => {
    await verifyAll();
    const { uri, verifier: old } = invoices();
    faults({ resendVerifier: 'new' });
    simulator.simulator.callbacks.disable(invoices());
    await tend();
    expect(invoices().verifier).not.toBe(old);
    await shake(invoices());
    expect(await event(uri, old)).toBe(200);
    await tend();
    expect(await event(uri, old)).toBe(401);
    expect(await event(uri, invoices().verifier)).toBe(200);
  });

  test('a confirmation whose answer is lost ends verified on a path of its own, never in doubt', async () => {
    await tend();
    await shake(invoices());
    faults({ loseAnswer: { match: 'PUT callback', times: 1 } });
    await expect(tend()).rejects.toThrow();
    passedMs += MINUTE_MS;
    await tend();
    await verifyAll();
    expect(registered().filter((one) => one.event === 'invoice')).toHaveLength(1);
    expect(await event(invoices().uri, invoices().verifier)).toBe(200);
  });
});

describe('an upgrade', () => {
  let database: TestDatabase<DB>;
  let before: string;

  beforeAll(async () => {
    database = await createTestDatabase<DB>({ empty: true });
    before = await mkdtemp(join(tmpdir(), 'callbacks-'));
    for (const name of await readdir('migrations'))
      if (name < '0010') await cp(join('migrations', name), join(before, name));
    await migrate({ connection: database.connection, log: pino({ level: 'silent' }), dir: before });
  });
  afterAll(async () => {
    await rm(before, { recursive: true, force: true });
    await database.drop();
  });

  const vault = createVault([new Uint8Array(32).fill(7)]);
  const id = newId(Date.now());
  const TOPICS = ['client', 'invoice', 'payment', 'credit'] as const;
  /** As the example's books will number and sign them. */
  const olds = TOPICS.map((topic, index) => {
    const url = `${PUBLIC_URL}/hooks/clear-path-of-before-for-${topic}`;
    return {
      topic,
      url,
      remoteId: `callback-${index + 1}`,
      verifier: `verifier-of-callback-${index + 1}-${url}`,
    };
  });

  /** The rows as the old version wrote them. That of payments is poisoned: a stranger's offer, in force before it was confirmed. */
  async function writeOldRows(): Promise<void> {
    await sql`insert into connections (id, name, source, destination, state, source_settings, destination_settings,
        webhooks_enabled, poll_interval_seconds, created_at, updated_at)
      values (${id}, 'old one', 'example-books', 'example-billing', 'active', '{"accountId":"OLD"}', '{}', true, 0, now(), now())`.execute(
      database.db,
    );
    for (const { topic, url, remoteId, verifier } of olds) {
      const callbackId = newId(Date.now());
      const seal = async (value: string | { remoteId: string; verifier: string }) =>
        JSON.stringify(await vault.seal(value, `callbacks/${callbackId}`));
      const isPoisoned = topic === 'payment';
      await sql`insert into callbacks (id, connection_id, topic, path, remote_id, verifier, offered, verified_at, created_at)
        values (${callbackId}, ${id}, ${topic}, ${url.slice(`${PUBLIC_URL}/hooks/`.length)}, ${remoteId},
          ${await seal(isPoisoned ? 'evil' : verifier)}::jsonb,
          ${isPoisoned ? await seal({ remoteId, verifier: 'evil' }) : null}::jsonb, now(), now())`.execute(
        database.db,
      );
    }
  }

  function eventTo(url: string, verifier: string) {
    const body = Buffer.from(JSON.stringify({ topic: 'invoice.changed', id: '1', account: 'OLD' }));
    return {
      url,
      body,
      headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: sign(body, verifier) },
    };
  }

  test('seals the paths of before, serves them until new ones are verified, and drops a key that was never confirmed', async () => {
    await writeOldRows();
    await migrate({ connection: database.connection, log: pino({ level: 'silent' }) });
    const kit = await createEngineKit(database, { webhooks: false });
    for (const { topic, url, remoteId, verifier } of olds) {
      kit.books.register(topic, url);
      expect(kit.books.confirm(remoteId, verifier)).toBe(true);
    }
    kit.books.outbox = [];
    await Promise.all([sealPathsOfBefore(kit.parts), sealPathsOfBefore(kit.parts)]);
    expect(await dump(kit.parts.db)).not.toContain('clear-path-of-before');
    const told = (await listOpenNotices(kit.parts.db)).map(({ code, subject }) => `${code} ${subject}`);
    expect(told.toSorted()).toEqual([`callback-key-dropped ${id} payment`, `callback-paths ${id}`]);

    const [, invoice, payment] = olds;
    if (!invoice || !payment) throw new Error('there are four');
    expect((await kit.send(eventTo(invoice.url, invoice.verifier))).status).toBe(200);
    expect((await kit.send(eventTo(payment.url, 'evil'))).status).toBe(401);
    await resealCallbacks(kit.parts.db, kit.parts.vault);

    const tend = () => tendCallbacks(kit.parts, kit.parts.runtime, id, PUBLIC_URL);
    await tend();
    expect((await kit.send(eventTo(invoice.url, invoice.verifier))).status).toBe(200);
    await kit.deliverOutbox();
    await tend();
    expect((await kit.send(eventTo(invoice.url, invoice.verifier))).status).toBe(200);
    await kit.clock.advance(2 * MINUTE_MS);
    await tend();
    expect((await kit.send(eventTo(invoice.url, invoice.verifier))).status).toBe(404);
    const rows = await listCallbacks(kit.parts.db, kit.parts.vault, id);
    expect(rows.map(({ role, verifiedAt }) => `${role} ${verifiedAt !== null}`)).toEqual(
      TOPICS.map(() => 'current true'),
    );
    const kept = kit.books.callbacks().filter(({ url }) => olds.some((old) => old.url === url));
    expect(kept).toEqual([]);
    // Once only: nothing is left to be replaced, and the notice that asked for nothing is closed.
    expect(rows.every(({ replaceAt }) => replaceAt === null)).toBe(true);
    expect((await listOpenNotices(kit.parts.db)).map(({ code }) => code)).toEqual(['callback-key-dropped']);
  });
});
