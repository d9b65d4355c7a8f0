/** Every way out of the service that needs no database: of two hundred known secrets none leaves, however it is written (I7). */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createFakeParts, FAKE_PASSWORD } from '../../src/api/fake/parts.ts';
import { createApiServer } from '../../src/api/server.ts';
import { answerOnce, redactOutput, say } from '../../src/cli/output.ts';
import { OperatingError, UsageError } from '../../src/core/errors.ts';
import type { AttemptRecord, Source } from '../../src/core/ports.ts';
import { guardPort } from '../../src/engine/guard-port.ts';
import { createAddressRules } from '../../src/platform/addresses.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createHttp } from '../../src/platform/http.ts';
import { createKnownSecrets, type KnownSecrets } from '../../src/platform/known-secrets.ts';
import { createLog } from '../../src/platform/log.ts';
import { freeDeep, freeError } from '../../src/platform/redact.ts';
import { createVault } from '../../src/platform/vault.ts';
import { echoesOf, leaksOf, makeSecrets } from './echoes.ts';

const secrets = makeSecrets(200);
/** What vendors and others say: of every other secret, the remaining ones are only known. */
const echoes = secrets.filter((_, i) => i % 2 === 0).flatMap((secret) => Object.values(echoesOf(secret)));
let known: KnownSecrets;
let vendor: Server;
let vendorUrl: string;
let answer: { status: number; body: string; headers: Record<string, string> };

beforeAll(async () => {
  known = createKnownSecrets();
  const vault = createVault([randomBytes(32)], known);
  for (const secret of secrets) await vault.seal({ secret }, 'credentials/x/source');
  vendor = createServer((_request, response) => {
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  vendorUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
});
afterAll(async () => {
  vendor.closeAllConnections();
  await new Promise((resolve) => vendor.close(resolve));
});

/** None of the echoes was lost on the way, and none was let through. */
function expectFree(said: readonly string[], count = echoes.length): void {
  expect(said.join('').split('[redacted]').length).toBeGreaterThan(count);
  // Most lines are alike once they are free, but for the time.
  const alike = new Set(said.map((line) => line.replace(/"time":"[^"]*",/, '')));
  expect(leaksOf(secrets, [...alike].join('\n'))).toEqual([]);
}

test('the log: messages, members at any depth, errors with their causes', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', pretty: false, known }, { write: (line) => void lines.push(line) });
  for (const [i, echo] of echoes.entries()) {
    if (i % 4 === 0) log.info(`it said ${echo}`);
    if (i % 4 === 1) log.info({ deep: { list: [echo] } }, 'it said');
    if (i % 4 === 2) log.child({ part: echo }).info('it said');
    const err = new OperatingError('rejected', echo, { cause: new Error(echo) });
    if (i % 4 === 3) log.info({ err: Object.assign(err, { stack: `${err.message} at x.ts` }) }, 'it said');
  }
  expect(() => lines.map((line) => JSON.parse(line) as unknown)).not.toThrow();
  expectFree(lines);
});

test('the record of a call: address, headers and bodies, and what is cut off is cut afterwards', async () => {
  const records: AttemptRecord[] = [];
  const { http, close } = createHttp({
    clock: systemClock,
    addresses: createAddressRules().of([vendorUrl]),
    takeTurn: async () => () => {},
    record: async (attempt) => void records.push(attempt),
    known,
  });
  for (const secret of secrets.slice(0, 40)) {
    const all = Object.values(echoesOf(secret));
    const header = all.filter((echo) => /^[\x20-\x7e]+$/.test(echo)).join(' ');
    answer = { status: 400, headers: { 'x-echo': header }, body: JSON.stringify({ message: all.join(' ') }) };
    const url = `${vendorUrl}/${encodeURIComponent(secret)}?q=${encodeURIComponent(secret)}`;
    const got = await http({
      call: 'POST x',
      method: 'POST',
      url,
      headers: { 'x-sent': header },
      body: secret,
      safe: true,
    });
    // What the connector works with stays as it is.
    expect(got.body).toBe(answer.body);
  }
  answer = { status: 200, headers: {}, body: `${'x'.repeat(199_990)}${secrets[0]}` };
  await http({ call: 'GET x', method: 'GET', url: vendorUrl, safe: true });
  await close();
  expect(records).toHaveLength(41);
  expect(records.at(-1)?.responseBody?.slice(-10)).toBe('[redacted]');
  expect(leaksOf(secrets, JSON.stringify(records))).toEqual([]);
});

test('a token is known from the answer that issues it, before that is recorded', async () => {
  const [token, refresh] = [randomBytes(30).toString('base64url'), randomBytes(32).toString('hex')];
  const records: AttemptRecord[] = [];
  const { http, close } = createHttp({
    clock: systemClock,
    addresses: createAddressRules().of([vendorUrl]),
    takeTurn: async () => () => {},
    record: async (attempt) => void records.push(attempt),
    known,
  });
  const said = { access_token: token, refresh_token: refresh, note: `use ${token}` };
  answer = { status: 200, headers: { 'x-token': refresh }, body: JSON.stringify(said) };
  const issues = ['access_token', 'refresh_token'];
  const got = await http({ call: 'POST token', method: 'POST', url: vendorUrl, issues, safe: false });
  await close();
  expect(JSON.parse(got.body)).toEqual(said);
  expect(leaksOf([token, refresh], JSON.stringify(records))).toEqual([]);
});

test('errors and checks of a connector: words, code, field, hint, stack and causes; answers stay as they are', async () => {
  const port = (said: string) =>
    ({
      ping: async () => [{ name: 'token', ok: false, detail: said, fix: said }],
      read: async () => {
        throw new OperatingError('rejected', `FreshBooks: ${said}`, {
          code: said,
          field: said,
          cause: new Error(said),
        });
      },
      toCanonical: () => {
        throw new UsageError(said, said);
      },
      callbacks: {
        list: async () => [{ url: said }],
        confirm: () => Promise.reject(new Error(said)),
      },
    }) as unknown as Source;
  const said: string[] = [];
  const tell = (error: unknown) => {
    if (!(error instanceof Error)) throw new Error('not an error');
    const cause = error.cause instanceof Error ? error.cause.message : '';
    const stack = error.stack?.replaceAll(/^ +at .*$/gm, '');
    const { message } = error;
    const { code, field, hint } = error as { code?: string; field?: string; hint?: string };
    said.push(JSON.stringify({ message, code, field, hint, stack, cause }));
  };
  for (const [i, echo] of echoes.entries()) {
    const guarded = guardPort(port(echo), known);
    if (i % 4 === 0) said.push(JSON.stringify(await guarded.ping()));
    if (i % 4 === 1) await guarded.read('invoice', '1').catch(tell);
    if (i % 4 === 2) await guarded.callbacks.confirm('1', '2').catch(tell);
    try {
      if (i % 4 === 3) guarded.toCanonical({} as never);
    } catch (error) {
      tell(error);
    }
    expect(await guarded.callbacks.list()).toEqual([{ url: echo }]);
  }
  expectFree(said);
});

test('a message is freed first and cut to a readable length then', async () => {
  const secret = secrets[0] ?? '';
  const port = {
    find: async () => {
      throw new OperatingError('rejected', `${'x'.repeat(990)}${secret}${'y'.repeat(5_000)}`);
    },
  } as unknown as Source & { find(): Promise<never> };
  const error = await guardPort(port, known)
    .find()
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(OperatingError);
  expect(String(error).length).toBeLessThan(1_100);
  expect(String(error)).not.toContain(secret.slice(0, 3));
});

test('the API and the consent page: results, problems, unknown addresses, probes', async () => {
  // Each way and each exit meet, for one secret or another.
  expect((echoes.length / (secrets.length / 2)) % 2).toBe(1);
  const some = (exit: number) => echoes.filter((_, i) => i % 4 === exit).join(' ');
  const parts = createFakeParts({
    redact: known.redact,
    completeConsent: async () => ({ ok: false, title: `no ${secrets[0]}`, message: some(0) }),
    health: { live: () => true, ready: async () => ({ ready: false, checks: { database: some(1) } }) },
  });
  parts.operations.pingConnection = async () => ({
    connection: 'x',
    ok: false,
    sides: [{ side: 'source', system: 'x', checks: [{ name: 'token', ok: false, detail: some(2) }] }],
    hints: [],
  });
  parts.operations.status = async () => {
    throw new UsageError(some(3), secrets[0]);
  };
  const app = await createApiServer(parts);
  const signedIn = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { email: 'ada@example.com', password: FAKE_PASSWORD },
  });
  const headers = { cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '' };
  const id = '00000000-0000-7000-8000-000000000001';
  const answers = [
    await app.inject({ method: 'POST', url: `/api/v1/connections/${id}/ping`, headers }),
    await app.inject({ url: '/api/v1/status', headers }),
    await app.inject({ url: '/oauth/x/callback?state=s&code=c' }),
    await app.inject({ url: '/readyz' }),
  ];
  await app.close();
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 400, 400, 503]);
  for (const { body } of answers) expectFree([body], echoes.length / 4 - 1);
  expect(() => answers[0]?.json()).not.toThrow();
  expect(() => answers[1]?.json()).not.toThrow();
});

test('the answer that makes an API token shows it, and no other answer does', async () => {
  const token = `mlc_${randomBytes(32).toString('base64url')}`;
  known.note(token);
  const parts = createFakeParts({ redact: known.redact });
  const made = { id: '00000000-0000-7000-8000-000000000001', name: token, token, expiresAt: null };
  parts.operations.addToken = async () => made;
  parts.operations.revokeToken = async () => made;
  const app = await createApiServer(parts);
  const signedIn = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { email: 'ada@example.com', password: FAKE_PASSWORD },
  });
  const headers = { cookie: String(signedIn.headers['set-cookie']).split(';')[0] ?? '' };
  const payload = { kind: 'service', name: 'x', scopes: ['read'], days: 2 };
  const shown = await app.inject({ method: 'POST', url: '/api/v1/tokens', headers, payload });
  const ended = await app.inject({ method: 'DELETE', url: `/api/v1/tokens/${made.id}`, headers });
  await app.close();
  expect(shown.json()).toMatchObject({ token });
  expect(ended.json()).toEqual({ id: made.id, name: '[redacted]' });
});

test('the command line: everything said, but what is there to show a secret', () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  redactOutput(known.redact);
  try {
    for (const echo of echoes) say(`the vendor said ${echo}`);
    answerOnce(false, {}, `${secrets[0]} (shown only now)`);
  } finally {
    redactOutput((text) => text);
    write.mockRestore();
  }
  expect(said.pop()).toContain(secrets[0]);
  expectFree(said);
});

test('values on their way into the trail, and errors of many causes', () => {
  const value = { summary: 'x', when: new Date(0), total: 12n, echoes, [secrets[0] ?? '']: null };
  const freed = freeDeep(value, known);
  expect(freed).toMatchObject({ when: value.when, total: 12n });
  expectFree(freed.echoes);
  expect(Object.keys(freed)).toContain('[redacted]');
  const error = new AggregateError(
    secrets.map((secret) => new Error(secret)),
    secrets[1],
  );
  freeError(error, known);
  expect(leaksOf(secrets, `${error.message} ${error.errors.map(String).join(' ')}`)).toEqual([]);
});
