/** Attacks on the webhook registrations by somebody who knows a path: the verifier stays, the genuine sender gets through. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/connectors/example/books.ts';
import { SIGNATURE_HEADER, sign } from '../../src/connectors/example/webhook.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import { rotatePaths } from '../../src/operations/rotate-paths.ts';
import { pauseConnection, setConnection } from '../../src/operations/set-connection.ts';
import { listCallbacks } from '../../src/store/callbacks.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf, PUBLIC_URL } from '../kit/engine.ts';

const MINUTE_MS = 60_000;
const JSON_TYPE = { 'content-type': 'application/json' };

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

const tend = (parts = kit.parts) => tendCallbacks(parts, parts.runtime, kit.connectionId, PUBLIC_URL);
const rows = () => listCallbacks(kit.parts.db, kit.parts.vault, kit.connectionId);

/** What anybody can post who knows the path. */
function handshake(url: string, remoteId: string, verifier: string): Delivery {
  return { url, headers: JSON_TYPE, body: Buffer.from(JSON.stringify({ callback: remoteId, verifier })) };
}

function signedWith(verifier: string, url: string, id = '1'): Delivery {
  const body = Buffer.from(JSON.stringify({ topic: 'invoice.changed', id, account: kit.books.account }));
  return { url, body, headers: { ...JSON_TYPE, [SIGNATURE_HEADER]: sign(body, verifier) } };
}

/** The newest registration for invoices. */
function invoiceCallback() {
  const found = kit.books.callbacks().findLast(({ topic }) => topic === 'invoice');
  if (!found) throw new Error('no callback for invoices');
  return found;
}

/** A change at the source; whether a true event about it was stored. */
async function hears(id: string): Promise<boolean> {
  kit.books.put('invoice', invoiceOf({ id }));
  await kit.deliverOutbox();
  const { rows: found } = await sql`select from events e join documents d on d.id = e.document_id
    where d.connection_id = ${kit.connectionId} and d.source_id = ${id}`.execute(database.db);
  return found.length > 0;
}

const causes = async () =>
  (
    await database.db
      .selectFrom('rejections')
      .select('cause')
      .where('connection_id', '=', kit.connectionId)
      .execute()
  ).map(({ cause }) => cause);

test('a handshake that nobody asked for changes nothing: forged events stay refused, genuine ones accepted', async () => {
  await kit.connectCallbacks();
  const { url, remoteId, verifier } = invoiceCallback();
  expect((await kit.send(handshake(url, remoteId, 'mine'))).status).toBe(401);
  expect(await causes()).toEqual(['not-asked']);
  await tend();
  await kit.clock.advance(35 * MINUTE_MS);
  await tend();
  expect((await kit.send(signedWith('mine', url))).status).toBe(401);
  expect((await kit.send(signedWith(verifier, url))).status).toBe(200);
  // A late repetition of the genuine one is no fault of the sender's.
  expect((await kit.send(handshake(url, remoteId, verifier))).status).toBe(200);
});

test('in the window of a handshake a stranger’s offers do not keep the genuine one out, and none is left over', async () => {
  await tend();
  const { url, remoteId } = invoiceCallback();
  for (let n = 0; n < 3; n += 1) await kit.send(handshake(url, remoteId, `wrong-${n}`));
  await kit.deliverOutbox();
  await kit.send(handshake(url, remoteId, 'wrong-again'));
  // One that names another callback is none that was asked for.
  expect((await kit.send(handshake(url, 'another', 'wrong-callback'))).status).toBe(401);
  await tend();
  expect(await hears('1')).toBe(true);
  for (const wrong of ['wrong-0', 'wrong-again', 'wrong-callback'])
    expect((await kit.send(signedWith(wrong, url))).status).toBe(401);
  expect(await database.db.selectFrom('callback_offers').select('id').execute()).toEqual([]);
});

test('an offer checks nothing before it is confirmed, and is kept sealed', async () => {
  await tend();
  const { url, remoteId } = invoiceCallback();
  expect((await kit.send(handshake(url, remoteId, 'offered-in-the-window'))).status).toBe(200);
  const kept = await database.db.selectFrom('callback_offers').selectAll().execute();
  expect(kept.length).toBeGreaterThan(0);
  expect(JSON.stringify(kept)).not.toContain('offered-in-the-window');
  // What it signs is told to come again until the offer is refused, and is refused then.
  expect((await kit.send(signedWith('offered-in-the-window', url))).status).toBe(503);
  await tend();
  expect((await kit.send(signedWith('offered-in-the-window', url))).status).toBe(401);
});

test('an event that comes between the source’s confirmation and its record is taken, none before that is', async () => {
  await tend();
  await kit.deliverOutbox();
  const confirm = kit.books.confirm.bind(kit.books);
  const early: Promise<{ status: number }>[] = [];
  kit.books.confirm = (remoteId, verifier) => {
    const confirmed = confirm(remoteId, verifier);
    if (confirmed) early.push(kit.send(signedWith(verifier, invoiceCallback().url)));
    return confirmed;
  };
  await tend();
  // Four confirmations, of which one is of the callback that all four events go to.
  const statuses = (await Promise.all(early)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 401, 401, 401]);
});

test('the window closes: ten minutes after the question no handshake is taken', async () => {
  await tend();
  const { url, remoteId, verifier } = invoiceCallback();
  kit.books.outbox = [];
  await pauseConnection(kit.parts, ADMIN, { connection: kit.connectionId });
  await kit.clock.advance(10 * MINUTE_MS + 1);
  expect((await kit.send(handshake(url, remoteId, verifier))).status).toBe(401);
  expect(await causes()).toEqual(['not-asked']);
});

test('two workers that tend at the same moment register once', async () => {
  const other = kit.another('other');
  await Promise.all([tend(), tend(other), tend(), tend(other)]);
  expect(kit.books.callbacks()).toHaveLength(4);
});

describe('a flood of offers', () => {
  const flood = async (times = 40) => {
    const { url, remoteId } = invoiceCallback();
    const sent = Array.from({ length: times }, (_, n) => kit.send(handshake(url, remoteId, `flood-${n}`)));
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
  };

  /** Counts what it costs. */
  function countConfirms() {
    const count = { confirms: 0 };
    const confirm = kit.books.confirm.bind(kit.books);
    kit.books.confirm = (remoteId, verifier) => {
      count.confirms += 1;
      return confirm(remoteId, verifier);
    };
    return count;
  }

  test('costs five calls, and moves the callback to a fresh path, where the genuine handshake is heard', async () => {
    await tend();
    const flooded = invoiceCallback();
    await flood();
    const count = countConfirms();
    await kit.deliverOutbox();
    await tend();
    expect(count.confirms).toBe(5 + 3);
    await tend();
    expect(count.confirms).toBe(5 + 3);
    await kit.clock.advance(MINUTE_MS);
    await tend();
    expect(invoiceCallback().url).not.toBe(flooded.url);
    await kit.deliverOutbox();
    await tend();
    expect(await hears('1')).toBe(true);
    expect(kit.books.callbacks().filter(({ topic }) => topic === 'invoice')).toHaveLength(1);
    // Served a little longer for what was on its way, then nobody knows it.
    await kit.clock.advance(2 * MINUTE_MS);
    await tend();
    expect((await kit.send(handshake(flooded.url, flooded.remoteId, 'x'))).status).toBe(404);
  });

  test('over a callback that the source asks to verify again leaves its verifier in force', async () => {
    await kit.connectCallbacks();
    const before = invoiceCallback();
    before.verified = false;
    await tend();
    kit.books.outbox = [];
    await flood();
    await tend();
    expect((await kit.send(signedWith(before.verifier, before.url))).status).toBe(200);
    await kit.clock.advance(MINUTE_MS);
    await tend();
    await kit.deliverOutbox();
    expect((await kit.send(signedWith(before.verifier, before.url))).status).toBe(200);
    await tend();
    expect(await hears('9')).toBe(true);
    for (const url of [before.url, invoiceCallback().url])
      expect((await kit.send(signedWith('flood-0', url))).status).toBe(401);
  });

  test('by somebody who sees every new path at once costs five calls a minute, no more', async () => {
    await tend();
    kit.books.outbox = [];
    const count = countConfirms();
    for (let minute = 0; minute < 3; minute += 1) {
      await flood();
      for (let n = 0; n < 4; n += 1) await tend();
      kit.books.outbox = [];
      await kit.clock.advance(MINUTE_MS);
      await tend();
    }
    expect(count.confirms).toBe(15);
    // Once it ends, the next question is heard.
    await kit.deliverOutbox();
    await tend();
    expect(await hears('1')).toBe(true);
  });
});

describe('replacing the paths', () => {
  test('both serve until the new ones are verified; then the old ones go at the source, and are unknown here', async () => {
    await kit.connectCallbacks();
    const old = invoiceCallback();
    expect(await rotatePaths(kit.parts, ADMIN, { connection: kit.connectionId })).toMatchObject({
      callbacks: 4,
      waits: false,
    });
    await tend();
    expect(await hears('1')).toBe(true);
    await kit.deliverOutbox();
    expect(await hears('2')).toBe(true);
    await tend();
    expect(kit.books.callbacks()).toHaveLength(4);
    expect(kit.books.callbacks().some(({ url }) => url === old.url)).toBe(false);
    expect(await hears('3')).toBe(true);
    // What was on its way to the old path is still taken.
    expect((await kit.send(signedWith(old.verifier, old.url))).status).toBe(200);
    await kit.clock.advance(2 * MINUTE_MS);
    await tend();
    expect((await kit.send(signedWith(old.verifier, old.url))).status).toBe(404);
    expect(await rows()).toHaveLength(4);
    expect(await hears('4')).toBe(true);
  });

  test('asked for twice, the second time counts: what was new then is given up', async () => {
    await kit.connectCallbacks();
    await rotatePaths(kit.parts, ADMIN, { connection: kit.connectionId });
    await tend();
    const given = invoiceCallback();
    await rotatePaths(kit.parts, ADMIN, { connection: kit.connectionId });
    for (let n = 0; n < 3; n += 1) {
      await tend();
      await kit.deliverOutbox();
    }
    expect(kit.books.callbacks()).toHaveLength(4);
    expect(kit.books.callbacks().some(({ url }) => url === given.url)).toBe(false);
    expect(await hears('1')).toBe(true);
  });

  test('only an admin can, and only where there are webhooks', async () => {
    const operator = { name: 'test:olu', role: 'operator' as const };
    await expect(rotatePaths(kit.parts, operator, { connection: kit.connectionId })).rejects.toThrow();
    await setConnection(kit.parts, ADMIN, { connection: kit.connectionId, webhooksEnabled: false });
    await expect(rotatePaths(kit.parts, ADMIN, { connection: kit.connectionId })).rejects.toThrow(
      'switched off',
    );
  });
});

describe('killed between any two steps', () => {
  /** A process that dies at its `deathAt`th step: a commit of ours or a call to the source, before or after. One topic will do. */
  function mortal(deathAt: number) {
    const life = { steps: 0 };
    const step = async () => {
      life.steps += 1;
      if (life.steps >= deathAt) throw new Error('killed');
    };
    const manifest: typeof kit.source = {
      ...kit.source,
      create(context) {
        const source = kit.source.create(context);
        const guarded =
          <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
          async (...args: A) => {
            await step();
            const result = await act(...args);
            await step();
            return result;
          };
        const { register, list, confirm, requestHandshake, remove } = source.callbacks;
        const callbacks = {
          topics: ['invoice'],
          register: guarded(register),
          list: guarded(list),
          confirm: guarded(confirm),
          requestHandshake: guarded(requestHandshake),
          remove: guarded(remove),
        };
        return Object.assign(Object.create(source) as typeof source, { callbacks });
      },
    };
    const engine = {
      ...kit.parts,
      registry: { ...kit.parts.registry, sources: [manifest] },
      checkpoint: step,
    };
    return { life, parts: { ...engine, runtime: createConnectionRuntime(engine) } };
  }

  /** With a stranger who offers a verifier of his own whenever he can. */
  async function liveThrough(deathAt: number): Promise<boolean> {
    const { life, parts } = mortal(deathAt);
    for (let turn = 0; turn < 4 && life.steps < deathAt; turn += 1) {
      await tend(parts).catch(() => {});
      await strangerOffers();
      await kit.deliverOutbox();
      if (turn === 2) await kit.clock.advance(MINUTE_MS);
    }
    return life.steps >= deathAt;
  }

  async function strangerOffers(): Promise<void> {
    for (const { url, remoteId, topic } of kit.books.callbacks())
      if (topic === 'invoice') await kit.send(handshake(url, remoteId, 'evil'));
  }

  async function recover(): Promise<void> {
    const { parts } = mortal(Number.POSITIVE_INFINITY);
    for (let turn = 0; turn < 4; turn += 1) {
      await tend(parts);
      await kit.deliverOutbox();
      const [only, ...others] = await rows();
      if (only?.verifier !== undefined && !only.replaceAt && others.length === 0) return;
      await kit.clock.advance(MINUTE_MS + 1);
    }
  }

  async function judge(deathAt: number, id: string): Promise<void> {
    const heard = await hears(id);
    const left = await rows();
    const forged = [];
    for (const { url } of kit.books.callbacks())
      forged.push((await kit.send(signedWith('evil', url))).status);
    expect({
      deathAt,
      heard,
      verified: left.map(({ role, verifier }) => `${role} ${verifier !== undefined}`),
      atTheSource: kit.books.callbacks().filter(({ verified }) => verified).length,
      forged: new Set(forged),
    }).toEqual({
      deathAt,
      heard: true,
      verified: ['current true'],
      atTheSource: 1,
      forged: new Set([401]),
    });
    expect(kit.books.callbacks()).toHaveLength(1);
  }

  test('a first verification ends verified, with one registration for each topic', async () => {
    let deaths = 0;
    for (let deathAt = 1; ; deathAt += 1) {
      kit = await createEngineKit(database);
      const died = await liveThrough(deathAt);
      await recover();
      await judge(deathAt, '1');
      if (!died) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(12);
  });

  test('a replacement misses no event, and ends with one registration for each topic', async () => {
    let deaths = 0;
    await recover();
    for (let deathAt = 1; ; deathAt += 1) {
      await rotatePaths(kit.parts, ADMIN, { connection: kit.connectionId });
      const died = await liveThrough(deathAt);
      expect(await hears(`early-${deathAt}`)).toBe(true);
      await recover();
      await judge(deathAt, `late-${deathAt}`);
      if (!died) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(12);
  });
});
