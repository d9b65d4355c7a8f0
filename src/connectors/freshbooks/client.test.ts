/** Guarantees of a single call: errors by status and body, renewal, retries, budgets. */
import { describe, expect, test } from 'vitest';
import { OperatingError } from '../../core/errors.ts';
import { createClient } from './client.ts';
import { toBlockedUntil } from './rate.ts';
import { createTestContext, json, NOW, type Scripted, script } from './test-context.ts';
import { parseJson } from './wire.ts';

const tokens = { access_token: 'new-access', refresh_token: 'new-refresh', expires_in: 43_200 };
const errors = (errno: number, field = 'invoiceid') => ({
  response: { errors: [{ errno, field, message: 'words', object: 'invoice', value: '1' }] },
});
const rpc = (code: number, reason: string) => ({
  code,
  message: 'Request failed',
  details: [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason,
      metadata: { message: 'words', field: 'invoiceid' },
    },
  ],
});
function call(method: 'GET' | 'POST' | 'DELETE', ...answers: Scripted[]) {
  const context = createTestContext({ http: script(...answers) });
  const sent = createClient(context).send({
    call: 'X',
    method,
    path: '/accounting/x',
    parse: (value) => value,
  });
  return { context, sent };
}

describe('errors', () => {
  test.each([
    [
      'HTTP 200 with errors',
      200,
      errors(12001),
      { kind: 'rejected', code: 'not-permitted', field: 'invoiceid' },
    ],
    [
      'errors as one object',
      422,
      { response: { errors: errors(1001).response.errors[0] } },
      { kind: 'rejected', code: '1001' },
    ],
    [
      'the newer accounting shape',
      404,
      rpc(5, '1012'),
      { kind: 'rejected', code: '1012', field: 'invoiceid' },
    ],
    [
      'violations of the events API',
      422,
      { code: 3, message: 'bad', details: [{ fieldViolations: [{ field: 'uri', description: 'no' }] }] },
      { kind: 'rejected', code: 'rpc 3', field: 'uri' },
    ],
    [
      'the payments service',
      403,
      { error_type: 'forbidden', message: 'no' },
      { kind: 'rejected', code: 'forbidden' },
    ],
    ['a conflict', 409, errors(409), { kind: 'conflict', code: '409' }],
    ['an inactive account', 200, errors(1042), { kind: 'unauthorized', code: '1042' }],
    ['an answer in no form of the API', 418, [], { kind: 'transient', code: '418' }],
    ['the same under 404: no document is denied', 404, {}, { kind: 'transient', code: '404' }],
    [
      'a gateway without a route',
      404,
      { message: 'no Route matched with those values' },
      { kind: 'transient', code: '404' },
    ],
    ['a gateway under HTTP 200', 200, { message: 'maintenance' }, { kind: 'transient', code: '200' }],
    [
      'a limit in words',
      400,
      { response: { errors: [{ errno: 1, message: 'Rate limit exceeded' }] } },
      { kind: 'rate_limited', until: NOW + 60_000 },
    ],
  ])('%s has its kind, code and field', async (_name, status, body, expected) => {
    const again = json(body, status);
    await expect(call('GET', again, again, again, again).sent).rejects.toMatchObject(expected);
  });

  test('a write whose answer is unreadable or a 5xx is ambiguous and is not repeated', async () => {
    for (const answer of [
      { status: 500, body: '{}' },
      { status: 503, body: '<html>' },
      { status: 418, body: '{}' },
      { status: 200, body: '<html>' },
      { status: 504, body: '<html>' },
    ]) {
      const { context, sent } = call('POST', answer);
      await expect(sent).rejects.toMatchObject({ kind: 'ambiguous' });
      expect(context.requests).toHaveLength(1);
    }
    await expect(call('POST', { status: 404, body: '<html>' }).sent).rejects.toMatchObject({
      kind: 'transient',
    });
  });

  test('an answer without a body is a success for a DELETE', async () => {
    await expect(call('DELETE', { status: 204 }).sent).resolves.toMatchObject({ value: undefined });
  });
});

describe('renewal and retries', () => {
  test('a 401 is renewed once and the call sent again with the new token', async () => {
    const { context, sent } = call(
      'POST',
      json({ error: 'unauthenticated' }, 401),
      json(tokens),
      json({ a: 1 }),
    );
    await expect(sent).resolves.toMatchObject({ value: { a: 1 } });
    expect(context.requests.map((request) => request.headers?.['authorization'])).toEqual([
      'Bearer old-access',
      undefined,
      'Bearer new-access',
    ]);
  });

  test('a second 401 is the end', async () => {
    const refusal = json({ error: 'unauthenticated' }, 401);
    await expect(call('GET', refusal, json(tokens), refusal).sent).rejects.toMatchObject({
      kind: 'unauthorized',
    });
  });

  test('a read is tried four times in all, with growing jittered waits', async () => {
    const bad = { status: 502, body: '<html>' };
    const { context, sent } = call('GET', bad, new OperatingError('transient', 'cut'), bad, json({ ok: 1 }));
    await expect(sent).resolves.toMatchObject({ value: { ok: 1 } });
    expect(context.waits).toEqual([250, 500, 1000]);
    const failing = call('GET', bad, bad, bad, bad);
    await expect(failing.sent).rejects.toMatchObject({ kind: 'transient' });
    expect(failing.context.requests).toHaveLength(4);
  });

  test('a short block is waited out, a long one is told to the engine', async () => {
    const blocked = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds }, body: '{}' });
    const short = call('GET', blocked('7'), json({}));
    await short.sent;
    expect(short.context.waits[0]).toBeGreaterThanOrEqual(7000);
    expect(short.context.rates[0]).toEqual({ bucket: 'read', hint: { blockedUntil: NOW + 7000 } });
    const long = call('GET', blocked('40'));
    await expect(long.sent).rejects.toMatchObject({ kind: 'rate_limited', until: NOW + 40_000 });
    expect(long.context.waits).toEqual([]);
  });

  test('ordinary headers teach nine tenths of the limit once, and Retry-After on a 200 means nothing', async () => {
    const headers = { 'x-ratelimit-limit': '600', 'x-ratelimit-remaining': '0', 'retry-after': '35' };
    const context = createTestContext({ http: script(json({}, 200, headers), json({}, 200, headers)) });
    const client = createClient(context);
    const request = { call: 'X', method: 'GET', path: '/x', parse: () => undefined } as const;
    await client.send(request);
    await client.send(request);
    expect(context.rates).toEqual([{ bucket: 'read', hint: { limit: 540, windowMs: 60_000 } }]);
    expect(context.waits).toEqual([]);
  });

  test('the end of a block is counted on the server’s clock where only the reset is told', () => {
    const date = new Date(NOW - 120_000).toUTCString();
    const reset = String((NOW - 120_000) / 1000 + 9);
    expect(toBlockedUntil({ date, 'x-ratelimit-reset': reset }, NOW)).toBe(NOW + 9000);
    expect(toBlockedUntil({}, NOW)).toBe(NOW + 60_000);
  });
});

test('M12 numbers that a binary float would change keep their text', () => {
  expect(
    parseJson('{"a":9.975,"b":9007199254740993,"c":7,"d":[0.1],"e":24.999999999999998224,"f":1e2}'),
  ).toEqual({ a: '9.975', b: '9007199254740993', c: 7, d: ['0.1'], e: '24.999999999999998224', f: '1e2' });
});
