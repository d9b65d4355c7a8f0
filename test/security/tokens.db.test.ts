/** Tokens against whoever keeps one too long: none outlives its person, exceeds their role, or makes what outlives it. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RECHECK_MS } from '../../src/api/routes/live.ts';
import { listAudit } from '../../src/operations/list-audit.ts';
import { ADMIN } from '../kit/engine.ts';
import { openPeopleDoors, type PeopleDoors } from './people-doors.ts';

const ALL = ['read', 'operate', 'connections', 'people'];

let doors: PeopleDoors;
let owner: Awaited<ReturnType<PeopleDoors['addPerson']>>;

beforeAll(async () => {
  doors = await openPeopleDoors();
  owner = await doors.addPerson('owner@example.com', 'admin');
});
afterAll(() => doors.close());

const personal = (who: { cookie: string }, scopes = ALL) =>
  doors.addToken(who, { name: 'mine', kind: 'personal', scopes });
const service = (who: { cookie: string }, name = 'nightly', scopes = ['read', 'operate', 'connections']) =>
  doors.addToken(who, { name, kind: 'service', scopes, days: 90 });
const remove = (id: string, query = '') => doors.ask(owner, 'DELETE', `/users/${id}${query}`);
const setRole = (id: string, change: object) => doors.ask(owner, 'PATCH', `/users/${id}`, change);
const newestAudit = async () => (await listAudit(doors.parts, ADMIN, { limit: 1 })).entries[0];

/** One verb of each scope, each with the status for whoever may. */
const pause = () => `/connections/${doors.kit.connectionId}/pause`;
async function powersOf(shown: { authorization: string } | { cookie: string }): Promise<number[]> {
  const answers = [
    await doors.ask(shown, 'GET', '/connections'),
    await doors.ask(shown, 'POST', pause(), { reason: 'a try' }),
    await doors.ask(shown, 'PATCH', `/connections/${doors.kit.connectionId}`, {}),
    await doors.ask(shown, 'GET', '/users'),
  ];
  return answers.map(({ status }) => status);
}

describe('a personal token', () => {
  test('ends with its person, at once', async () => {
    const eve = await doors.addPerson('eve@example.com', 'admin');
    const token = await personal(eve);
    expect(await powersOf(token)).toEqual([200, 200, 200, 200]);
    expect((await remove(eve.id)).status).toBe(200);
    expect(await powersOf(token)).toEqual([401, 401, 401, 401]);
    expect(await powersOf(eve)).toEqual([401, 401, 401, 401]);
    expect(await newestAudit()).toMatchObject({ data: { personalTokens: ['mine'] } });
  });

  test('never exceeds the present role of its person, whatever its scopes', async () => {
    const dora = await doors.addPerson('dora@example.com', 'admin');
    const token = await personal(dora);
    const seen: number[][] = [];
    for (const role of ['operator', 'viewer', 'admin']) {
      await setRole(dora.id, { role });
      seen.push(await powersOf(token));
    }
    expect(seen).toEqual([
      [200, 200, 403, 403],
      [200, 403, 403, 403],
      [200, 200, 200, 200],
    ]);
  });

  test('never exceeds its scopes, whatever the role', async () => {
    expect(await powersOf(await personal(owner, ['read']))).toEqual([200, 403, 403, 403]);
  });

  test('of an account is not taken over by another account with the same e-mail', async () => {
    const first = await doors.addPerson('twin@example.com', 'admin');
    const token = await personal(first);
    await remove(first.id);
    await doors.addPerson('twin@example.com', 'admin');
    expect(await powersOf(token)).toEqual([401, 401, 401, 401]);
  });

  test('is in the audit with its person, and told apart from one of the same name', async () => {
    const tokens = [await personal(owner), await personal(owner)];
    for (const token of tokens) await doors.ask(token, 'POST', pause(), { reason: 'x' });
    for (const token of tokens) {
      await doors.ask(token, 'POST', `/connections/${doors.kit.connectionId}/resume`);
      await doors.ask(token, 'POST', pause(), { reason: 'x' });
    }
    const { entries } = await listAudit(doors.parts, ADMIN, {
      connection: doors.kit.connectionId,
      limit: 4,
    });
    expect([...new Set(entries.map(({ actor }) => actor))].toSorted()).toEqual(
      tokens.map(({ id }) => `user:owner@example.com via token:mine#${id.slice(-8)}`).toSorted(),
    );
  });
});

describe('no token makes what outlives it:', () => {
  test.each([
    ['tokens', 'POST', '/tokens', { name: 'child', kind: 'personal', scopes: ['people'] }],
    ['service tokens', 'POST', '/tokens', { name: 'child', kind: 'service', scopes: ['read'], days: 1 }],
    ['people', 'POST', '/users', { email: 'child@example.com', role: 'admin' }],
    ['passwords', 'POST', '/users/ID/password', undefined],
    ['roles', 'PATCH', '/users/ID', { role: 'admin' }],
  ] as const)('%s', async (_what, method, path, payload) => {
    const state = async () => {
      const { rows: people } = await doors.database.pool.query('select email, role from users order by 1');
      const { rows: tokens } = await doors.database.pool.query('select id from api_tokens order by 1');
      const { rows: passwords } = await doors.database.pool.query(
        'select password from sign_in_accounts order by 1',
      );
      return { people, tokens, passwords };
    };
    const shown = [await personal(owner), await service(owner, 'robot')];
    const before = await state();
    for (const token of shown) {
      const answer = await doors.ask(token, method, path.replace('ID', owner.id), payload);
      expect(answer.status).toBe(403);
    }
    expect(await state()).toEqual(before);
  });
});

describe('a service token', () => {
  test.each([
    ['the scope people', { scopes: ['read', 'people'], days: 30 }],
    ['no end', { scopes: ['read'] }],
    ['an end later than 366 days', { scopes: ['read'], days: 367 }],
  ])('is never made with %s', async (_what, request) => {
    const answer = await doors.ask(owner, 'POST', '/tokens', { name: 'x', kind: 'service', ...request });
    expect(answer.status).toBe(400);
  });

  test.each([
    ["'service', null, '{read,people}', now() + interval '1 day'"],
    ["'service', null, '{read}', null"],
    ["'personal', null, '{read}', null"],
    ["null, null, '{read}', now() + interval '1 day'"],
  ])('cannot stand in the database as %s', async (values) => {
    const insert = doors.database.pool.query(`insert into api_tokens
      (id, name, hash, created_by, created_at, kind, person_id, scopes, expires_at)
      values (gen_random_uuid(), 'x', sha256(gen_random_uuid()::text::bytea), 'x', now(), ${values})`);
    await expect(insert).rejects.toThrow('api_tokens_belong');
  });

  test('is not made by a viewer or an operator', async () => {
    const otto = await doors.addPerson('otto@example.com', 'operator');
    for (const kind of ['personal', 'service'])
      expect(
        (await doors.ask(otto, 'POST', '/tokens', { name: 'x', kind, scopes: ['read'], days: 1 })).status,
      ).toBe(403);
  });

  test('of somebody who is removed waits for an answer, which nothing guesses', async () => {
    const max = await doors.addPerson('max@example.com', 'admin');
    const token = await service(max);
    await doors.ask(token, 'GET', '/connections');
    const asked = await remove(max.id);
    expect(asked).toMatchObject({
      status: 409,
      body: { serviceTokens: [{ id: token.id, name: 'nightly', lastUsedAt: expect.any(String) }] },
    });
    expect(await powersOf(max)).toEqual([200, 200, 200, 200]);
    expect(await remove(max.id, '?serviceTokens=keep')).toMatchObject({
      status: 200,
      body: { keptTokens: ['nightly'], endedTokens: [] },
    });
    expect(await powersOf(token)).toEqual([200, 200, 200, 403]);
    expect(await newestAudit()).toMatchObject({ data: { keptTokens: ['nightly'] } });
  });

  test('of somebody who is demoted waits for an answer, and ends where that says so', async () => {
    const mia = await doors.addPerson('mia@example.com', 'admin');
    const token = await service(mia, 'import');
    expect((await setRole(mia.id, { role: 'viewer' })).status).toBe(409);
    expect((await powersOf(mia))[3]).toBe(200);
    const answer = await setRole(mia.id, { role: 'viewer', serviceTokens: 'end' });
    expect(answer).toMatchObject({ status: 200, body: { role: 'viewer', endedTokens: ['import'] } });
    expect(await powersOf(token)).toEqual([401, 401, 401, 401]);
    expect((await setRole(mia.id, { role: 'admin' })).status).toBe(200);
    expect((await remove(mia.id)).status).toBe(200);
  });

  test('is not made beside the demotion of its maker: it is refused, or was among those that were asked about', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ray = await doors.addPerson(`ray${round}@example.com`, 'admin');
      const request = { name: 'late', kind: 'service', scopes: ['connections'], days: 366 };
      const [made] = await Promise.all([
        doors.ask(ray, 'POST', '/tokens', request),
        setRole(ray.id, { role: 'viewer', serviceTokens: 'end' }),
      ]);
      const authorization = `Bearer ${(made.body as { token?: string }).token}`;
      expect((await doors.ask({ authorization }, 'GET', '/connections')).status).toBe(401);
    }
  });
});

test('the last use of a token is shown', async () => {
  const token = await service(owner, 'used');
  const shownUse = async () => {
    const { body } = await doors.ask(owner, 'GET', '/tokens');
    return (body as { id: string; lastUsedAt: string | null }[]).find(({ id }) => id === token.id)
      ?.lastUsedAt;
  };
  expect(await shownUse()).toBeNull();
  await doors.ask(token, 'GET', '/connections');
  expect(await shownUse()).toBe(new Date(doors.parts.clock.now()).toISOString());
});

test('a session has the present role of its person at every request', async () => {
  const sue = await doors.addPerson('sue@example.com', 'admin');
  expect(await powersOf(sue)).toEqual([200, 200, 200, 200]);
  await setRole(sue.id, { role: 'viewer' });
  expect(await powersOf(sue)).toEqual([200, 403, 403, 403]);
  await remove(sue.id);
  expect(await powersOf(sue)).toEqual([401, 401, 401, 401]);
});

test('a live stream ends soon after its token, its session or its person', async () => {
  const liz = await doors.addPerson('liz@example.com', 'admin');
  const tom = await doors.addPerson('tom@example.com', 'viewer');
  const tokens = [await personal(liz), await service(owner, 'stream')];
  const stays = await doors.signedIn(owner);
  const address = await doors.app.listen({ host: '127.0.0.1', port: 0 });
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const streams = [...tokens, tom, stays].map(async (shown) => {
      const answer = await fetch(`${address}/api/v1/live`, {
        headers: {
          accept: 'text/event-stream',
          ...('cookie' in shown ? { cookie: shown.cookie } : { authorization: shown.authorization }),
        },
      });
      if (answer.status !== 200 || !answer.body) throw new Error(`${answer.status}`);
      const reader = answer.body.getReader();
      await reader.read();
      const state = { ended: false, cancel: () => reader.cancel() };
      const drain = async () => {
        while (!(await reader.read()).done);
        state.ended = true;
      };
      drain().catch(() => {
        state.ended = true;
      });
      return state;
    });
    const open = await Promise.all(streams);
    await remove(liz.id);
    await doors.ask(owner, 'DELETE', `/tokens/${tokens[1]?.id}`);
    await doors.ask(owner, 'DELETE', `/users/${tom.id}/sessions`);
    expect(open.map(({ ended }) => ended)).toEqual([false, false, false, false]);
    await vi.advanceTimersByTimeAsync(RECHECK_MS);
    await vi.waitFor(() => expect(open.map(({ ended }) => ended)).toEqual([true, true, true, false]));
    for (const { cancel } of open) await cancel().catch(() => {});
  } finally {
    vi.useRealTimers();
  }
  expect(RECHECK_MS).toBeLessThanOrEqual(15_000);
});
