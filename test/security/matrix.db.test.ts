/** Every verb by every identity on every kind of object: who may do what stands by hand in every-verb.ts, not in the code. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERBS, type Verb } from '../../src/api/contract-verbs.ts';
import { replay } from '../../src/operations/replay.ts';
import { findNewestCheck } from '../../src/store/trail-checks.ts';
import { ADMIN } from '../kit/engine.ts';
import { type Call, type Least, ROWS, type Row } from './every-verb.ts';
import { digestOf, type EveryVerbScene, MARK, openEveryVerbScene } from './every-verb-scene.ts';
import type { Shown } from './people-doors.ts';

type Role = 'viewer' | 'operator' | 'admin';
type Identity = {
  name: string;
  shown: Shown | object;
  /** Whose session, or whose token with which scopes; nobody where nothing is left of either. */
  is: 'nobody' | 'session' | 'token';
  role?: Role;
  scopes?: readonly string[];
};

const verbs = Object.keys(VERBS) as Verb[];
const RANKS: readonly Least[] = ['anybody', 'signed-in', 'viewer', 'operator', 'admin'];
const ALL = ['read', 'operate', 'connections', 'people'];

let scene: EveryVerbScene;
let identities: Identity[];
let admin: Shown;
let calls = 0;

beforeAll(async () => {
  scene = await openEveryVerbScene();
  identities = await makeIdentities();
});
afterAll(async () => {
  await scene.close();
  process.stdout.write(`matrix: ${verbs.length} verbs, ${identities.length} identities, ${calls} calls\n`);
});

async function makeIdentities(): Promise<Identity[]> {
  const { newPerson, addTokenAs, ask, signedIn, database } = scene;
  const person = (name: string, role: Role) => newPerson(`${name}@example.com`, role);
  const owner = await person('owner', 'admin');
  admin = { cookie: owner.cookie };
  const personal = (who: Shown, scopes: string[], days?: number) =>
    addTokenAs(who, { name: `personal ${scopes.join()}`, kind: 'personal', scopes, days });
  const service = (who: Shown, scopes: string[]) =>
    addTokenAs(who, { name: `service ${scopes.join()}`, kind: 'service', scopes, days: 30 });
  const ended = async (token: { id: string; authorization: string }) => {
    await ask(admin, 'DELETE', `/tokens/${token.id}`);
    return token;
  };
  const expired = async (token: { id: string; authorization: string }) => {
    await database.pool.query(
      `update api_tokens set expires_at = '2020-01-01', created_at = '2019-01-01' where id = $1`,
      [token.id],
    );
    return token;
  };
  const nobody = (name: string, shown: Shown | object): Identity => ({
    name,
    shown: cut(shown),
    is: 'nobody',
  });
  const session = (role: Role, name: string, shown: Shown): Identity => ({
    name,
    shown: cut(shown),
    is: 'session',
    role,
  });
  const token = (role: Role, scopes: string[], name: string, shown: Shown): Identity => ({
    name,
    shown: cut(shown),
    is: 'token',
    role,
    scopes,
  });

  const demoted = async (role: Role) => {
    const who = await person(`demoted-to-${role}`, 'admin');
    const made = await personal(who, ALL);
    await ask(admin, 'PATCH', `/users/${who.id}`, { role });
    return { who, made };
  };
  const removed = await person('removed', 'admin');
  const ofRemoved = await personal(removed, ALL);
  await ask(admin, 'DELETE', `/users/${removed.id}`);
  const out = await signedIn(owner);
  // As a program does, without an origin.
  await ask(out, 'DELETE', '/session');
  const [toViewer, toOperator] = [await demoted('viewer'), await demoted('operator')];
  // Of both: the session’s and the device’s.
  const forged = admin.cookie.replaceAll(/[^.=]{6}(?=\.)/g, 'AAAAAA');

  const scoped: Identity[] = [];
  for (const scope of ALL)
    scoped.push(token('admin', [scope], `personal ${scope}`, await personal(owner, [scope])));
  for (const scope of ALL.slice(0, 3))
    scoped.push(token('admin', [scope], `service ${scope}`, await service(owner, [scope])));
  return [
    nobody('nobody', {}),
    nobody('a forged cookie', { cookie: forged }),
    nobody('a made-up token', { authorization: `Bearer mlc_${'A'.repeat(43)}` }),
    nobody('a token of another form', { authorization: 'Basic YTpi' }),
    {
      name: 'a made-up token beside a good session',
      shown: { ...cut(await person('beside', 'admin')), authorization: 'Bearer mlc_x' },
      is: 'nobody',
    },
    nobody('a session that was signed out', out),
    nobody('the session of a removed person', removed),
    nobody('the token of a removed person', ofRemoved),
    nobody('an ended personal token', await ended(await personal(owner, ALL))),
    nobody('an ended service token', await ended(await service(owner, ALL.slice(0, 3)))),
    nobody('an expired personal token', await expired(await personal(owner, ALL, 1))),
    nobody('an expired service token', await expired(await service(owner, ALL.slice(0, 3)))),
    session('viewer', 'a viewer', await person('vic', 'viewer')),
    session('operator', 'an operator', await person('otto', 'operator')),
    session('admin', 'an admin', admin),
    session('viewer', 'an admin who was demoted to viewer', toViewer.who),
    ...scoped,
    token('viewer', ALL, 'the token of somebody demoted to viewer', toViewer.made),
    token('operator', ALL, 'the token of somebody demoted to operator', toOperator.made),
  ];
}

/** Only what is sent. */
function cut(shown: Shown | object): Shown | object {
  const { cookie, authorization } = shown as { cookie?: string; authorization?: string };
  return {
    ...(cookie === undefined ? {} : { cookie }),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function may({ least, scope }: Row, who: Identity): boolean {
  if (least === 'anybody') return true;
  const reaches = who.role !== undefined && RANKS.indexOf(who.role) >= RANKS.indexOf(least);
  switch (who.is) {
    case 'nobody':
      return false;
    case 'session':
      return reaches;
    case 'token':
      return scope !== null && who.scopes?.includes(scope) === true && reaches;
  }
}

/** Tokens are nobody where only a session counts. */
function refusalsOf({ least }: Row, who: Identity): number[] {
  if (who.is === 'nobody') return [401];
  return who.is === 'token' && least === 'signed-in' ? [401, 403] : [403];
}

async function send(verb: Verb, shown: Shown | object, call: Call) {
  calls += 1;
  const answer = await scene.send(verb, shown, call);
  if (answer.status >= 400) expect(answer.type).toContain('application/problem+json');
  return answer;
}

test('every verb has its row, and no row is left of a verb that is gone', () => {
  expect(Object.keys(ROWS).toSorted()).toEqual([...verbs].toSorted());
});

describe('whoever may not is refused, and nothing is changed:', () => {
  test.each(verbs)('%s', async (verb) => {
    const row = ROWS[verb];
    const call = row.call(scene);
    const unknown = withIds(call, randomUUID());
    const before = await digestOf(scene);
    const wrong: string[] = [];
    for (const who of identities.filter((one) => !may(row, one))) {
      // What is there and what is not look the same to whoever may not see either.
      for (const one of call.params ? [call, unknown] : [call]) {
        const { status, text } = await send(verb, who.shown, one);
        const refusals = refusalsOf(row, who);
        if (!refusals.includes(status))
          wrong.push(`${who.name}: ${status} in place of ${refusals.join()} ${text}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await digestOf(scene)).toBe(before);
  });
});

describe('an object that is not there, or no more, is 404, and nothing is changed:', () => {
  const about = verbs.filter((verb) => VERBS[verb].path.includes('{'));
  test.each(about)('%s', async (verb) => {
    const row = ROWS[verb];
    const call = row.call(scene);
    const before = await digestOf(scene);
    const answers = [];
    for (const id of [randomUUID(), '00000000-0000-0000-0000-000000000000', randomUUID().toUpperCase()])
      answers.push((await send(verb, admin, withIds(call, id))).status);
    // An id of another kind of thing.
    for (const id of [scene.noticeId, scene.tokenId, scene.recordId, scene.connectionId])
      if (
        !(call.params && 'recordId' in call.params && id === scene.recordId) &&
        !Object.values(call.params ?? {}).includes(id)
      )
        answers.push((await send(verb, admin, withIds(call, id))).status);
    expect([...new Set(answers)]).toEqual([404]);
    const malformed = [
      'x',
      '0',
      '%00',
      '%20',
      '..%2Fx',
      "'%20or%20''='",
      scene.recordId.replaceAll('-', ''),
      '__proto__',
    ];
    const refused = [];
    for (const id of malformed) refused.push((await send(verb, admin, withIds(call, id))).status);
    expect([...new Set(refused)]).toEqual([400]);
    expect(await digestOf(scene)).toBe(before);
  });

  const ofConnections = about.filter((verb) =>
    /connectionId|recordId|replayId|backfillId/.test(VERBS[verb].path),
  );
  test.each(ofConnections)('%s of a removed connection', async (verb) => {
    const row = ROWS[verb];
    const call = row.call(scene);
    const gone: Record<string, string> = scene.ofGone;
    const params = Object.fromEntries(Object.keys(call.params ?? {}).map((name) => [name, gone[name] ?? '']));
    const before = await digestOf(scene);
    const { status } = await send(verb, admin, { ...call, params });
    expect(status).toBe(row.removed ?? 404);
    expect(await digestOf(scene)).toBe(before);
  });
});

describe('what is asked about one connection never shows or changes another:', () => {
  const empty = (text: string) => expect(text).not.toContain(MARK);
  const inA = () => ({ params: { connectionId: scene.a.connectionId } });

  test.each([
    ['listRecords', () => ({ search: MARK })],
    ['listRecords', () => ({ search: scene.ofB.recordId })],
    ['listRecords', () => ({ cursor: `9999999999999_${scene.ofB.recordId}` })],
    ['countRecords', () => ({ search: MARK })],
    ['listParked', () => ({})],
  ] as const)('%s', async (verb, query) => {
    const { status, text } = await send(verb, admin, {
      query: { connectionId: scene.a.connectionId, ...query() },
    });
    expect(status).toBe(200);
    empty(text);
    expect(text).not.toContain(scene.ofB.recordId);
  });

  test.each(['listAudit', 'listRejections'] as const)('%s', async (verb) => {
    await scene.database.pool.query(
      `insert into rejections (id, connection_id, at, cause, status, headers, body) values (gen_random_uuid(), $1, now(), 'signature', 401, '{}', $2)`,
      [scene.ofB.connectionId, Buffer.from(MARK)],
    );
    const { status, text } = await send(verb, admin, { query: { connection: scene.a.connectionId } });
    expect(status).toBe(200);
    empty(text);
    expect(text).not.toContain(scene.ofB.connectionId);
  });

  test('startReplay takes no record of another connection than the filter names', async () => {
    const before = await digestOf(scene, 'connection B');
    const filter = { connectionId: scene.a.connectionId };
    const { status, text } = await send('startReplay', admin, {
      body: { recordIds: [scene.ofB.recordId], filter },
    });
    expect({ status, total: (JSON.parse(text) as { total: number }).total }).toEqual({
      status: 202,
      total: 0,
    });
    expect(await digestOf(scene, 'connection B')).toBe(before);
  });

  test('nothing is set going for what belongs to a removed connection', async () => {
    const { ofGone, recordId } = scene;
    const unsettled = async () =>
      (
        await scene.database.pool.query<{ seq: string }>(
          'select e.seq from events e join connections c on c.id = e.connection_id where settled_at is null and removed_at is not null order by 1',
        )
      ).rows;
    const before = await unsettled();
    const filter = { connectionId: ofGone.connectionId };
    const total = async (body: object) =>
      (JSON.parse((await send('startReplay', admin, { body })).text) as { total: number }).total;
    expect(await total({ filter })).toBe(0);
    expect(await total({ recordIds: [ofGone.recordId, recordId] })).toBe(1);
    // As the command line does it.
    expect(await replay(scene.parts, ADMIN, { filter, dryRun: true })).toEqual({
      replayed: 0,
      recordIds: [],
    });
    const many = { recordIds: [ofGone.recordId], choice: 'new-account' };
    const { text } = await send('resolveRecords', admin, { body: many });
    expect(JSON.parse(text)).toMatchObject({ resolved: [], refused: [{ recordId: ofGone.recordId }] });
    expect(await unsettled()).toEqual(before);
  });

  test.each([
    [
      'linkAccount: a client of another',
      'linkAccount',
      () => ({ clientId: scene.clientOfB, account: scene.accountOfA }),
    ],
    [
      'linkAccount: an account of another',
      'linkAccount',
      () => ({ clientId: scene.clientOfA, account: scene.accountOfB }),
    ],
    [
      'linkAccount: an account of another, shared with somebody else',
      'linkAccount',
      () => ({
        clientId: scene.clientOfA,
        account: scene.accountOfB,
        sharedWith: `world/${scene.clientOfA}`,
      }),
    ],
    [
      'setAccountOwner: a client of another',
      'setAccountOwner',
      () => ({ clientId: scene.clientOfB, account: scene.accountOfB }),
    ],
    [
      'setAccountOwner: an account of another',
      'setAccountOwner',
      () => ({ clientId: scene.clientOfA, account: scene.accountOfB }),
    ],
    [
      'finishConsent: the answer to another’s',
      'finishConsent',
      () => ({ returnedUrl: scene.answerTo(scene.consentOfB) }),
    ],
  ] as const)('%s', async (_what, verb, body) => {
    const before = await digestOf(scene);
    const { status } = await send(verb, admin, { ...inA(), body: body() });
    expect(status).toBe(400);
    expect(await digestOf(scene)).toBe(before);
  });
});

describe('whoever may is not refused, and another connection stays as it is:', () => {
  test.each(verbs)('%s', async (verb) => {
    const row = ROWS[verb];
    const before = await digestOf(scene, 'connection B');
    const wrong: string[] = [];
    for (const who of identities.filter((one) => may(row, one))) {
      const { shown, call } = await asked(row, who);
      const { status, text } = await send(verb, shown, call);
      if (status !== (row.gives ?? 200)) wrong.push(`${who.name}: ${status} ${text}`);
      if (call.params && text.includes(MARK)) wrong.push(`${who.name} sees another connection: ${text}`);
    }
    expect(wrong).toEqual([]);
    await auditChecked();
    expect(await digestOf(scene, 'connection B')).toBe(before);
  });
});

async function asked(row: Row, who: Identity): Promise<{ shown: Shown | object; call: Call }> {
  if (row.asSomebodyNew && who.is === 'session') {
    const somebody = await scene.newPerson(`new${scene.next()}@example.com`, who.role ?? 'viewer');
    return { shown: { cookie: somebody.cookie }, call: row.asSomebodyNew(somebody.password) };
  }
  return { shown: who.shown, call: (await row.anew?.(scene)) ?? row.call(scene) };
}

/** It runs in the background and would write into the next test. */
async function auditChecked(): Promise<void> {
  while ((await findNewestCheck(scene.database.db))?.finishedAt === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

function withIds(call: Call, id: string): Call {
  return { ...call, params: Object.fromEntries(Object.keys(call.params ?? {}).map((name) => [name, id])) };
}
