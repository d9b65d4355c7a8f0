/** The doors without a session: webhooks, probes, metrics, consent; and the live stream. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeParts, type FakeParts } from './fake/parts.ts';
import type { ApiParts } from './parts.ts';
import { createApiServer } from './server.ts';

type Server = Awaited<ReturnType<typeof createApiServer>>;
const open: Server[] = [];

async function serve(overrides: Partial<ApiParts> = {}): Promise<{ app: Server; parts: FakeParts }> {
  const parts = createFakeParts(overrides);
  const app = await createApiServer(parts);
  open.push(app);
  return { app, parts };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

describe('a webhook', () => {
  test('arrives byte for byte, whatever its content type', async () => {
    const { app, parts } = await serve();
    const payload = Buffer.from([0x7b, 0xff, 0x00, 0x26, 0x3d, 0x0a]);
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'x/y; charset=latin1']) {
      const headers = { 'content-type': type, 'x-signature': 'abc=' };
      const answer = await app.inject({ method: 'POST', url: '/hooks/known', headers, payload });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toBe('');
      const last = parts.received.at(-1);
      expect(last?.rawBody.equals(payload)).toBe(true);
      expect(last?.headers).toMatchObject({ 'content-type': type, 'x-signature': 'abc=' });
    }
  });

  test('without a body still reaches the engine, as no bytes', async () => {
    const { app, parts } = await serve();
    await app.inject({ method: 'POST', url: '/hooks/known' });
    expect(parts.received[0]?.rawBody).toHaveLength(0);
  });

  test('gets the status that the engine gives', async () => {
    const { app } = await serve();
    const answer = await app.inject({ method: 'POST', url: '/hooks/unknown', payload: 'a=b' });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ status: 404, detail: 'No such path' });
  });

  test('over the limit is refused with 413, reported, and never reaches the engine', async () => {
    const { app, parts } = await serve();
    const payload = Buffer.alloc(64 * 1024 + 1, 'a');
    const answer = await app.inject({ method: 'POST', url: '/hooks/known', payload });
    expect(answer.statusCode).toBe(413);
    expect(parts.refused).toEqual([{ cause: 'too-large', path: 'known' }]);
    expect(parts.received).toEqual([]);
  });

  test('that could not be stored is answered 503, so that it comes again', async () => {
    const receive = async () => {
      throw new Error('the database is away');
    };
    const { app } = await serve({ receive });
    const answer = await app.inject({ method: 'POST', url: '/hooks/known', payload: 'a=b' });
    expect(answer.statusCode).toBe(503);
    expect(answer.body).not.toMatch('database');
  });

  test('passes none of the hooks of the dashboard', async () => {
    const { app } = await serve();
    const answer = await app.inject({ method: 'POST', url: '/hooks/known', payload: 'a=b' });
    expect(answer.headers).not.toHaveProperty('content-security-policy');
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });
});

describe('probes', () => {
  test('readiness is 503 with its checks when something is missing', async () => {
    const checks = { database: 'no answer' };
    const health = { live: () => true, ready: async () => ({ ready: false, checks }) };
    const { app } = await serve({ health });
    const answer = await app.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toEqual([503, { ready: false, checks }]);
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  test('metrics without a token answer this machine only, and not through a proxy', async () => {
    const { app } = await serve();
    const ask = async (remoteAddress: string, headers = {}) =>
      (await app.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
    expect(await ask('127.0.0.1')).toBe(200);
    expect(await ask('192.0.2.7')).toBe(403);
    expect(await ask('127.0.0.1', { 'x-forwarded-for': '192.0.2.7' })).toBe(403);
  });

  test('metrics with a token ask for it', async () => {
    const { app } = await serve({ metricsToken: 'm3trics' });
    const ask = async (authorization: string) =>
      (await app.inject({ url: '/metrics', headers: { authorization } })).statusCode;
    expect(await ask('Bearer m3trics')).toBe(200);
    expect(await ask('Bearer wrong')).toBe(401);
  });
});

test('the consent page shows what a vendor sent as text, never as markup', async () => {
  const { app } = await serve();
  const url = '/oauth/any/callback?state=s&error=<script>alert(1)</script>';
  const answer = await app.inject({ url });
  expect(answer.statusCode).toBe(400);
  expect(answer.body).not.toMatch('<script>');
  expect(answer.body).toMatch('&lt;script&gt;');
});

test('a changed record reaches an open live stream, and the server closes with the stream open', async () => {
  const { app, parts } = await serve();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const headers = { cookie: 'fake.session=ada%40example.com', accept: 'text/event-stream' };
  let text = '';
  const seen = new Promise<void>((resolve, reject) => {
    const call = httpRequest({ port, path: '/api/v1/live', headers }, (answer) => {
      expect(answer.headers['content-type']).toBe('text/event-stream');
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const [record] = parts.records;
        if (text.endsWith('event: ready\ndata: {}\nretry: 3000\n\n') && record) {
          parts.change(record, 'parked', record.changedAt);
        }
        if (text.includes('event: record')) resolve();
      });
      answer.on('error', () => {});
    });
    call.on('error', reject).end();
  });
  await seen;
  expect(text).toContain(`data: {"id":"${parts.records[0]?.id}","state":"parked"}`);
  await app.close();
  await expect.poll(() => parts.listeners.size).toBe(0);
});
