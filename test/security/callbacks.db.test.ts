/** Attacks on the webhook registrations by somebody who knows a path: the verifier stays, the genuine sender gets through. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Delivery } from '../../src/connectors/example/books.ts';
import { SIGNATURE_HEADER, sign } from '../../src/connectors/example/webhook.ts';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { createEngineKit, type EngineKit, invoiceOf, PUBLIC_URL } from '../kit/engine.ts';

const MINUTE_MS = 60_000;

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
});

const tend = () => tendCallbacks(kit.parts, kit.parts.runtime, kit.connectionId, PUBLIC_URL);
const JSON_TYPE = { 'content-type': 'application/json' };

/** What anybody can post who knows the path. */
function handshake(url: string, remoteId: string, verifier: string): Delivery {
  return { url, headers: JSON_TYPE, body: Buffer.from(JSON.stringify({ callback: remoteId, verifier })) };
}

function signedWith(verifier: string, url: string, id = '1'): Delivery {
  const body = Buffer.from(JSON.stringify({ topic: 'invoice.changed', id, account: kit.books.account }));
  return { url, body, headers: { ...JSON_TYPE, [SIGNATURE_HEADER]: sign(body, verifier) } };
}

function invoiceCallback() {
  const found = kit.books.callbacks().find(({ topic }) => topic === 'invoice');
  if (!found) throw new Error('no callback for invoices');
  return found;
}

test('a handshake that nobody asked for changes nothing: forged events stay refused, genuine ones accepted', async () => {
  await kit.connectCallbacks();
  const { url, remoteId, verifier } = invoiceCallback();
  await kit.send(handshake(url, remoteId, 'mine'));
  await tend().catch(() => {});
  await kit.clock.advance(35 * MINUTE_MS);
  expect((await kit.send(signedWith('mine', url))).status).toBe(401);
  expect((await kit.send(signedWith(verifier, url))).status).toBe(200);
});

test('in the window of a handshake a stranger’s offers do not keep the genuine one out', async () => {
  await tend();
  const { url, remoteId } = invoiceCallback();
  for (let n = 0; n < 3; n += 1) await kit.send(handshake(url, remoteId, `wrong-${n}`));
  await kit.deliverOutbox();
  await kit.send(handshake(url, remoteId, 'wrong-again'));
  await tend().catch(() => {});
  kit.books.put('invoice', invoiceOf({ id: '1' }));
  expect(await kit.deliverOutbox()).toEqual([{ status: 200, title: 'Stored' }]);
  expect((await kit.send(signedWith('wrong-again', url))).status).toBe(401);
});
