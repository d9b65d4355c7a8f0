/** The doors without a session: webhooks, probes, metrics, consent; and the live stream. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeParts, type FakeParts } from './fake/parts.ts';
import type { ApiParts } from './parts.ts';
import { createMetricsServer } from './routes/probes.ts';
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

  test('metrics without a token are not there, whoever asks from wherever', async () => {
    const { app } = await serve();
    const ask = async (remoteAddress: string, headers = {}) =>
      (await app.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
    expect(await ask('127.0.0.1')).toBe(404);
    expect(await ask('192.0.2.7')).toBe(404);
    expect(await ask('127.0.0.1', { authorization: 'Bearer undefined' })).toBe(404);
  });

  test('metrics with a token ask for it, on a listener of their own, too', async () => {
    const { app, parts } = await serve({ metricsToken: 'm3trics' });
    const own = createMetricsServer(parts, { host: '127.0.0.1' });
    for (const server of [app, own]) {
      const ask = async (authorization: string) =>
        (await server.inject({ url: '/metrics', headers: { authorization } })).statusCode;
      expect(await ask('Bearer m3trics')).toBe(200);
      expect(await ask('Bearer wrong')).toBe(401);
    }
  });

  test('a listener of its own tells the figures under its own name and nothing else', async () => {
    const { parts } = await serve();
    const own = createMetricsServer(parts, { host: 'metrics.internal' });
    const ask = async (host: string, url = '/metrics') =>
      (await own.inject({ url, headers: { host } })).statusCode;
    expect(await ask('metrics.internal:9100')).toBe(200);
    expect(await ask('127.0.0.1:9100')).toBe(200);
    expect(await ask('evil.example')).toBe(421);
    expect(await ask('metrics.internal', '/healthz')).toBe(404);
  });
});

describe('another host’s name', () => {
  const ask = async (url: string, host: string, method: 'GET' | 'POST' = 'GET') => {
    const { app } = await serve({ publicUrl: 'https://sync.example.com' });
    return (await app.inject({ method, url, headers: { host }, payload: method === 'POST' ? 'a=b' : '' }))
      .statusCode;
  };

  test.each(['/', '/api/v1/session', '/api/docs', '/oauth/any/callback?state=s'])(
    'is refused for %s, so that no page elsewhere becomes our own',
    async (url) => {
      expect(await ask(url, 'evil.example')).toBe(421);
      for (const host of ['sync.example.com', 'SYNC.example.com:8443', 'localhost:3000', '[::1]:3000'])
        expect(await ask(url, host)).not.toBe(421);
    },
  );

  test('does not matter to webhooks and probes, which come as proxies hand them on', async () => {
    expect(await ask('/healthz', '10.0.0.5')).toBe(200);
    expect(await ask('/hooks/known', 'anything.example', 'POST')).toBe(200);
  });
});

describe('the documentation of the API', () => {
  test.each([
    '/api/docs',
    '/api/docs/',
    '/api/docs/json',
    '/api/v1/openapi.json',
    '/api/docs/static/index.css',
  ])('at %s is for people who are signed in', async (url) => {
    const { app } = await serve();
    expect((await app.inject({ url })).statusCode).toBe(401);
    const cookie = 'fake.session=ada%40example.com';
    expect((await app.inject({ url, headers: { cookie } })).statusCode).toBeLessThan(400);
  });

  test('is open where the setting says so', async () => {
    const { app } = await serve({ openApiDocs: true });
    expect((await app.inject({ url: '/api/v1/openapi.json' })).statusCode).toBe(200);
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

test('one person cannot hold all live streams: the others still get theirs', async () => {
  const { app } = await serve();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const stream = (who: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { cookie: `fake.session=${who}`, accept: 'text/event-stream' };
      httpRequest({ port, path: '/api/v1/live', headers }, (answer) => {
        answer.on('error', () => {}).resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  const own: number[] = [];
  for (let more = 0; more < 12; more += 1) own.push(await stream('ada%40example.com'));
  expect(own.filter((status) => status === 200)).toHaveLength(10);
  expect(own.slice(10)).toEqual([429, 429]);
  expect(await stream('vic%40example.com')).toBe(200);
  await app.close();
});
