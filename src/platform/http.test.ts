/** One HTTP attempt: what is known about its effect decides its kind, and what is recorded holds no secret (I7). */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OperatingError } from '../core/errors.ts';
import type { AttemptRecord, Http, HttpRequest } from '../core/ports.ts';
import { createAddressRules } from './addresses.ts';
import { systemClock } from './clock.ts';
import { createHttp } from './http.ts';
import { NOTHING_KNOWN } from './known-secrets.ts';

let server: Server;
let answer: RequestListener;
let requests: number;
let url: string;
let http: Http;
let close: () => Promise<void>;
let records: AttemptRecord[];
let turns: string[];

beforeEach(async () => {
  requests = 0;
  answer = (_request, response) => response.end('{}');
  server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
  records = [];
  turns = [];
  ({ http, close } = createHttp({
    clock: systemClock,
    addresses: createAddressRules().of([new URL(url).origin]),
    takeTurn: async (bucket) => {
      turns.push(bucket);
      return () => {};
    },
    record: async (attempt) => void records.push(attempt),
    known: NOTHING_KNOWN,
  }));
});
afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  await close();
  await new Promise((resolve) => server.close(resolve));
});

const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  call: 'POST thing',
  method: 'POST',
  url,
  body: '{}',
  safe: false,
  ...more,
});

async function failureOf(more: Partial<HttpRequest> = {}): Promise<OperatingError> {
  const error = await http(request(more)).catch((caught: unknown) => caught);
  if (!(error instanceof OperatingError)) throw new Error(`no operating error: ${String(error)}`);
  return error;
}

test.each([200, 302, 404, 429, 503])('status %i is an answer', async (status) => {
  answer = (_request, response) => response.writeHead(status, { 'X-One': '1' }).end('body');
  expect(await http(request())).toMatchObject({ status, headers: { 'x-one': '1' }, body: 'body' });
  expect(records).toMatchObject([{ call: 'POST thing', status, responseBody: 'body' }]);
});

test('a request that nobody took surely had no effect', async () => {
  await new Promise((resolve) => server.close(resolve));
  expect((await failureOf()).kind).toBe('transient');
  expect(records[0]).toMatchObject({ status: undefined, failure: expect.stringContaining('ECONNREFUSED') });
});

test.each([
  [
    'a connection that is cut before the answer',
    ((_request, response) => response.destroy()) satisfies RequestListener,
  ],
  [
    'an answer that is cut off',
    ((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"half":');
      setTimeout(() => response.destroy(), 20);
    }) satisfies RequestListener,
  ],
  ['an answer that never comes', (() => {}) satisfies RequestListener],
])('%s is ambiguous after a write, and only put off after a read', async (_title, listener) => {
  answer = listener;
  expect((await failureOf({ timeoutMs: 200 })).kind).toBe('ambiguous');
  const read = { method: 'GET', safe: true, timeoutMs: 200 } as const;
  const bodyless = await http({ call: 'GET thing', url, ...read }).catch((caught: unknown) => caught);
  expect(bodyless).toMatchObject({ kind: 'transient' });
  expect(requests).toBe(2);
  expect(records).toHaveLength(2);
});

test('a request is sent once, never repeated by itself', async () => {
  answer = (_request, response) => response.destroy();
  await failureOf();
  expect(requests).toBe(1);
});

test('every attempt waits for its turn in its own bucket first', async () => {
  await http(request({ bucket: 'token' }));
  await http(request());
  expect(turns).toEqual(['token', 'default']);
});

test('what is recorded holds no secret, in headers, URL, body, answer and failure', async () => {
  answer = (_request, response) =>
    response.writeHead(200, { 'set-cookie': 'zq-secret' }).end('{"access_token":"zq-secret"}');
  await http(
    request({
      url: `${url}?code=zq-secret`,
      headers: { authorization: 'Bearer zq-secret' },
      body: '{"client_secret":"zq-secret"}',
      secretFields: ['client_secret', 'access_token', 'code'],
    }),
  );
  expect(JSON.stringify(records)).not.toContain('zq-secret');
  expect(JSON.stringify(records)).toContain('[redacted]');
});

test('a secret with a line break in it fails without being shown', async () => {
  const error = await failureOf({ headers: { authorization: 'Bearer zq-secret\r\nx' } });
  expect(error).toMatchObject({ kind: 'rejected', field: 'authorization' });
  expect(`${error.message} ${String(error.cause)} ${JSON.stringify(records)}`).not.toContain('zq-secret');
  expect(requests).toBe(0);
});

test('a side that keeps failing is left alone for a while, and then asked again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  answer = (_request, response) => response.writeHead(500).end();
  for (let call = 0; call < 8; call += 1) expect((await http(request())).status).toBe(500);
  const resting = await failureOf();
  expect(resting.kind).toBe('transient');
  expect(resting.until).toBe(Date.now() + 5_000);
  expect(requests).toBe(8);
  vi.setSystemTime(Date.now() + 5_001);
  answer = (_request, response) => response.end('well again');
  expect(await http(request())).toMatchObject({ status: 200, body: 'well again' });
});

test('refusals do not count as failing', async () => {
  answer = (_request, response) => response.writeHead(422).end();
  for (let call = 0; call < 12; call += 1) await http(request());
  expect(requests).toBe(12);
});
