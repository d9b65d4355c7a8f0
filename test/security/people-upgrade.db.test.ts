/** An installation of before, brought up: tokens go to their people, names stop looking like ids, and each change is said. */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findToken } from '../../src/operations/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NOTHING_KNOWN } from '../../src/platform/known-secrets.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { loadConnection } from '../../src/store/connections.ts';
import type { DB } from '../../src/store/schema.ts';
import { listBrokenTrails } from '../../src/store/trail-chains.ts';
import { listOpenNotices, type UpgradeNotice } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';

const log = pino({ level: 'silent' });
const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const BEFORE = '0010';
const FIRST = '01938f3a-0000-7000-8000-000000000001';
const SECOND = '01938f3a-0000-7000-8000-000000000002';
const THIRD = '01938f3a-0000-7000-8000-000000000003';

let database: TestDatabase<DB>;
let notices: UpgradeNotice[];
const dir = mkdtempSync(join(tmpdir(), 'ml-connector-before-'));

type Old = [
  name: string,
  createdBy: string,
  scopes: string,
  day: number,
  more?: { until?: string; revoked?: number },
];

/** In the order of their days; `until` in SQL, `revoked` the day on which it was ended. */
const OLD: Old[] = [
  ['ada-reads', 'user:ada@example.com', 'read', 1],
  ['ada-people', 'user:ada@example.com', 'read,people', 2],
  ['gone-reads', 'user:gone@example.com', 'read,connections', 3],
  ['gone-people', 'user:gone@example.com', 'people', 4],
  ['by-ada-people', 'token:ada-people', 'read,people', 5],
  ['grandchild', 'token:by-ada-people', 'operate', 6],
  ['by-gone-people', 'token:gone-people', 'read', 7],
  ['by-too-weak', 'token:ada-reads', 'read', 8],
  ['by-nobody', 'token:never-was', 'read', 9],
  ['twin', 'user:ada@example.com', 'people', 10],
  ['twin', 'user:vic@example.com', 'people', 11],
  ['by-a-twin', 'token:twin', 'read', 12],
  ['early', 'user:vic@example.com', 'people', 13, { revoked: 14 }],
  ['early', 'user:ada@example.com', 'people', 15],
  ['by-late-early', 'token:early', 'read', 16],
  ['machine', 'cli:root', 'read,operate,people', 17],
  ['machine-people', 'cli:root', 'people', 18],
  ['machine-short', 'cli:root', 'read', 19, { until: "now() + interval '3 days'" }],
  ['by-machine', 'token:machine', 'read', 20],
  ['run-out', 'user:gone@example.com', 'read', 21, { until: "now() - interval '1 day'" }],
  ['ended-before', 'user:gone@example.com', 'read', 22, { revoked: 23 }],
  ['circle-a', 'token:circle-b', 'people', 24],
  ['circle-b', 'token:circle-a', 'people', 24],
];

beforeAll(async () => {
  database = await createTestDatabase<DB>({ empty: true });
  for (const file of readdirSync(MIGRATIONS))
    if (file.endsWith('.sql') && file < BEFORE) copyFileSync(join(MIGRATIONS, file), join(dir, file));
  await migrate({ connection: database.connection, dir, log });
  const { pool } = database;
  await pool.query(`insert into users (name, email, email_verified, role) values
    ('ada', 'ada@example.com', true, 'admin'), ('vic', 'vic@example.com', true, 'viewer'),
    ('x', '${FIRST}', true, 'viewer')`);
  const insertConnection = (id: string, name: string) =>
    pool.query(
      `insert into connections (id, name, source, destination, state, created_at, updated_at)
       values ($1, $2, 's', 'd', 'active', now(), now())`,
      [id, name],
    );
  await insertConnection(FIRST, 'acme');
  await insertConnection(SECOND, FIRST);
  await insertConnection(THIRD, FIRST.toUpperCase());
  for (const [name, createdBy, scopes, day, { until, revoked } = {}] of OLD) {
    await pool.query(
      `insert into api_tokens (id, name, hash, scopes, created_by, created_at, expires_at, revoked_at)
       values (gen_random_uuid(), $1, sha256($2::bytea), $3, $4, timestamptz '2026-01-01' + $5 * interval '1 day',
         ${until ?? 'null'}, timestamptz '2026-01-01' + $6::int * interval '1 day')`,
      [name, `mlc_${name}/${createdBy}`, scopes.split(','), createdBy, day, revoked ?? null],
    );
  }
  await migrate({ connection: database.connection, dir: MIGRATIONS, log });
  notices = await listOpenNotices(database.db);
});
afterAll(async () => {
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const told = (code: string) => notices.filter((notice) => notice.code === code).map(({ message }) => message);
const about = (code: string, name: string) => told(code).filter((message) => message.includes(`"${name}"`));

test('a token goes to the person with its maker’s e-mail, over the tokens it was made through', async () => {
  const { rows } =
    await database.pool.query(`select t.name, u.email from api_tokens t join users u on u.id = t.person_id
    where kind = 'personal' and revoked_at is null order by t.created_at, u.email`);
  expect(rows.map(({ name, email }) => `${name} ${email}`)).toEqual([
    'ada-reads ada@example.com',
    'ada-people ada@example.com',
    'by-ada-people ada@example.com',
    'grandchild ada@example.com',
    'twin ada@example.com',
    'twin vic@example.com',
    'early ada@example.com',
    'by-late-early ada@example.com',
  ]);
  expect(about('token-personal', 'grandchild').join()).toContain('ada@example.com');
  expect(about('token-personal', 'twin').join()).toContain('viewer');
});

test('a token of the machine becomes a service token with an end and without people', async () => {
  const { rows } = await database.pool.query(`select name, scopes, person_id,
      expires_at <= now() + interval '366 days' and expires_at > now() + interval '365 days' as a_year,
      expires_at < now() + interval '4 days' as soon
    from api_tokens where kind = 'service' and revoked_at is null order by created_at`);
  expect(rows).toEqual([
    { name: 'machine', scopes: ['read', 'operate'], person_id: null, a_year: true, soon: false },
    { name: 'machine-short', scopes: ['read'], person_id: null, a_year: false, soon: true },
  ]);
  expect(about('token-service', 'machine').join()).toMatch(/ends on \d{4}-.*no scope "people"/);
  expect(about('token-service', 'machine-short').join()).not.toContain('people');
});

test('what leads back to nobody, or to more than one, is ended and named', async () => {
  const { rows } = await database.pool.query(
    'select name from api_tokens where kind is null and revoked_at >= $1 order by created_at, name',
    [new Date(Date.now() - 60_000)],
  );
  const ended = [
    'gone-reads',
    'gone-people',
    'by-gone-people',
    'by-too-weak',
    'by-nobody',
    'by-a-twin',
    'machine-people',
    'by-machine',
    'circle-a',
    'circle-b',
  ];
  expect(rows.map(({ name }) => name)).toEqual(ended);
  expect(ended.filter((name) => about('token-ended', name).length !== 1)).toEqual([]);
  expect(about('token-ended', 'gone-reads').join()).toContain('nobody with the e-mail gone@example.com');
  expect(about('token-ended', 'by-a-twin').join()).toContain('more than one person');
});

test('what had ended before stays ended and is not told of', async () => {
  const { rows } = await database.pool.query(
    "select count(*)::int as count from api_tokens where name in ('run-out', 'ended-before') and revoked_at < now() - interval '1 hour'",
  );
  expect(rows).toEqual([{ count: 2 }]);
  expect([...about('token-ended', 'run-out'), ...about('token-ended', 'ended-before')]).toEqual([]);
});

test('what still works acts as its person, or as itself', async () => {
  const vault = { known: NOTHING_KNOWN };
  const parts = { db: database.db, clock: systemClock, vault } as Parameters<typeof findToken>[0];
  const actorOf = async (shown: string) => (await findToken(parts, `Bearer ${shown}`))?.actor.name;
  expect(await actorOf('mlc_grandchild/token:by-ada-people')).toMatch(
    /^user:ada@example.com via token:grandchild#/,
  );
  expect(await actorOf('mlc_machine/cli:root')).toMatch(/^service-token:machine#/);
  expect(await actorOf('mlc_gone-reads/user:gone@example.com')).toBeUndefined();
});

test('a name like an id is given another one, and its connection is found by id and by the new name alone', async () => {
  const { rows } = await database.pool.query('select id, name from connections order by id');
  expect(rows).toEqual([
    { id: FIRST, name: 'acme' },
    { id: SECOND, name: `connection ${FIRST}` },
    { id: THIRD, name: `connection ${FIRST.toUpperCase()}` },
  ]);
  for (const spelling of [FIRST, FIRST.toUpperCase(), 'acme'])
    expect((await loadConnection(database.db, spelling)).name).toBe('acme');
  const renamed = notices.filter(({ code }) => code === 'connection-renamed');
  expect(renamed.map(({ subject, connectionId }) => [subject, connectionId])).toEqual([
    [SECOND, SECOND],
    [THIRD, THIRD],
  ]);
  expect(renamed[0]?.message).toContain('another connection’s');
  expect(about('person-renamed', FIRST)).toHaveLength(1);
});

test('what the upgrade did stands in chains that are unbroken', async () => {
  expect(await listBrokenTrails(database.db, '')).toEqual([]);
  const { rows } = await database.pool.query(
    "select subject, count(*)::int as count from trail where actor = 'system' group by 1 order by 1",
  );
  expect(rows).toEqual([
    { subject: `connection:${SECOND}`, count: 1 },
    { subject: `connection:${THIRD}`, count: 1 },
    { subject: 'installation', count: 2 },
  ]);
});
