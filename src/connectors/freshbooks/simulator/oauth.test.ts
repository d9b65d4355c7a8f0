/** OAuth as FreshBooks does it: single-use refresh tokens above all. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { challengeOf } from './oauth.ts';
import { at, type Connected, connect, REDIRECT_URI } from './test-kit.ts';

let sim: Connected;
beforeAll(async () => {
  sim = await connect();
});
afterAll(() => sim.close());

const newCode = async () =>
  String(at((await sim.control('POST', '/grant', { redirectUri: REDIRECT_URI })).body, 'code'));

test('a refresh token works once and its successor lives on', async () => {
  const code = await newCode();
  const first = await sim.exchange({ grant_type: 'authorization_code', code });
  expect(first.body).toMatchObject({ token_type: 'Bearer', expires_in: 43_200, direct_buy_tokens: {} });
  const refresh_token = String(at(first.body, 'refresh_token'));
  expect(refresh_token).toMatch(/^[0-9a-f]{64}$/);
  const second = await sim.exchange({ grant_type: 'refresh_token', refresh_token });
  expect(second.status).toBe(200);
  const reused = await sim.exchange({ grant_type: 'refresh_token', refresh_token });
  expect(reused.status).toBe(400);
  expect(reused.body).toMatchObject({ error: 'invalid_grant' });
  const successor = String(at(second.body, 'refresh_token'));
  expect((await sim.exchange({ grant_type: 'refresh_token', refresh_token: successor })).status).toBe(200);
});

test('a code works once, only with its redirect URI, and for five minutes', async () => {
  const once = await newCode();
  expect((await sim.exchange({ grant_type: 'authorization_code', code: once })).status).toBe(200);
  expect((await sim.exchange({ grant_type: 'authorization_code', code: once })).status).toBe(400);
  const elsewhere = {
    grant_type: 'authorization_code',
    code: await newCode(),
    redirect_uri: 'https://other/',
  };
  expect((await sim.exchange(elsewhere)).body).toMatchObject({ error: 'invalid_grant' });
  const late = await newCode();
  await sim.control('POST', '/clock', { advanceMs: 5 * 60_000 });
  expect((await sim.exchange({ grant_type: 'authorization_code', code: late })).status).toBe(400);
});

test('wrong client credentials get 401 invalid_client', async () => {
  const answer = await sim.exchange({
    grant_type: 'refresh_token',
    refresh_token: 'x',
    client_secret: 'wrong',
  });
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ error: 'invalid_client' });
});

test('consent returns the code and the state, and PKCE binds the code to its verifier', async () => {
  const { clientId, clientSecret } = sim.simulator.identity;
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    state: 'abc',
    code_challenge: challengeOf('secret-verifier'),
    code_challenge_method: 'S256',
    auto: '1',
  });
  const consent = await fetch(`${sim.url}/oauth/authorize?${query.toString()}`, { redirect: 'manual' });
  expect(consent.status).toBe(302);
  const target = new URL(consent.headers.get('location') ?? '');
  expect(target.searchParams.get('state')).toBe('abc');
  const body = JSON.stringify({
    grant_type: 'authorization_code',
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: REDIRECT_URI,
    code: target.searchParams.get('code'),
    code_verifier: 'secret-verifier',
  });
  const headers = { 'content-type': 'application/json' };
  const tokens = await fetch(`${sim.url}/auth/oauth/token`, { method: 'POST', headers, body });
  expect(tokens.status).toBe(200);
});

test('one scope that the app does not have fails the whole consent', async () => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: sim.simulator.identity.clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'user:invoices:read user:nonsense:read',
    auto: '1',
  });
  const consent = await fetch(`${sim.url}/oauth/authorize?${query.toString()}`, { redirect: 'manual' });
  expect(consent.headers.get('location')).toContain('error=invalid_scope');
});

test('an unknown or expired token gets the gateway 401', async () => {
  const fresh = await connect();
  try {
    expect((await fresh.call('GET', '/auth/api/v1/users/me')).status).toBe(200);
    await fresh.control('POST', '/tokens/expire', {});
    const answer = await fresh.call('GET', '/invoices/invoices');
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ error: 'unauthenticated' });
  } finally {
    await fresh.close();
  }
});
