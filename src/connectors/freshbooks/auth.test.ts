/** Guarantees of token renewal and consent. */
import { describe, expect, test } from 'vitest';
import { OperatingError } from '../../core/errors.ts';
import { loadAccessToken, renewRefusedToken } from './auth.ts';
import { consent } from './consent.ts';
import { createTestContext, json, NOW, SECRETS, SETTINGS, script } from './test-context.ts';

const tokens = {
  access_token: 'new-access',
  token_type: 'Bearer',
  expires_in: 43_199,
  created_at: NOW / 1000,
  refresh_token: 'new-refresh',
  scope: 'user:profile:read',
  direct_buy_tokens: {},
};
const ending = { ...SECRETS, expiresAt: String(NOW + 30_000) };
const lost = new OperatingError('ambiguous', 'no answer');

describe('renewal', () => {
  test('a token with an hour left is used as it is', async () => {
    const context = createTestContext({ http: script() });
    expect(await loadAccessToken(context)).toBe('old-access');
  });

  test('a token near its end is renewed once for many callers, and the pair is stored', async () => {
    const context = createTestContext({ http: script(json(tokens)), secrets: ending });
    const got = await Promise.all([1, 2, 3, 4].map(() => loadAccessToken(context)));
    expect(got).toEqual(Array(4).fill('new-access'));
    expect(context.requests).toHaveLength(1);
    expect(await context.credentials.load()).toMatchObject({
      refreshToken: 'new-refresh',
      expiresAt: String(NOW + 43_199_000),
      clientSecret: 'hush',
    });
  });

  test.each([3_600_000, 86_400_000])(
    'with the clock %d ms ahead a token is renewed once, not with every call',
    async (ahead) => {
      const context = createTestContext({
        // The vendor's own clock is right.
        http: script(json(tokens), json(tokens)),
        secrets: ending,
        nowMs: NOW + ahead,
      });
      for (let call = 0; call < 20; call += 1) expect(await loadAccessToken(context)).toBe('new-access');
      expect(context.requests).toHaveLength(1);
    },
  );

  test('the refresh is form-encoded, has the redirect URI and hides its secrets from the record', async () => {
    const context = createTestContext({ http: script(json(tokens)) });
    await renewRefusedToken(context, 'old-access');
    const [request] = context.requests;
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'old-refresh',
      client_id: 'app',
      client_secret: 'hush',
      redirect_uri: 'https://us.example/callback',
    });
    expect(request).toMatchObject({ safe: false, url: 'https://api.freshbooks.com/auth/oauth/token' });
    expect(request?.secretFields).toEqual(
      expect.arrayContaining(['access_token', 'refresh_token', 'client_secret']),
    );
  });

  test('a refusal of a token that somebody else has replaced sends nothing', async () => {
    const context = createTestContext({ http: script() });
    expect(await renewRefusedToken(context, 'older-access')).toBe('old-access');
  });

  for (const [name, answer] of [
    ['no answer', lost],
    ['a gateway time-out', { status: 504, body: '<html>' }],
    ['half an answer', { status: 200, body: '{"access_token":"ne' }],
  ] as const) {
    test(`after ${name} the old token is tried and the refresh token is never sent again`, async () => {
      const context = createTestContext({ http: script(answer), secrets: ending });
      expect(await loadAccessToken(context)).toBe('old-access');
      expect(await loadAccessToken(context)).toBe('old-access');
      await expect(renewRefusedToken(context, 'old-access')).rejects.toMatchObject({
        kind: 'unauthorized',
        message: expect.stringContaining('needs consent again'),
      });
      expect(context.requests).toHaveLength(1);
    });
  }

  test('a refusal for load or an unsent request spends nothing and may be tried again', async () => {
    const unsent = new OperatingError('transient', 'refused');
    const http = script(
      unsent,
      { status: 503 },
      { status: 429, headers: { 'retry-after': '7' } },
      json(tokens),
    );
    const context = createTestContext({ http });
    for (const kind of ['transient', 'transient', 'rate_limited']) {
      await expect(renewRefusedToken(context, 'old-access')).rejects.toMatchObject({ kind });
    }
    expect(await renewRefusedToken(context, 'old-access')).toBe('new-access');
  });

  test('a spent refresh token and wrong app credentials ask for a person', async () => {
    const http = script(
      json({ error: 'invalid_grant', error_description: 'gone' }, 400),
      json({ error: 'invalid_client' }, 401),
    );
    const context = createTestContext({ http });
    for (const code of ['invalid_grant', 'invalid_client']) {
      await expect(renewRefusedToken(context, 'old-access')).rejects.toMatchObject({
        kind: 'unauthorized',
        code,
      });
    }
  });

  test('without any token a person is asked for consent', async () => {
    const context = createTestContext({ http: script(), secrets: { clientSecret: 'hush' } });
    await expect(loadAccessToken(context)).rejects.toMatchObject({ kind: 'unauthorized' });
  });
});

describe('consent', () => {
  const request = {
    settings: { clientId: 'app' },
    secrets: { clientSecret: 'hush' },
    redirectUri: 'https://us.example/callback',
    code: 'c0de',
    codeVerifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  };
  const me = (role: string, accountId: string | null) =>
    json({
      response: {
        business_memberships: [
          { id: 1, role: 'owner', business: { id: 2, name: 'B', account_id: accountId } },
        ],
        roles: [{ role, accountid: 'FrEsHb' }],
      },
    });

  test('the page gets state and an S256 challenge, and no scope', async () => {
    const url = new URL(await consent.authorizeUrl({ ...request, state: 's' }));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: 'https://us.example/callback',
      state: 's',
      // RFC 7636, appendix B
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
  });

  test('the account is found, from roles where the business has none', async () => {
    const context = createTestContext({ http: script(json(tokens), me('admin', null)) });
    expect(await consent.exchange(context, request)).toMatchObject({
      settings: { accountId: 'FrEsHb', redirectUri: request.redirectUri },
      secrets: { accessToken: 'new-access', refreshToken: 'new-refresh', refreshLostAt: '' },
    });
  });

  test('a person who is only a client is refused', async () => {
    const http = script(json(tokens), me('client', 'FrEsHb'), json({}), json({}));
    const context = createTestContext({ http });
    await expect(consent.exchange(context, { ...request, settings: SETTINGS })).rejects.toMatchObject({
      kind: 'rejected',
      code: 'role_client',
    });
    expect(context.requests.map(({ call }) => call).slice(2)).toEqual(['POST revoke', 'POST revoke']);
  });

  test('a person of another account is refused and what they gave is given back, even where that fails', async () => {
    const http = script(json(tokens), me('admin', 'OtHeR1'), new OperatingError('transient', 'no answer'));
    const context = createTestContext({ http });
    const settings = { ...SETTINGS, accountId: 'MiNe01' };
    await expect(consent.exchange(context, { ...request, settings })).rejects.toMatchObject({
      code: 'other_account',
      message: expect.stringMatching(/OtHeR1.*MiNe01/),
    });
    expect(context.requests.at(-1)?.call).toBe('POST revoke');
  });

  test('tokens for a connection without an account are not lost when the question for it fails', async () => {
    const failed = { status: 502, body: '<html>' };
    const context = createTestContext({ http: script(json(tokens), failed, failed, failed) });
    const { settings, secrets } = await consent.exchange(context, request);
    expect(settings).toEqual({ redirectUri: request.redirectUri });
    expect(secrets).toMatchObject({ accessToken: 'new-access' });
  });
});
