/** The admin API as a caller sees it: sessions, roles, problems, headers, the OpenAPI document. */
import { afterEach, describe, expect, test } from 'vitest';
import { createFakeParts, FAKE_PASSWORD, type FakeParts } from './fake/parts.ts';
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

async function signedIn(app: Server, email = 'ada@example.com'): Promise<{ cookie: string }> {
  const payload = { email, password: FAKE_PASSWORD };
  const answer = await app.inject({ method: 'POST', url: '/api/v1/session', payload });
  expect(answer.statusCode).toBe(200);
  return { cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '' };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()));
});

describe('a session is needed', () => {
  const guarded = ['/connections', '/records', '/records/x', '/status', '/live'];
  test.each(guarded)('GET /api/v1%s without one is refused as a problem document', async (path) => {
    const { app } = await serve();
    const answer = await app.inject({ url: `/api/v1${path}`, headers: { cookie: 'fake.session=mallory' } });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect(answer.json()).toMatchObject({ type: 'urn:ml-connector:problem:sign-in-needed', status: 401 });
  });

  test('a wrong password gets no cookie', async () => {
    const { app } = await serve();
    const payload = { email: 'ada@example.com', password: 'wrong' };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/session', payload });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('signing out clears the cookie', async () => {
    const { app } = await serve();
    const answer = await app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: await signedIn(app),
    });
    expect(answer.statusCode).toBe(204);
    expect(String(answer.headers['set-cookie'])).toMatch('Max-Age=0');
  });
});

describe('problems', () => {
  test('a role that is too low is 403', async () => {
    const { app, parts } = await serve();
    const headers = await signedIn(app, 'vic@example.com');
    const payload = { recordIds: [parts.records[0]?.id] };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/replays', headers, payload });
    expect(answer.statusCode).toBe(403);
    expect(answer.json().detail).toMatch('needs the role operator');
  });

  test('an unknown record is 404, and a hint is passed on', async () => {
    const { app } = await serve();
    const headers = await signedIn(app);
    const url = '/api/v1/connections/01938f3a-0000-7000-8000-000000000099/resume';
    const answer = await app.inject({ method: 'POST', url, headers });
    expect(answer.json()).toMatchObject({ status: 404, hint: 'See the list of connections.' });
  });

  test('a wrong query names every wrong field', async () => {
    const { app } = await serve();
    const headers = await signedIn(app);
    const answer = await app.inject({ url: '/api/v1/records?state=gone&limit=9000', headers });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().errors.map(({ field }: { field: string }) => field)).toEqual(['state', 'limit']);
  });

  test('a replay of nothing in particular is refused', async () => {
    const { app } = await serve();
    const headers = await signedIn(app);
    const answer = await app.inject({ method: 'POST', url: '/api/v1/replays', headers, payload: {} });
    expect(answer.statusCode).toBe(400);
  });

  test('an unexpected error shows a request id and nothing of its inside', async () => {
    const { operations } = createFakeParts();
    const status = async () => {
      throw new Error('secret detail');
    };
    const { app } = await serve({ operations: { ...operations, status } });
    const answer = await app.inject({ url: '/api/v1/status', headers: await signedIn(app) });
    expect(answer.statusCode).toBe(500);
    expect(answer.json().requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body).not.toMatch('secret detail');
  });

  test('an answer that breaks the contract is a fault of ours, not passed on', async () => {
    const { operations } = createFakeParts();
    const listConnections = async () => [{ name: 'half' }] as never;
    const { app } = await serve({ operations: { ...operations, listConnections } });
    const answer = await app.inject({ url: '/api/v1/connections', headers: await signedIn(app) });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch('half');
  });

  test('a change sent from another site is refused', async () => {
    const { app } = await serve();
    const headers = { ...(await signedIn(app)), origin: 'https://evil.example' };
    const payload = { filter: {} };
    const answer = await app.inject({ method: 'POST', url: '/api/v1/replays', headers, payload });
    expect(answer.statusCode).toBe(403);
  });
});

describe('an API token', () => {
  const ask = async (method: 'GET' | 'POST', url: string, token: string) => {
    const { app } = await serve();
    const payload = method === 'POST' ? { payload: { filter: {} } } : {};
    return app.inject({ method, url, headers: { authorization: `Bearer ${token}` }, ...payload });
  };

  test('opens what its scope names and nothing else', async () => {
    expect((await ask('GET', '/api/v1/records', 'mlc_reader')).statusCode).toBe(200);
    const refused = await ask('POST', '/api/v1/replays', 'mlc_reader');
    expect(refused.statusCode).toBe(403);
    expect(refused.json().detail).toBe('The token "reader" has no scope "operate".');
    const replay = await ask('POST', '/api/v1/replays', 'mlc_operator');
    expect([replay.statusCode, replay.json().actor]).toEqual([202, 'service-token:operator']);
    expect((await ask('GET', '/api/v1/users', 'mlc_operator')).statusCode).toBe(403);
  });

  test('that is unknown is refused, also beside a good session', async () => {
    const { app } = await serve();
    const headers = { ...(await signedIn(app)), authorization: 'Bearer mlc_unknown' };
    expect((await app.inject({ url: '/api/v1/records', headers })).statusCode).toBe(401);
  });

  test('is no session', async () => {
    expect((await ask('GET', '/api/v1/session', 'mlc_reader')).statusCode).toBe(403);
  });
});

test('records come in pages, filtered', async () => {
  const { app, parts } = await serve();
  const headers = await signedIn(app);
  const url = '/api/v1/records?state=parked&limit=5';
  const first = (await app.inject({ url, headers })).json();
  const second = (await app.inject({ url: `${url}&cursor=${first.next}`, headers })).json();
  const parked = parts.records.filter(({ state }) => state === 'parked').map(({ id }) => id);
  const ids = [...first.records, ...second.records].map(({ id }: { id: string }) => id);
  expect(ids).toEqual(parked.slice(0, 10));
});

test('pausing asks for a reason and gives back the connection', async () => {
  const { app } = await serve();
  const headers = await signedIn(app);
  const [connection] = (await app.inject({ url: '/api/v1/connections', headers })).json();
  const url = `/api/v1/connections/${connection.id}/pause`;
  expect((await app.inject({ method: 'POST', url, headers, payload: { reason: ' ' } })).statusCode).toBe(400);
  const paused = await app.inject({ method: 'POST', url, headers, payload: { reason: 'month end' } });
  expect(paused.json()).toMatchObject({ state: 'paused', pauseReason: 'month end' });
});

test('the OpenAPI document is 3.1, refers to named schemas and has no unused ones', async () => {
  const { app } = await serve({ openApiDocs: true });
  const document = (await app.inject({ url: '/api/v1/openapi.json' })).json();
  expect(document.openapi).toBe('3.1.0');
  const text = JSON.stringify(document);
  for (const name of Object.keys(document.components.schemas)) {
    expect(text).toContain(`#/components/schemas/${name}"`);
  }
  expect(Object.keys(document.paths)).toContain('/api/v1/records/{recordId}');
  expect(Object.keys(document.paths).filter((path) => !path.startsWith('/api/v1/'))).toEqual([]);
});

describe('headers', () => {
  test('HTTPS-only headers are sent only when the public URL is HTTPS', async () => {
    const plain = await serve();
    const secure = await serve({ publicUrl: 'https://sync.example.com' });
    const [a, b] = await Promise.all([plain, secure].map(({ app }) => app.inject({ url: '/nowhere' })));
    expect(a?.headers).not.toHaveProperty('strict-transport-security');
    expect(a?.headers['content-security-policy']).not.toMatch('upgrade-insecure-requests');
    expect(b?.headers).toHaveProperty('strict-transport-security');
    expect(b?.headers['content-security-policy']).toMatch('upgrade-insecure-requests');
  });

  test('an answer with records is never stored by a cache', async () => {
    const { app } = await serve();
    const answer = await app.inject({ url: '/api/v1/records', headers: await signedIn(app) });
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});
