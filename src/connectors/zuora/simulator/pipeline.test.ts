/** What the simulated service guarantees about sign-in, versions, idempotency, limits and faults. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WRONG_ON_PURPOSE } from './exchange.ts';
import { type Bench, codeOf, INVOICE, startBench } from './test-kit.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
  await bench.account();
});
afterEach(() => bench.close());

const key = (name: string) => ({ 'idempotency-key': name });
const DAY_MS = 24 * 60 * 60 * 1000;

async function invoiceCount(): Promise<number> {
  const { body } = await bench.control('GET', '/ledger');
  return (body['invoices'] as unknown[]).length;
}

describe('sign-in', () => {
  test('only the tenant’s own region gives a token', async () => {
    const { body } = await bench.control('GET', '');
    const regions = body['regions'] as { name: string; url: string }[];
    const answers = await Promise.all(
      regions.map(async ({ name, url }) => [name, (await bench.signIn(url)).status]),
    );
    expect(answers.filter(([, status]) => status === 200)).toEqual([['us-central-sandbox', 200]]);
    expect(regions).toHaveLength(10);
  });
  test('a token names tenant, user and entity in its scope and ends after an hour', async () => {
    const { body } = await bench.signIn();
    expect(body['scope']).toMatch(/entity\.[0-9a-f-]{36}.*tenant\.\d+ user\.[0-9a-f]{32}/);
    bench.advance(3599 * 1000);
    const answer = await bench.call('GET', '/v1/accounts/FB-1');
    expect([answer.status, codeOf(answer)]).toEqual([401, 90_000_011]);
    await bench.refreshToken();
    expect((await bench.call('GET', '/v1/accounts/FB-1')).status).toBe(200);
  });
  test('a wrong secret and a JSON body are refused in Spring’s words', async () => {
    const url = `${bench.simulator.baseUrl}/oauth/token`;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: bench.simulator.clientId,
      client_secret: 'x',
    });
    const wrong = await fetch(url, { method: 'POST', body });
    expect(wrong.status).toBe(401);
    expect(await wrong.json()).toMatchObject({ error: 'Unauthorized', path: '/oauth/token' });
    const headers = { [WRONG_ON_PURPOSE]: 'yes' };
    expect((await fetch(url, { method: 'POST', body: '{}', headers })).status).toBe(415);
  });
  test('more than 100 token calls a minute from one address get 429', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 100; n += 1) statuses.push((await bench.signIn()).status);
    expect(statuses.at(-1)).toBe(429);
    bench.advance(60_000);
    expect((await bench.signIn()).status).toBe(200);
  });
});

describe('versions', () => {
  test('before 2024-05-20 an error is HTTP 200 with success:false', async () => {
    for (const version of ['341.0', '2024-05-19']) {
      const answer = await bench.call('GET', '/v1/accounts/none', undefined, { 'zuora-version': version });
      expect([answer.status, answer.body['success'], codeOf(answer)]).toEqual([200, false, 50_000_040]);
    }
    const now = await bench.call('GET', '/v1/accounts/none', undefined, { 'zuora-version': '2024-05-20' });
    expect(now.status).toBe(404);
  });
  test('malformed JSON is category 90', async () => {
    expect(codeOf(await bench.call('POST', '/v1/invoices', '{"a":'))).toBe(50_000_090);
  });
});

describe('idempotency', () => {
  test('a repeat with the same key gives the stored answer and no second invoice', async () => {
    const first = await bench.invoice({}, key('a'));
    const again = await bench.invoice({}, key('a'));
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(again.headers.get('zuora-request-id')).toBe(first.headers.get('zuora-request-id'));
    expect(await invoiceCount()).toBe(1);
  });
  test('failures are replayed too, even after their cause is gone', async () => {
    const failed = await bench.invoice({ accountNumber: 'later' }, key('b'));
    await bench.account({ accountNumber: 'later' });
    const again = await bench.invoice({ accountNumber: 'later' }, key('b'));
    expect([failed.status, again.status, again.text]).toEqual([400, 400, failed.text]);
  });
  test('a lock failure is replayed until the key changes', async () => {
    await bench.control('PUT', '/faults', { lockContentionNext: 1 });
    expect(codeOf(await bench.invoice({}, key('c')))).toBe(53_100_050);
    expect((await bench.invoice({}, key('c'))).status).toBe(409);
    expect((await bench.invoice({}, key('c2'))).status).toBe(200);
  });
  test('a key is forgotten after 24 hours', async () => {
    await bench.invoice({}, key('d'));
    bench.advance(DAY_MS);
    await bench.refreshToken();
    await bench.invoice({}, key('d'));
    expect(await invoiceCount()).toBe(2);
  });
  test('a key used for another URL is 422', async () => {
    await bench.invoice({}, key('e'));
    expect((await bench.call('POST', '/v1/invoices/batch', { invoices: [INVOICE] }, key('e'))).status).toBe(
      422,
    );
  });
  test('PUT with a key is refused', async () => {
    const answer = await bench.call('PUT', '/v1/accounts/FB-1', { name: 'New' }, key('f'));
    expect(answer.status).toBe(400);
    expect(answer.body['message']).toBe("Request method 'PUT' not supported with Idempotency-Key header");
  });
  test('the other replay style answers 409 with the first result', async () => {
    const other = await startBench({ replayStyle: '409-with-result' });
    await other.account();
    const first = await other.invoice({}, key('g'));
    const again = await other.invoice({}, key('g'));
    expect([again.status, again.body['id']]).toEqual([409, first.body['id']]);
    await other.close();
  });
});

describe('limits', () => {
  test('a call over the rate limit is 429 with code 70 and counted', async () => {
    const small = await startBench({ apiLimits: { minute: 1 } });
    const first = await small.account();
    const second = await small.account({ accountNumber: 'FB-2' });
    expect(first.headers.get('ratelimit-limit')).toContain('1;w=60');
    expect([second.status, codeOf(second)]).toEqual([429, 70]);
    expect((await small.control('GET', '/ledger')).body['rateLimited']).toBe(1);
    await small.close();
  });
  test('too many calls in flight are 429 with Retry-After', async () => {
    const narrow = await startBench({ concurrency: { default: 1 }, writeMs: 50 });
    await narrow.account();
    const answers = await Promise.all([narrow.invoice(), narrow.invoice()]);
    const refused = answers.find(({ status }) => status === 429);
    expect([codeOf(refused ?? answers[0]), refused?.headers.get('retry-after')]).toEqual([50_000_070, '120']);
    await narrow.close();
  });
  test('writes that overlap on one account meet a lock, on two accounts not', async () => {
    await bench.control('PUT', '/faults', { lockContentionChance: 1 });
    await bench.account({ accountNumber: 'FB-2' });
    const apart = await Promise.all([bench.invoice(), bench.invoice({ accountNumber: 'FB-2' })]);
    expect(apart.map(({ status }) => status)).toEqual([200, 200]);
    const slow = await startBench({ writeMs: 50, lockContentionChance: 1 });
    await slow.account();
    const together = await Promise.all([slow.invoice(), slow.invoice()]);
    expect(together.map(({ status }) => status).sort()).toEqual([200, 409]);
    await slow.close();
  });
});

describe('faults', () => {
  test('a lost answer keeps the effect and the key gives it back', async () => {
    await bench.control('PUT', '/faults', { loseAnswerAfter: [{ match: 'POST invoice' }] });
    await expect(bench.invoice({ invoiceNumber: 'L-1' }, key('l'))).rejects.toThrow();
    expect(await invoiceCount()).toBe(1);
    expect((await bench.invoice({ invoiceNumber: 'L-1' }, key('l'))).body['invoiceNumber']).toBe('L-1');
  });
  test('a lost request has no effect', async () => {
    await bench.control('PUT', '/faults', { loseRequestBefore: [{ match: 'POST invoice' }] });
    await expect(bench.invoice()).rejects.toThrow();
    expect(await invoiceCount()).toBe(0);
  });
  test('a gateway time-out is HTML with the write done', async () => {
    await bench.control('PUT', '/faults', { gatewayTimeoutWithWriteDone: [{ match: '*' }] });
    const answer = await bench.invoice();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([504, 'text/html']);
    expect(await invoiceCount()).toBe(1);
  });
  test('a late commit shows nothing and answers 409 to its key until it happens', async () => {
    await bench.control('PUT', '/faults', { lateCommit: [{ match: 'POST invoice', commitAfterMs: 5000 }] });
    await expect(bench.invoice({}, key('late'))).rejects.toThrow();
    expect(await invoiceCount()).toBe(0);
    expect((await bench.invoice({}, key('late'))).status).toBe(409);
    await bench.control('POST', '/clock', { advanceMs: 5000 });
    await expect.poll(invoiceCount).toBe(1);
    expect((await bench.invoice({}, key('late'))).status).toBe(200);
    expect(await invoiceCount()).toBe(1);
  });
  test('ordered failures come as often as ordered, as JSON or HTML', async () => {
    await bench.control('PUT', '/faults', {
      failNext: [
        { match: 'GET account', times: 2, status: 503, body: 'html' },
        { match: 'GET account', status: 429, code: 50_000_070, retryAfter: 1 },
      ],
    });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await bench.call('GET', '/v1/accounts/FB-1')).status);
    expect(statuses).toEqual([503, 503, 429, 200]);
  });
  test('a truncated body breaks the read', async () => {
    await bench.control('PUT', '/faults', { truncateBody: [{ match: 'GET account' }] });
    await expect(bench.call('GET', '/v1/accounts/FB-1')).rejects.toThrow();
  });
  test('an order that is not understood is refused', async () => {
    expect((await bench.control('PUT', '/faults', { failnext: [] })).status).toBe(400);
  });
  test('the request log shows no secrets', async () => {
    await bench.signIn();
    await bench.call('GET', '/v1/accounts/FB-1');
    const { text } = await bench.control('GET', '/requests?limit=50');
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('Bearer ');
    expect(text).not.toContain(encodeURIComponent(bench.simulator.clientSecret));
  });
});

test('the same seed gives the same credentials', async () => {
  const twin = await startBench();
  expect(twin.simulator.clientId).toBe(bench.simulator.clientId);
  await twin.close();
});
