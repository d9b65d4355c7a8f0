/** People and programs: the first account, roles, passwords, tokens; and that the audit names who did it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit } from '../../test/kit/engine.ts';
import { createSignIn } from '../platform/sign-in.ts';
import type { DB } from '../store/schema.ts';
import { type Actor, PermissionError } from './context.ts';
import { listAudit } from './list-audit.ts';
import { addToken, findToken, listTokens, revokeToken } from './tokens.ts';
import * as users from './users.ts';

const BASE_URL = 'http://127.0.0.1:8080';
const CODE = 'a-code-from-the-start';
const OWNER = { email: 'ada@example.com', password: 'correct horse battery' };
let ADA: Actor;

let database: TestDatabase<DB>;
let parts: users.PeopleParts;
let signInAs: (credentials: { email: string; password: string }) => Promise<string>;
let isKnown: (cookie: string) => Promise<boolean>;
let address = 0;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
  const kit = await createEngineKit(database);
  const secret = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';
  const signIn = await createSignIn({ pool: database.pool, baseUrl: BASE_URL, secret });
  parts = { ...kit.parts, accounts: signIn, setupCode: CODE };
  signInAs = async (credentials) => {
    address += 1;
    const answer = await signIn.signIn(credentials, { origin: BASE_URL }, `192.0.2.${address}`);
    if (answer.outcome !== 'signed-in') throw new Error(answer.outcome);
    return answer.cookies.map((cookie) => cookie.split(';')[0]).join('; ');
  };
  isKnown = async (cookie) => (await signIn.actorOf({ cookie })) !== undefined;
});
afterAll(() => database.drop());

const idOf = async (email: string) =>
  (await users.listUsers(parts, ADMIN)).find((user) => user.email === email)?.id ?? '';
const newestAudit = async () => (await listAudit(parts, ADMIN, { limit: 1 })).entries[0];

describe('the first account', () => {
  test('needs the code that the start has shown', async () => {
    expect(await users.showSetup(parts)).toEqual({ needed: true });
    await expect(users.setUp(parts, { code: 'guessed', ...OWNER })).rejects.toThrow('not the set-up code');
    await users.setUp(parts, { code: ` ${CODE} `, ...OWNER });
    ADA = { name: 'user:ada@example.com', role: 'admin', personId: await idOf(OWNER.email) };
    expect(await users.showSetup(parts)).toEqual({ needed: false });
    expect(await isKnown(await signInAs(OWNER))).toBe(true);
  });

  test('is made once, whoever has the code', async () => {
    const again = users.setUp(parts, { code: CODE, email: 'eve@example.com', password: OWNER.password });
    await expect(again).rejects.toThrow('made already');
  });
});

describe('users', () => {
  test('are added, get another role and are removed, each with its actor in the audit', async () => {
    await users.addUser(parts, ADA, { email: 'vic@example.com', role: 'viewer' });
    const userId = await idOf('vic@example.com');
    await users.setUserRole(parts, ADA, { userId, role: 'operator' });
    expect(await newestAudit()).toMatchObject({
      actor: ADA.name,
      summary: 'vic@example.com is now operator',
    });
    await users.removeUser(parts, ADA, { userId: 'vic@example.com' });
    expect(await newestAudit()).toMatchObject({ actor: ADA.name, summary: 'vic@example.com removed' });
    expect(await idOf('vic@example.com')).toBe('');
    expect((await listAudit(parts, ADMIN, { limit: 50 })).chainIntact).toBe(true);
  });

  test('the last admin stays one', async () => {
    const userId = await idOf(OWNER.email);
    await expect(users.removeUser(parts, ADMIN, { userId })).rejects.toThrow('only admin');
    await expect(users.setUserRole(parts, ADMIN, { userId, role: 'viewer' })).rejects.toThrow('only admin');
  });

  test('signing out everywhere ends all sessions; others may do it only as admin', async () => {
    const cookies = [await signInAs(OWNER), await signInAs(OWNER)];
    const userId = await idOf(OWNER.email);
    const vic = { name: 'user:vic@example.com', role: 'viewer' } as const;
    await expect(users.signOutEverywhere(parts, vic, { userId })).rejects.toThrow(PermissionError);
    await users.signOutEverywhere(parts, { ...ADA, role: 'viewer' }, { userId });
    expect(await Promise.all(cookies.map(isKnown))).toEqual([false, false]);
  });

  test('a password is changed by whoever knows the present one, and ends the sessions', async () => {
    const cookie = await signInAs(OWNER);
    const wanted = 'another horse battery';
    const wrong = users.changePassword(parts, ADA, { present: 'not this one', wanted });
    await expect(wrong).rejects.toThrow('present password is wrong');
    await users.changePassword(parts, ADA, { present: OWNER.password, wanted });
    expect(await isKnown(cookie)).toBe(false);
    expect(await isKnown(await signInAs({ ...OWNER, password: wanted }))).toBe(true);
  });
});

describe('tokens', () => {
  test('are known until they are ended, and stored as a hash only', async () => {
    const made = await addToken(parts, ADA, {
      name: 'nightly',
      kind: 'personal',
      scopes: ['read', 'operate', 'read'],
    });
    const shown = `Bearer ${made.token}`;
    expect(await findToken(parts, shown)).toMatchObject({ name: 'nightly', scopes: ['read', 'operate'] });
    const { rows } = await database.pool.query('select * from api_tokens');
    expect(JSON.stringify(rows)).not.toContain(made.token);
    expect(await listTokens(parts, ADA)).toMatchObject([{ name: 'nightly', createdBy: ADA.name }]);
    await revokeToken(parts, ADA, { tokenId: made.id });
    expect(await findToken(parts, shown)).toBeUndefined();
    expect(await newestAudit()).toMatchObject({ actor: ADA.name, summary: 'API token "nightly" ended' });
  });

  test('end by themselves after their days', async () => {
    const made = await addToken(parts, ADA, {
      name: 'short',
      kind: 'service',
      scopes: ['read'],
      days: 1,
    });
    const later = { ...parts, clock: { ...parts.clock, now: () => parts.clock.now() + 86_400_001 } };
    expect(await findToken(later, `Bearer ${made.token}`)).toBeUndefined();
    expect(await findToken(parts, `Bearer ${made.token}`)).toMatchObject({ name: 'short' });
  });

  test.each(['', 'Bearer', 'Basic YTpi', 'Bearer other_token', `Bearer mlc_${'x'.repeat(43)}`])(
    'an authorization of %j is nobody',
    async (authorization) => {
      expect(await findToken(parts, authorization)).toBeUndefined();
    },
  );
});

test('what concerns people and tokens is for admins', async () => {
  const operator = { name: 'user:otto@example.com', role: 'operator' } as const;
  const asks = [
    users.listUsers(parts, operator),
    users.addUser(parts, operator, { email: 'x@example.com', role: 'admin' }),
    users.setUserRole(parts, operator, { userId: 'x', role: 'admin' }),
    users.removeUser(parts, operator, { userId: 'x' }),
    users.resetPassword(parts, operator, { userId: 'x' }),
    listTokens(parts, operator),
    addToken(parts, operator, { name: 'x', kind: 'personal', scopes: ['people'] }),
    revokeToken(parts, operator, { tokenId: 'x' }),
  ];
  const ends = await Promise.allSettled(asks);
  expect(
    ends.filter((end) => end.status === 'rejected' && end.reason instanceof PermissionError),
  ).toHaveLength(asks.length);
});
