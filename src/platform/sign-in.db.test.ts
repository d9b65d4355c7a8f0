/** Sign-in against a real database: owner, passwords, sessions, roles, counting. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createManualClock } from '../../test/kit/manual-clock.ts';
import { createSignIn, type SignIn } from './sign-in.ts';

const BASE_URL = 'http://127.0.0.1:8080';
const SECRET = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';
const OWN_PAGE = { origin: BASE_URL };
const OWNER = { email: 'ada@example.com', password: 'correct horse battery' };

let database: TestDatabase<unknown>;
let signIn: SignIn;
/** Another address for each try that is not about counting. */
let lastAddress = 0;

function nextAddress(): string {
  lastAddress += 1;
  return `192.0.2.${lastAddress}`;
}

async function cookieOf(credentials: { email: string; password: string }): Promise<string> {
  const answer = await signIn.signIn(credentials, OWN_PAGE, nextAddress());
  if (answer.outcome !== 'signed-in') throw new Error(`not signed in: ${answer.outcome}`);
  return answer.cookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

beforeAll(async () => {
  database = await createTestDatabase();
  signIn = await createSignIn({ pool: database.pool, baseUrl: BASE_URL, secret: SECRET });
});
beforeEach(() => database.pool.query('truncate sign_in_tries'));
afterAll(() => database.drop());

describe('the first start', () => {
  test('makes one owner, also when two processes start at once', async () => {
    const answers = await Promise.all([signIn.ensureOwner(OWNER), signIn.ensureOwner(OWNER)]);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await signIn.ensureOwner({ email: 'late@example.com' })).toEqual({ created: false });
  });

  test('makes the owner an admin, and the session gives the actor', async () => {
    const cookie = await cookieOf(OWNER);
    expect(await signIn.actorOf({ cookie })).toEqual({
      name: 'user:ada@example.com',
      email: 'ada@example.com',
      role: 'admin',
      personId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('a session', () => {
  test('is refused for a wrong password and for an unknown e-mail alike', async () => {
    const wrong = { ...OWNER, password: 'wrong horse battery' };
    const unknown = { ...OWNER, email: 'eve@example.com' };
    for (const credentials of [wrong, unknown]) {
      expect(await signIn.signIn(credentials, OWN_PAGE, nextAddress())).toEqual({ outcome: 'refused' });
    }
  });

  test('cannot be started from another site', async () => {
    const foreign = { origin: 'https://evil.example', cookie: 'any=thing' };
    expect(await signIn.signIn(OWNER, foreign, nextAddress())).toEqual({ outcome: 'foreign-origin' });
  });

  test('lives in a cookie that scripts and other sites do not get', async () => {
    const answer = await signIn.signIn(OWNER, OWN_PAGE, nextAddress());
    const own = expect.stringMatching(/HttpOnly; SameSite=Strict/);
    expect(answer).toMatchObject({ cookies: [own, own] });
  });

  test('of a secure site has a secure cookie', async () => {
    const baseUrl = 'https://sync.example.com';
    const secure = await createSignIn({ pool: database.pool, baseUrl, secret: SECRET });
    const answer = await secure.signIn(OWNER, { origin: baseUrl }, nextAddress());
    const [device, session] = [/^__Host-.*; Secure/, /^__Secure-.*; Secure/];
    expect(answer).toMatchObject({
      cookies: [expect.stringMatching(device), expect.stringMatching(session)],
    });
  });

  test('with a forged cookie is no session', async () => {
    const cookie = await cookieOf(OWNER);
    expect(await signIn.actorOf({ cookie: `${cookie.slice(0, -6)}AAAA%3D` })).toBeUndefined();
  });

  test('that has expired is no session', async () => {
    const cookie = await cookieOf(OWNER);
    await database.pool.query("update sessions set expires_at = now() - interval '1 second'");
    expect(await signIn.actorOf({ cookie })).toBeUndefined();
  });

  test('ends with signing out', async () => {
    const cookie = await cookieOf(OWNER);
    const cleared = await signIn.signOut({ ...OWN_PAGE, cookie }, nextAddress());
    expect(cleared.join()).toMatch('Max-Age=0');
    expect(await signIn.actorOf({ cookie })).toBeUndefined();
  });
});

test('an added user has the given role and a strong made-up password', async () => {
  const made = await signIn.addUser({ email: ' Vic@Example.com ', role: 'viewer' });
  expect(made).toEqual({ email: 'vic@example.com', password: expect.stringMatching(/^(\w{6}-){3}\w{6}$/) });
  expect(await signIn.actorOf({ cookie: await cookieOf(made) })).toMatchObject({ role: 'viewer' });
});

test('a taken e-mail and a short password are refused in words', async () => {
  const taken = signIn.addUser({ email: 'ADA@example.com', role: 'viewer' });
  await expect(taken).rejects.toThrow('has an account already');
  const short = signIn.addUser({ email: 'sam@example.com', role: 'viewer', password: 'short' });
  await expect(short).rejects.toThrow('12 to 256 characters');
});

test('a password is stored as argon2id only', async () => {
  const { rows } = await database.pool.query<{ password: string }>('select password from sign_in_accounts');
  for (const { password } of rows) expect(password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test('a new password ends all sessions, and the old one is refused', async () => {
  const old = await signIn.addUser({ email: 'bob@example.com', role: 'operator' });
  const cookie = await cookieOf(old);
  const made = await signIn.resetPassword('BOB@example.com');
  if (!made) throw new Error('bob is unknown');
  expect(await signIn.actorOf({ cookie })).toBeUndefined();
  expect(await signIn.signIn(old, OWN_PAGE, nextAddress())).toEqual({ outcome: 'refused' });
  expect(await cookieOf(made)).toMatch('session_token');
  expect(await signIn.resetPassword('nobody@example.com')).toBeUndefined();
});

test('guesses from one address are counted for all processes together', async () => {
  // Time stands still: no try comes back meanwhile.
  const settings = { pool: database.pool, baseUrl: BASE_URL, secret: SECRET, clock: createManualClock() };
  const [one, other] = [await createSignIn(settings), await createSignIn(settings)];
  const wrong = { ...OWNER, password: 'wrong horse battery' };
  const outcomes: string[] = [];
  for (let tries = 0; tries < 6; tries += 1) {
    outcomes.push((await one.signIn(wrong, OWN_PAGE, '198.51.100.9')).outcome);
    outcomes.push((await other.signIn(wrong, OWN_PAGE, '198.51.100.9')).outcome);
  }
  expect(outcomes.filter((outcome) => outcome === 'refused')).toHaveLength(10);
  expect(outcomes.slice(10)).toEqual(['too-many', 'too-many']);
  expect(await cookieOf(OWNER)).toMatch('session_token');
});
