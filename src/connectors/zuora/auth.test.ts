/** Guarantees of sign-in, tokens, repeated reads and single writes, over answers made by hand. */
import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../core/ports.ts';
import { createClient } from './client.ts';
import { ZUORA_REGIONS } from './regions.ts';
import { testContext, type Vault } from './test-context.ts';

const json = (status: number, body: unknown, headers = {}): HttpAnswer => ({
  status,
  headers,
  body: JSON.stringify(body),
});
const SIGN_IN = { success: false, reasons: [{ code: 90000011, message: 'please sign in first' }] };
const settings = { clientId: 'client', baseUrl: 'https://zuora.test' };

/** Issues tokens t1, t2 ...; `answer` gets the other calls. */
function scripted(answer: (request: HttpRequest) => HttpAnswer, more: Record<string, string> = settings) {
  let issued = 0;
  const clock = { now: 1_000_000 };
  const vault: Vault = { secrets: { clientSecret: 's3cret' } };
  const options = {
    now: () => clock.now,
    http: async (request: HttpRequest) =>
      request.call === 'POST token'
        ? json(200, { access_token: `t${++issued}`, expires_in: 3599, scope: '' })
        : answer(request),
  };
  const open = () => {
    const context = testContext(more, vault, options);
    return { context, client: createClient(context, ZUORA_REGIONS) };
  };
  return { open, vault, clock, tokens: () => issued };
}

const write = {
  call: 'POST payment',
  path: '/v1/payments',
  body: { amount: '1.10' },
  creates: false,
} as const;

describe('tokens', () => {
  it('one token serves all workers until a minute before it ends', async () => {
    const { open, clock, tokens } = scripted(() => json(200, { success: true }));
    const workers = [open(), open(), open()];
    await Promise.all(workers.map(({ client }) => client.get('GET payments', '/v1/payments')));
    expect(tokens()).toBe(1);
    clock.now += 3_538_000;
    await open().client.get('GET payments', '/v1/payments');
    expect(tokens()).toBe(1);
    clock.now += 2_000;
    await Promise.all(workers.map(({ client }) => client.get('GET payments', '/v1/payments')));
    expect(tokens()).toBe(2);
  });

  it('a token of another client or base is not used', async () => {
    const { open, vault, tokens } = scripted(() => json(200, { success: true }));
    await open().client.get('GET payments', '/v1/payments');
    const other = testContext({ ...settings, clientId: 'other' }, vault, {
      http: async () => json(400, { status: 400, error: 'Bad Request', message: 'Invalid client id: other' }),
    });
    await expect(
      createClient(other, ZUORA_REGIONS).get('GET payments', '/v1/payments'),
    ).rejects.toMatchObject({
      kind: 'unauthorized',
    });
    expect(tokens()).toBe(1);
  });

  it('new credentials of another tenant are refused, both tenants named, and their token is not stored', async () => {
    const answer = { access_token: 'theirs', expires_in: 3599, scope: 'entity.e tenant.222 user.u' };
    const vault: Vault = { secrets: { clientSecret: 's3cret' } };
    const open = (more: Record<string, string>) => {
      const context = testContext({ ...settings, ...more }, vault, { http: async () => json(200, answer) });
      return createClient(context, ZUORA_REGIONS).get('GET payments', '/v1/payments');
    };
    await expect(open({ tenantId: '111' })).rejects.toMatchObject({
      kind: 'unauthorized',
      code: 'other-tenant',
      message: expect.stringMatching(/222.*111/),
    });
    expect(vault.secrets).toEqual({ clientSecret: 's3cret' });
    await open({ tenantId: '222' });
    expect(vault.secrets).toMatchObject({ accessToken: 'theirs' });
  });

  it('R4 one renewal follows a 401, then the connection is unauthorized', async () => {
    const { open, tokens } = scripted(() => json(401, SIGN_IN));
    const { client, context } = open();
    const call = { ...write, method: 'POST', idempotencyKey: 'k', trackId: 't' } as const;
    await expect(client.write(call)).rejects.toMatchObject({ kind: 'unauthorized' });
    expect(tokens()).toBe(2);
    expect(context.calls.filter((one) => one.call === 'POST payment')).toHaveLength(2);
  });

  it('I7 every token call names the members that must not be recorded', async () => {
    const { open } = scripted(() => json(200, { success: true }));
    const { client, context } = open();
    await client.get('GET payments', '/v1/payments');
    expect(context.calls[0]?.secretFields).toEqual(expect.arrayContaining(['client_secret', 'access_token']));
  });
});

describe('calls', () => {
  it('a read is repeated at most three times, with jitter', async () => {
    const { open } = scripted(() => json(503, {}));
    const { client, context } = open();
    await expect(client.get('GET payments', '/v1/payments')).rejects.toMatchObject({ kind: 'transient' });
    expect(context.slept).toEqual([250, 500, 1000]);
  });

  it('a long wait is left to the engine', async () => {
    const { open } = scripted(() => json(429, {}, { 'retry-after': '120' }));
    const { client, context } = open();
    await expect(client.get('GET payments', '/v1/payments')).rejects.toMatchObject({
      kind: 'rate_limited',
      until: 1_120_000,
    });
    expect(context.slept).toEqual([]);
    expect(context.hints.at(-1)).toEqual({ blockedUntil: 1_120_000, rateRefused: true });
  });

  it('a refusal for calls at once closes no budget: fewer run at once from then on', async () => {
    const reasons = [
      { code: 50000070, message: 'The total number of concurrent requests has exceeded the limit' },
    ];
    const { open } = scripted(() => json(429, { success: false, reasons }, { 'retry-after': '120' }));
    const { client, context } = open();
    await expect(client.query('payments', [])).rejects.toMatchObject({
      kind: 'rate_limited',
      until: 1_120_000,
    });
    expect(context.hints).toEqual([{ concurrency: { kind: 'object-query', refused: true } }]);
  });

  it('a write is sent once, and only a POST carries the key', async () => {
    const { open } = scripted(() => json(503, {}));
    const { client, context } = open();
    const ids = { idempotencyKey: 'k', trackId: 'a:b' };
    await expect(client.write({ ...write, ...ids, method: 'POST' })).rejects.toMatchObject({
      kind: 'ambiguous',
    });
    await expect(client.write({ ...write, ...ids, method: 'PUT' })).rejects.toMatchObject({
      kind: 'ambiguous',
    });
    const [post, put, more] = context.calls.filter((one) => one.call === 'POST payment');
    expect(more).toBeUndefined();
    expect(post?.headers).toMatchObject({ 'idempotency-key': 'k', 'zuora-track-id': 'a-b' });
    expect(put?.headers).not.toHaveProperty('idempotency-key');
    expect(post?.body).toBe('{"amount":1.10}');
  });

  it('nineteen twentieths of every announced window are used, and each is told once', async () => {
    const limits = {
      'ratelimit-limit': '2250000, 50000;w=60, 2250000;w=3600, 27000000;w=86400',
      'ratelimit-remaining': '2000000',
      'ratelimit-reset': '60',
      'concurrency-limit-limit': '40',
    };
    const { open } = scripted(() => json(200, { success: true }, limits));
    const { client, context } = open();
    await client.get('GET payments', '/v1/payments');
    await client.get('GET payments', '/v1/payments');
    expect(context.hints).toMatchObject([
      {
        windows: [
          { limit: 47_500, windowMs: 60_000 },
          { limit: 2_137_500, windowMs: 3_600_000 },
          { limit: 25_650_000, windowMs: 86_400_000 },
        ],
        concurrency: { kind: 'default', announced: 40 },
      },
    ]);
  });
});
