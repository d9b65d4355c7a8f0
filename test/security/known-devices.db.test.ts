/** The doors that anybody reaches, over HTTP: floods that keep the owner out, and devices that are not theirs. */
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createFakeParts } from '../../src/api/fake/parts.ts';
import { consentAnswer, toOperations } from '../../src/api/from-operations.ts';
import { createApiServer } from '../../src/api/server.ts';
import type { PeopleParts } from '../../src/operations/users.ts';
import { type Clock, seededRandom, systemClock } from '../../src/platform/clock.ts';
import { createDoorLimits } from '../../src/platform/door-limits.ts';
import { createSandbox } from '../../src/platform/sandbox.ts';
import { createSignIn, type SignIn } from '../../src/platform/sign-in.ts';
import { insertConsent } from '../../src/store/consents.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { createEngineKit, type EngineKit } from '../kit/engine.ts';
import { createManualClock, type ManualClock } from '../kit/manual-clock.ts';

const BASE_URL = 'http://127.0.0.1:3000';
const SECRET = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';
const CODE = 'the-set-up-code-of-24-chars';
const ADA = { email: 'ada@example.com', password: 'correct horse battery' };

// Passwords are hashed for real: slow where many tests run beside each other.
vi.setConfig({ testTimeout: 60_000 });

let database: TestDatabase<DB>;
let kit: EngineKit;
const POLLED = { timeout: 10_000, interval: 20 };
const sandbox = createSandbox({});
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
  kit = await createEngineKit(database);
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await database.pool.query('truncate sign_in_tries, users cascade');
});
afterAll(async () => {
  await sandbox.close();
  await database.drop();
});

type Asked = { from?: string; cookie?: string; payload?: object };

/** Until all that asks the database has its answers: what goes on then needs time, or computes. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    await nextTurn();
    const { totalCount, idleCount, waitingCount } = database.pool;
    quiet = waitingCount === 0 && totalCount === idleCount ? quiet + 1 : 0;
  }
}

async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    await clock.advance(1_000);
    await settle();
  }
}

/** As if so many others had guessed just now: no turn is left at once. */
async function useUpTurns(clock: Clock, account: string): Promise<void> {
  const limits = createDoorLimits({ pool: database.pool, clock, random: seededRandom(1), secret: SECRET });
  for (let index = 0; index < 10; index += 1)
    await limits.admit({ account, address: `198.18.1.${index}`, deviceId: undefined });
}

/** Lets time pass until it is answered. */
async function answered<T>(clock: ManualClock, asked: Promise<T>): Promise<{ answer: T; waitedMs: number }> {
  const seen = { isAnswered: false };
  const answer = asked.finally(() => (seen.isAnswered = true));
  await expect.poll(() => seen.isAnswered || clock.sleepers() > 0, POLLED).toBe(true);
  const from = clock.now();
  while (!seen.isAnswered && clock.sleepers() > 0) await advance(clock, 1_000);
  const waitedMs = clock.now() - from;
  return { answer: await answer, waitedMs };
}

/** A server that believes its proxy, so that each request says where it is from. */
async function open(clock: Clock = systemClock) {
  // Whoever still waits for a turn when a test is over takes none in the next one.
  const stopping = new AbortController();
  const signIn = await createSignIn({
    pool: database.pool,
    baseUrl: BASE_URL,
    secret: SECRET,
    clock,
    stopping: stopping.signal,
  });
  const parts: PeopleParts = { ...kit.parts, accounts: signIn, setupCode: CODE };
  const app = await createApiServer(
    createFakeParts({
      operations: toOperations({ ...parts, sandbox }),
      completeConsent: (answer) => consentAnswer(parts, answer),
      signIn,
      publicUrl: BASE_URL,
      trustedProxies: ['127.0.0.1'],
    }),
  );
  closers.push(async () => {
    stopping.abort();
    await app.close();
    await settle();
  });
  const ask = async (method: 'GET' | 'POST' | 'DELETE', url: string, asked: Asked = {}) => {
    const { from = '203.0.113.9', cookie, payload } = asked;
    const headers = {
      origin: BASE_URL,
      'x-forwarded-for': from,
      ...(cookie === undefined ? {} : { cookie }),
    };
    const answer = await app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, cookies };
  };
  const enter = (credentials: object, asked: Asked = {}) =>
    ask('POST', '/api/v1/session', { ...asked, payload: credentials });
  return { app, signIn, ask, enter };
}

const pairsOf = (cookies: readonly string[]) => cookies.map((cookie) => cookie.split(';')[0]).join('; ');
const deviceOf = (cookies: readonly string[]) =>
  cookies.find((cookie) => cookie.includes('ml-connector.device')) ?? '';
const owner = async (signIn: SignIn) => {
  await signIn.ensureOwner(ADA);
  const [user] = await signIn.listUsers();
  if (!user) throw new Error('no owner');
  return user;
};

describe('the owner', () => {
  test('signs in within a second on a known device while a flood of guesses runs', async () => {
    const { app, signIn, enter } = await open();
    await owner(signIn);
    const cookie = pairsOf([deviceOf((await enter(ADA)).cookies)]);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const post = (body: object, headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: BASE_URL, ...headers },
        body: JSON.stringify(body),
      });
    const flood = new AbortController();
    let sent = 0;
    const statuses = new Map<number, number>();
    const attacker = async () => {
      while (!flood.signal.aborted) {
        sent += 1;
        const from = `198.${18 + (sent % 4)}.${sent % 250}.7`;
        // Half at the owner, half at whoever there may be.
        const email = sent % 2 === 0 ? ADA.email : `p${sent % 500}@example.com`;
        const answer = await post(
          { email, password: 'wrong horse battery' },
          { 'x-forwarded-for': from },
        ).catch(() => undefined);
        const status = answer?.status ?? 0;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const attackers = Array.from({ length: 40 }, attacker);
    await expect.poll(() => sent, { timeout: 20_000 }).toBeGreaterThan(150);
    const took: number[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      const from = performance.now();
      const answer = await post(ADA, { cookie, 'x-forwarded-for': '203.0.113.9' });
      took.push(performance.now() - from);
      expect(answer.status).toBe(200);
    }
    flood.abort();
    await app.close();
    await Promise.all(attackers);
    expect(Math.max(...took), took.join(' ms, ')).toBeLessThan(1_000);
    expect(statuses.get(200)).toBeUndefined();
    expect(statuses.get(429)).toBeGreaterThan(0);
  }, 40_000);

  test('on a new device is delayed by others’ guesses, not refused', async () => {
    const clock = createManualClock();
    const { signIn, enter } = await open(clock);
    await owner(signIn);
    await useUpTurns(clock, ADA.email);
    const wrong = { ...ADA, password: 'wrong horse battery' };
    // Eight who have tried before take all seats.
    const crowd = Array.from({ length: 8 }, (_, index) => enter(wrong, { from: `198.18.1.${index}` }));
    await expect.poll(() => clock.sleepers(), POLLED).toBe(1);
    await settle();
    const own = await answered(clock, enter(ADA));
    expect(own.answer.status).toBe(200);
    expect(own.waitedMs).toBeGreaterThan(20_000);
    expect(own.waitedMs).toBeLessThan(30_000);
    const others = await answered(clock, Promise.all(crowd));
    for (const { status } of others.answer) expect([401, 429]).toContain(status);
  });
});

describe('the cookie of a device', () => {
  /** Whether a sign-in with it waits for its turn, while the account has none left for devices that nobody knows. */
  async function openWithDevice() {
    const clock = createManualClock();
    const doors = await open(clock);
    const user = await owner(doors.signIn);
    const first = await doors.enter(ADA);
    const device = pairsOf([deviceOf(first.cookies)]);
    const session = pairsOf(first.cookies);
    const isKnown = async (cookie: string, credentials: { email: string; password: string } = ADA) => {
      const wrong = { ...credentials, password: 'wrong horse battery' };
      await database.pool.query('truncate sign_in_tries');
      await useUpTurns(clock, credentials.email);
      const { answer, waitedMs } = await answered(clock, doors.enter(wrong, { cookie }));
      expect(answer.status).toBe(401);
      return waitedMs === 0;
    };
    return { ...doors, clock, user, device, session, isKnown };
  }

  test('is of one person, signed, for 180 days, and no session', async () => {
    const { ask, clock, signIn, device, isKnown } = await openWithDevice();
    expect(await isKnown(device)).toBe(true);
    expect((await ask('GET', '/api/v1/session', { cookie: device })).status).toBe(401);
    const [name, value = ''] = device.split('=');
    const [head, claims = '', mark] = value.split('.');
    const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), exp: 9_999_999_999 };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    expect(await isKnown(`${name}=${head}.${encode(changed)}.${mark}`)).toBe(false);
    expect(await isKnown(`${name}=${encode({ alg: 'none' })}.${claims}.`)).toBe(false);
    const vic = await signIn.addUser({ email: 'vic@example.com', role: 'viewer' });
    expect(await isKnown(device, vic)).toBe(false);
    expect(await isKnown(device, { email: 'nobody@example.com', password: '' })).toBe(false);
    await clock.advance(180 * 86_400_000);
    expect(await isKnown(device)).toBe(false);
  });

  test('is worth nothing after a new password, and after signing out everywhere', async () => {
    const { ask, signIn, user, device, session, isKnown } = await openWithDevice();
    const changed = await ask('POST', '/api/v1/session/password', {
      cookie: session,
      payload: { present: ADA.password, wanted: 'a battery of horses' },
    });
    expect(changed.status).toBe(200);
    expect(await isKnown(device)).toBe(false);
    // The browser it was changed in goes on.
    const next = pairsOf([deviceOf(changed.cookies)]);
    expect(await isKnown(next)).toBe(true);
    await signIn.endSessions(user.id);
    expect(await isKnown(next)).toBe(false);
  });

  test('is worth nothing once its person was removed, also for somebody with the same e-mail', async () => {
    const { enter, signIn, isKnown } = await openWithDevice();
    const bob = await signIn.addUser({ email: 'bob@example.com', role: 'viewer' });
    const device = pairsOf([deviceOf((await enter(bob)).cookies)]);
    expect(await isKnown(device, bob)).toBe(true);
    await database.pool.query(`delete from users where email = 'bob@example.com'`);
    expect(await isKnown(device, bob)).toBe(false);
    await signIn.addUser({ email: 'bob@example.com', role: 'viewer' });
    expect(await isKnown(device, bob)).toBe(false);
  });
});

describe('nobody finds out who has an account', () => {
  test('by answers: the same are given in the same order, and the same waits', async () => {
    const clock = createManualClock();
    const { signIn, enter } = await open(clock);
    await owner(signIn);
    const told = async (email: string, net: string) => {
      const answers = [];
      for (let index = 0; index < 14; index += 1) {
        const from = `${net}.${index % 12}`;
        const { answer, waitedMs } = await answered(
          clock,
          enter({ email, password: 'wrong horse battery' }, { from }),
        );
        answers.push([answer.status, answer.body, waitedMs]);
      }
      return answers;
    };
    const known = await told(ADA.email, '198.18.0');
    expect(known.map(([status]) => status)).toEqual(Array.from({ length: 14 }, () => 401));
    expect(await told('nobody@example.com', '198.19.0')).toEqual(known);
  });
});

describe('the set-up', () => {
  test('answers many wrong codes with 429, and whoever has the code comes in all the same', async () => {
    const { ask } = await open();
    const set = (code: string, from: string) =>
      ask('POST', '/api/v1/setup', { from, payload: { ...ADA, code } });
    for (let tries = 0; tries < 10; tries += 1) expect((await set('wrong', '203.0.113.9')).status).toBe(400);
    const refused = await set('wrong', '203.0.113.9');
    expect(refused.status).toBe(429);
    expect(refused.headers['content-type']).toMatch('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(20);
    const statuses = [];
    for (let index = 0; index < 60; index += 1)
      statuses.push((await set('wrong', `198.18.2.${index}`)).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect((await set(CODE, '203.0.113.9')).status).toBe(200);
  });
});

describe('the return of a consent', () => {
  test('answers many that nobody asked for with 429, and a person’s own comes in all the same', async () => {
    const { ask } = await open();
    const back = (state: string, from = '203.0.113.9') =>
      ask('GET', `/oauth/freshbooks/callback?state=${state}&error=access_denied`, { from });
    for (let tries = 0; tries < 20; tries += 1) expect((await back(`none${tries}`)).status).toBe(400);
    const refused = await back('none');
    expect(refused.status).toBe(429);
    expect(refused.headers['content-type']).toMatch('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    const made = {
      connectionId: kit.connectionId,
      codeVerifier: 'v',
      redirectUri: BASE_URL,
      actor: 'user:ada',
    };
    const now = kit.parts.clock.now();
    await insertConsent(database.db, kit.parts.vault, 'asked', made, new Date(now + 60_000));
    const own = await back('asked');
    expect(own.status).toBe(400);
    expect(own.body).toContain('access_denied');
  });
});

test('guesses at the present password are counted by person, not by address', async () => {
  const { ask, enter, signIn } = await open();
  await owner(signIn);
  const bob = await signIn.addUser({ email: 'bob@example.com', role: 'viewer' });
  const change = async (cookie: string, present: string) =>
    (
      await ask('POST', '/api/v1/session/password', {
        cookie,
        payload: { present, wanted: 'a battery of horses' },
      })
    ).status;
  const [ada, his] = [pairsOf((await enter(ADA)).cookies), pairsOf((await enter(bob)).cookies)];
  for (let tries = 0; tries < 10; tries += 1) expect(await change(his, 'wrong')).toBe(400);
  expect(await change(his, bob.password)).toBe(429);
  expect(await change(ada, ADA.password)).toBe(200);
});
