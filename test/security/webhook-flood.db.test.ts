/** However much is sent to the webhook door: what is genuine gets in, and what is kept of the rest is bounded. */
import { sql } from 'kysely';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../src/platform/clock.ts';
import { listRejectionCounts, listRejections } from '../../src/store/rejections.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { addCallback, type Door, openDoor } from '../kit/door.ts';
import { createLoot, makeSigned } from '../prove/door-mutations.ts';
import { type Callback, type Sent, SIGNATURE, type Signed } from '../prove/door-oracle.ts';
import { knockOverHttp, makeCallbacks } from '../prove/door-run.ts';

const random = seededRandom(5);
const callbacks = makeCallbacks(random);
const loot = createLoot(random, []);
const [callback] = callbacks as [Callback];

let database: TestDatabase<DB>;
let door: Door;
let client: Pool;

beforeAll(async () => {
  // As many connections as a web process has.
  database = await createTestDatabase<DB>({ max: 4 });
  door = await openDoor(database.db, callbacks);
  client = new Pool(door.url, { connections: 50 });
});
afterAll(async () => {
  await client?.close();
  await door?.close();
  await database?.drop();
});

async function post({ path, body, headers }: Sent) {
  const answer = await client.request({ method: 'POST', path: `/hooks/${path}`, headers, body });
  const text = await answer.body.text();
  return { status: answer.statusCode, retryAfter: Number(answer.headers['retry-after'] ?? 0), text };
}

const genuine = (): Signed => makeSigned(loot, loot.pick(callbacks));
const forged = (sent: Sent): Sent => ({ ...sent, headers: { ...sent.headers, [SIGNATURE]: 'guessed' } });
const BIG = Object.fromEntries(
  Array.from({ length: 40 }, (_, n) => [`x-padding-${n}`, String.fromCharCode(97 + (n % 26)).repeat(300)]),
);

/** An address that has had its refusals for this minute, of both kinds. */
const SPENT = '192.0.2.1';
async function spend(): Promise<void> {
  const { path, body, headers } = forged(genuine().sent);
  await Promise.all(
    Array.from({ length: 61 }, async (_, n) => {
      await door.receiver.receive(path, body, headers, SPENT);
      await door.receiver.receive(`spent-${n}`, body, headers, SPENT);
    }),
  );
}

const kept = async () =>
  (
    await sql<{ strangers: bigint; ours: bigint; bytes: bigint; widest: number }>`
      select count(*) filter (where connection_id is null) as strangers, count(connection_id) as ours,
        pg_total_relation_size('rejections') as bytes, max(octet_length(headers::text)) as widest
      from rejections`.execute(database.db)
  ).rows[0];
const counted = async () =>
  (await listRejectionCounts(database.db)).reduce((sum, { count }) => sum + count, 0);

test('among thousands of guesses and forgeries with big headers from its own address every genuine delivery gets in', async () => {
  const before = await post(forged(genuine().sent));
  expect(before.status).toBe(401);
  const flood = {
    unknown: [] as number[],
    forged: [] as number[],
    genuine: [] as number[],
    probes: [] as number[],
  };
  let patience = 0;
  const turns = Array.from({ length: 1_500 }, async (_, turn) => {
    const { sent } = genuine();
    if (turn % 10 === 0) flood.genuine.push((await post(sent)).status);
    if (turn % 4 === 0) flood.forged.push((await post(forged(sent))).status);
    if (turn % 100 === 0) {
      const probe = await client.request({ method: 'GET', path: '/healthz' });
      await probe.body.dump();
      flood.probes.push(probe.statusCode);
    }
    const answer = await post({ ...sent, path: `guess-${turn}`, headers: { ...sent.headers, ...BIG } });
    flood.unknown.push(answer.status);
    if (answer.status === 429) patience = Math.max(patience, answer.retryAfter);
  });
  await Promise.all(turns);

  expect(new Set(flood.genuine)).toEqual(new Set([200]));
  expect(new Set(flood.probes)).toEqual(new Set([200]));
  expect(flood.unknown.filter((status) => status === 404)).toHaveLength(30);
  expect(flood.unknown.filter((status) => status === 429)).toHaveLength(1_470);
  expect(patience).toBeGreaterThan(0);
  expect(patience).toBeLessThanOrEqual(60);
  // The one from before the flood was the first of the sixty.
  expect(flood.forged.filter((status) => status === 401)).toHaveLength(59);

  const rest = await kept();
  expect([rest?.strangers, rest?.ours]).toEqual([30n, 60n]);
  expect(rest?.widest).toBeLessThan(5_500);
  expect(rest?.bytes).toBeLessThan(2_000_000n);
  await expect.poll(counted, { timeout: 5_000 }).toBe(1 + flood.forged.length + flood.unknown.length);
  const listed = await listRejections(database.db, { limit: 60 });
  expect(
    listed.every(({ cause }) => cause === 'bad-signature'),
    'what concerns a connection comes first',
  ).toBe(true);
});

test('an address that was made during a flood is known at once', async () => {
  const fresh = { ...callback, path: 'made-just-now', topic: 'estimate' };
  const { sent } = makeSigned(loot, { ...fresh, topic: 'invoice' });
  const guesses = Array.from({ length: 200 }, (_, n) => post({ ...sent, path: `none-${n}` }));
  expect((await post(sent)).status).toBe(429);
  await addCallback(door.parts, fresh);
  expect((await post(sent)).status).toBe(200);
  await Promise.all(guesses);
});

test('a thousand guesses at once are looked up together, on one connection', async () => {
  await spend();
  let acquired = 0;
  let most = 0;
  const count = () => {
    acquired += 1;
    most = Math.max(most, database.pool.totalCount - database.pool.idleCount);
  };
  database.pool.on('acquire', count);
  const guesses = Array.from({ length: 1_000 }, (_, n) =>
    door.receiver.receive(`guess-${n}`, Buffer.alloc(0), {}, SPENT),
  );
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  database.pool.off('acquire', count);
  expect(new Set(statuses)).toEqual(new Set([429]));
  // The other one writes what was counted.
  expect(most).toBeLessThanOrEqual(2);
  expect(acquired).toBeLessThan(10);
});

test('a path that cannot be one of ours is not looked up at all', async () => {
  await spend();
  let acquired = 0;
  const count = () => (acquired += 1);
  database.pool.on('acquire', count);
  for (const path of ['\0', 'a'.repeat(5_000), '../x', 'é', ' '])
    expect((await door.receiver.receive(path, Buffer.alloc(0), {}, SPENT)).status).toBe(429);
  database.pool.off('acquire', count);
  expect(acquired).toBe(0);
});

test('a good signature is never told that there were too many, even where the delivery is refused', async () => {
  const { sent } = makeSigned(loot, callback);
  await spend();
  const receive = (change: Partial<Sent>) => {
    const { path, body, headers } = { ...sent, ...change };
    return door.receiver.receive(path, body, headers, SPENT);
  };
  expect((await receive({})).status).toBe(200);
  const other = makeSigned(loot, { ...callback, account: 'OTHER' }).sent;
  expect((await receive(other)).status).toBe(401);
  expect((await receive({ headers: { ...sent.headers, 'content-type': 'text/plain' } })).status).toBe(415);
  expect((await receive(forged(sent))).status).toBe(429);
});

test('headers and bodies are kept cut, of what is refused and of what is accepted', async () => {
  const long = { ...makeSigned(loot, callback).sent };
  const body = Buffer.concat([Buffer.from('verifier=top-secret&'), Buffer.alloc(60_000, 'x')]);
  const { id: newest } = await database.db
    .selectFrom('rejections')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const wide = { ...long.headers, ...BIG, [`x-${'n'.repeat(2_000)}`]: 'v', authorization: 'Bearer mine' };
  await door.receiver.receive(long.path, body, wide);
  await door.receiver.receive(long.path, long.body, wide);
  const rejected = await database.db
    .selectFrom('rejections')
    .selectAll()
    .where('id', '>', newest)
    .executeTakeFirstOrThrow();
  expect(rejected.body?.length).toBe(4096);
  expect(rejected.body?.toString()).not.toContain('top-secret');
  const accepted = await database.db
    .selectFrom('events')
    .select('headers')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  for (const { headers } of [rejected, accepted]) {
    expect(JSON.stringify(headers).length).toBeLessThan(5_500);
    expect(JSON.stringify(headers)).not.toContain('Bearer mine');
  }
});

test('of many refusals of one cause the newest are kept, and none of another cause is pushed out', async () => {
  const { sent } = makeSigned(loot, callback);
  await door.receiver.receive(sent.path, sent.body, { 'content-type': 'text/plain' });
  for (let round = 0; round < 8; round += 1) {
    await Promise.all(
      Array.from({ length: 50 }, () => door.receiver.receive(sent.path, sent.body, forged(sent).headers)),
    );
    await Promise.all(Array.from({ length: 50 }, (_, n) => door.receiver.receive(`no-${n}`, sent.body, {})));
  }
  const { strangers } = (await kept()) ?? {};
  expect(strangers).toBeLessThanOrEqual(200n);
  const causes = await sql<{ cause: string; count: bigint }>`
    select r.cause, count(*) as count from rejections r join connections c on c.id = r.connection_id
    where c.name = ${callback.account} group by 1`.execute(database.db);
  const of = new Map(causes.rows.map(({ cause, count }) => [cause, Number(count)]));
  expect(of.get('bad-signature')).toBeLessThanOrEqual(300);
  expect(of.get('wrong-type')).toBeGreaterThan(0);
});

test('of mutated deliveries over HTTP into the database none is stored that was not signed', async () => {
  const other = await createTestDatabase<DB>({ max: 4 });
  const figures = await knockOverHttp(other.db, { seed: 13, count: 1_000 }).finally(() => other.drop());
  expect(figures.examples).toEqual([]);
  expect([figures.forged, figures.trueOnesRefused]).toEqual([0, 0]);
  expect(figures.accepted).toBeGreaterThan(100);
  expect(figures.stored).toBe(figures.accepted);
});
