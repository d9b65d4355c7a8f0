/** Bad input at the webhook door of the real service: refused, counted, its cause kept, nothing else touched. */
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { signForm } from '../../src/connectors/freshbooks/simulator/signature.ts';
import type { World } from '../../src/demo/world.ts';
import { listCallbacks } from '../../src/store/callbacks.ts';
import { command, count, startTestWorld } from './kit.ts';

const SEED = 51;
const FORM = 'application/x-www-form-urlencoded';
const METRICS_TOKEN = 'a-token-for-the-metrics';

let world: World;
let door: { path: string; verifier: string; account: string };
let before: { events: number; documents: number; rejections: number };

beforeAll(async () => {
  world = await startTestWorld({ seed: SEED, environment: { ML_METRICS_TOKEN: METRICS_TOKEN } });
  const callbacks = await listCallbacks(world.parts.db, world.parts.vault, world.connectionId);
  const callback = callbacks.find(({ topic }) => topic.startsWith('invoice'));
  if (!callback?.verifier) throw new Error('no verified callback for invoices');
  const { accountId } = (await world.askSource('GET', '/_control')) as { accountId: string };
  door = { path: callback.path, verifier: callback.verifier, account: accountId };
});
afterAll(() => world?.close());

async function counts() {
  const [events, documents, rejections] = await Promise.all([
    count(world, 'events'),
    count(world, 'documents'),
    count(world, 'rejections'),
  ]);
  return { events, documents, rejections };
}

beforeEach(async () => {
  before = await counts();
});

function formOf(account = door.account): [string, string][] {
  return [
    ['name', 'invoice.create'],
    ['object_id', '987654'],
    ['account_id', account],
    ['business_id', '6543'],
    ['identity_id', '1'],
    ['user_id', '1'],
  ];
}

type Post = { path?: string; body?: string | Uint8Array; type?: string; signature?: string };

async function post({ path = door.path, body, type = FORM, signature }: Post): Promise<number> {
  const response = await fetch(`${world.url}/hooks/${path}`, {
    method: 'POST',
    headers: {
      'content-type': type,
      ...(signature === undefined ? {} : { 'x-freshbooks-hmac-sha256': signature }),
    },
    body: body ?? new URLSearchParams(formOf()).toString(),
  });
  await response.text();
  return response.status;
}

async function metric(cause: string): Promise<number> {
  const text = await (
    await fetch(`${world.url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })
  ).text();
  const line = text
    .split('\n')
    .find((each) => each.startsWith(`mlc_webhooks_refused_total{cause="${cause}"}`));
  return line === undefined ? 0 : Number.parseInt(line.split(' ')[1] ?? '', 10);
}

async function expectRefused(sent: Post, status: number, cause: string): Promise<void> {
  const counted = await metric(cause);
  expect(await post(sent)).toBe(status);
  expect(await metric(cause), 'counted').toBe(counted + 1);
  // What the HTTP server cuts off is written down after the answer.
  await expect.poll(counts).toEqual({ ...before, rejections: before.rejections + 1 });
  const kept = await world.parts.db
    .selectFrom('rejections')
    .select(['cause', 'status'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  expect(kept).toEqual({ cause, status });
}

const signed = (form: [string, string][], verifier = door.verifier) => ({
  body: new URLSearchParams(form).toString(),
  signature: signForm(form, verifier),
});

test('a delivery with a forged signature is refused with 401', () =>
  expectRefused(signed(formOf(), 'not-the-verifier'), 401, 'bad-signature'));

test('a delivery whose body was changed after signing is refused with 401', () =>
  expectRefused(
    {
      ...signed(formOf()),
      body: new URLSearchParams(formOf()).toString().replace('987654', '987655'),
    },
    401,
    'bad-signature',
  ));

test('a delivery without a signature is refused with 401', () => expectRefused({}, 401, 'bad-signature'));

test('a well signed delivery for another account is refused with 401', () =>
  expectRefused(signed(formOf('another')), 401, 'wrong-account'));

test('a delivery of another content type is refused with 415', () =>
  expectRefused({ ...signed(formOf()), type: 'application/json' }, 415, 'wrong-type'));

test('a delivery to an unknown path is refused with 404', () =>
  expectRefused({ ...signed(formOf()), path: 'there-is-no-such-callback' }, 404, 'unknown-path'));

test('a body over 64 kB is refused with 413', () =>
  expectRefused({ ...signed(formOf()), body: `name=${'x'.repeat(64 * 1024)}` }, 413, 'too-large'));

test('a body without an end is cut off and refused', async () => {
  const { hostname, port } = new URL(world.url);
  const socket = connect({ host: hostname, port: Number.parseInt(port, 10) });
  let answer = '';
  let sent = 0;
  socket.on('error', () => {});
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(
    `POST /hooks/${door.path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${FORM}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const chunk = 'x'.repeat(0x1000);
  const writing = setInterval(() => {
    if (!socket.writable || sent > 10_000_000) return;
    socket.write(`1000\r\n${chunk}\r\n`);
    sent += chunk.length;
  }, 2);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 10_000))]);
  clearInterval(writing);
  socket.destroy();
  expect(answer).toContain('HTTP/1.1 413');
  expect(sent, 'cut off soon').toBeLessThan(5_000_000);
  await expect.poll(counts).toEqual({ ...before, rejections: before.rejections + 1 });
});

test('a body that is no delivery is refused with 400', () =>
  expectRefused({ body: '{"name":"invoice.create"}' }, 400, 'unreadable'));

test('a handshake from a stranger opens no door', async () => {
  const form: [string, string][] = [
    ['name', 'callback.verify'],
    ['object_id', '1'],
    ['account_id', door.account],
    ['verifier', 'a-verifier-of-the-stranger'],
  ];
  expect(await post({ body: new URLSearchParams(form).toString() })).toBe(401);
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    expect(await post(signed(formOf(), 'a-verifier-of-the-stranger'))).toBe(401);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const { events, documents } = await counts();
  expect({ events, documents }).toEqual({ events: before.events, documents: before.documents });
  expect(await post(signed(formOf())), 'the true one still comes in').toBe(200);
});

test('status tells how many deliveries were refused', async () => {
  const { code, json } = await command(world, 'status');
  expect(code).toBe(0);
  expect((json as { rejections: number }).rejections).toBe(before.rejections);
});
