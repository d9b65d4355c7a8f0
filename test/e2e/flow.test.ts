/** One small company by webhooks alone, from the first event to the read-back, and the command line beside it. */

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { listCallbacks } from '../../src/store/callbacks.ts';
import { loadSecrets } from '../../src/store/credentials.ts';
import { command, count, expectEqual, runCli, startTestWorld, until, work, worked } from './kit.ts';

const SEED = 11;
/** Beside these the vault holds a token's end and the address it is for. */
const SECRET_NAMES = new Set(['clientSecret', 'accessToken', 'refreshToken']);
const SIZE = { invoices: 30, payments: 20 };
let world: World;

beforeAll(async () => {
  world = await startTestWorld({ seed: SEED });
  await work(world, { seed: SEED, ...SIZE, ratePerSecond: 40 });
  await worked(world);
  await expectEqual(world, { seed: SEED, ...SIZE });
}, 90_000);
afterAll(() => world?.close());

type Listed = { records: { id: string; state: string; kind: string; label: string }[] };
type Shown = {
  record: { state: string; label: string; counterpartNumber: string | null; amount: string };
  timeline: { position: number; entry: string; summary: string; data: Record<string, unknown> }[];
  chainIntact: boolean;
};

async function writesOfDestination(): Promise<Record<string, number>> {
  const { calls } = await world.compare();
  return Object.fromEntries(
    Object.entries(calls['zuora'] ?? {}).filter(([kind]) => /^(POST|PUT|DELETE) (?!token)/.test(kind)),
  );
}

test('every document of a small company arrives by webhooks alone, once, equal to the cent', async () => {
  await expectEqual(world, { seed: SEED, ...SIZE });
  const { source, destination } = await world.compare();
  expect(destination).toEqual(source);
  expect(Object.keys(source.sums).length).toBeGreaterThan(1);
  const origins = await world.parts.db.selectFrom('events').select('origin').distinct().execute();
  expect(origins.map(({ origin }) => origin)).not.toContain('poll');
});

test('I3 I4 I8 the timeline of an invoice is complete, in order, and its chain unbroken', async () => {
  const { json } = await command(
    world,
    'records',
    '--kind',
    'invoice',
    '--state',
    'synced',
    '--limit',
    '100',
  );
  const invoices = (json as Listed).records;
  expect(invoices.length).toBe(SIZE.invoices);
  const shown = (await command(world, 'show', invoices[0]?.id ?? '')).json as Shown;
  expect(shown.chainIntact).toBe(true);
  expect(shown.timeline.map(({ position }) => position)).toEqual(shown.timeline.map((_, index) => index + 1));
  const first = (entry: string) => shown.timeline.findIndex((each) => each.entry === entry);
  const order = ['event', 'revision', 'transformation', 'plan', 'intent', 'outcome', 'confirmation', 'state'];
  const places = order.map(first);
  expect(places, JSON.stringify(shown.timeline.map(({ entry }) => entry))).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  const at = (entry: string) => shown.timeline[first(entry)]?.data ?? {};
  expect(JSON.stringify(at('event')), 'the raw body as it came').toMatch(/object_id/);
  const writing = shown.timeline.findIndex(
    ({ entry, data }) => entry === 'call' && JSON.stringify(data).includes('POST invoice'),
  );
  expect(writing, 'no write without an intent before it').toBeGreaterThan(first('intent'));
  expect(writing).toBeLessThan(first('outcome'));
  expect(at('confirmation')['differences']).toEqual([]);
  expect(shown.timeline.at(-1)).toMatchObject({ entry: 'state', summary: 'synced' });
});

test('I7 no secret stands anywhere in the database in clear', async () => {
  const { parts, connectionId } = world;
  const sides = await Promise.all(
    (['source', 'destination'] as const).map((side) =>
      loadSecrets(parts.db, parts.vault, { connectionId, side }),
    ),
  );
  const callbacks = await listCallbacks(parts.db, parts.vault, connectionId);
  const [source, destination] = (await Promise.all([
    world.askSource('GET', '/_control'),
    world.askDestination('GET', '/_control'),
  ])) as { clientSecret: string }[];
  const secrets = new Map<string, string>([
    ...sides.flatMap((side, index) =>
      Object.entries(side)
        .filter(([name]) => SECRET_NAMES.has(name))
        .map(([name, value]) => [`${name} of side ${index}`, value] as const),
    ),
    ...callbacks.map(({ topic, verifier }) => [`verifier of ${topic}`, verifier ?? ''] as const),
    ...callbacks.map(({ topic, path }) => [`path of ${topic}`, path] as const),
    ['source secret', source?.clientSecret ?? ''],
    ['destination secret', destination?.clientSecret ?? ''],
    ['password', world.owner.password],
  ]);
  expect(secrets.size).toBeGreaterThanOrEqual(6);
  const rows = await dumpAllText();
  expect(rows.length).toBeGreaterThan(500);
  const found = [...secrets].flatMap(([name, secret]) => {
    const forms = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ];
    return rows
      .filter(({ text }) => secret.length >= 8 && forms.some((form) => text.includes(form)))
      .map(({ table }) => `${name} in ${table}`);
  });
  expect(found).toEqual([]);
});

/** Every row of every table as text; bytes also as the text they may be. */
async function dumpAllText(): Promise<{ table: string; text: string }[]> {
  const { db } = world.parts;
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`.execute(db);
  const texts: { table: string; text: string }[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{
      text: string;
    }>`select to_jsonb(t)::text as text from ${sql.raw(name)} t`.execute(db);
    texts.push(...rows.map(({ text }) => ({ table: name, text })));
  }
  const raw = await sql<{ text: string }>`
    select convert_from(raw, 'UTF8') as text from events where raw is not null`.execute(db);
  return [...texts, ...raw.rows.map(({ text }) => ({ table: 'raw of events', text }))];
}

test('R2 a replay of everything doubles nothing, writes nothing, and ends synced', async () => {
  const before = await writesOfDestination();
  const events = await count(world, 'events');
  const { code, json, stderr } = await command(world, 'replay', '--connection', 'sandbox', '--wait');
  expect(code, stderr).toBe(0);
  const { replayed, records } = json as { replayed: number; records: { state: string; reason: unknown }[] };
  expect(replayed).toBeGreaterThanOrEqual(SIZE.invoices + SIZE.payments);
  expect(new Set(records.map(({ state }) => state))).toEqual(new Set(['synced']));
  expect(await count(world, 'events')).toBeGreaterThanOrEqual(events + replayed);
  await expectEqual(world, { seed: SEED, ...SIZE });
  expect(await writesOfDestination()).toEqual(before);
});

test('R6 a backfill of everything, twice, doubles nothing and writes nothing', async () => {
  const before = await writesOfDestination();
  for (const more of [[], ['--since', '2020-01-01']]) {
    const { code, json, stderr } = await command(world, 'backfill', 'sandbox', ...more);
    expect(code, stderr).toBe(0);
    expect(json).toMatchObject({ state: expect.stringMatching(/listed|complete/) });
    expect((json as { listed: number }).listed).toBeGreaterThanOrEqual(SIZE.invoices + SIZE.payments);
  }
  await expectEqual(world, { seed: SEED, ...SIZE });
  expect(await writesOfDestination()).toEqual(before);
});

test('the command line answers beside the running service, in JSON and with exit codes', async () => {
  const status = await command(world, 'status');
  expect(status).toMatchObject({ code: 0, json: { eventsUnsettled: 0, rejections: expect.any(Number) } });
  const ping = await command(world, 'ping');
  expect(ping.code, ping.stdout).toBe(0);
  expect(await command(world, 'keys')).toMatchObject({ code: 0, json: { active: expect.any(String) } });
  expect(await command(world, 'connection', 'list')).toMatchObject({ code: 0, json: [{ name: 'sandbox' }] });
  const { records } = (await command(world, 'records', '--kind', 'payment', '--limit', '1')).json as Listed;
  const [payment] = records;
  const people = await runCli(['show', payment?.id ?? ''], { environment: world.environment });
  expect(people).toMatchObject({ code: 0 });
  expect(people.stdout).toContain('The hash chain of this timeline is unbroken.');
  const dry = await command(world, 'replay', payment?.id ?? '', '--dry-run');
  expect(dry).toMatchObject({ code: 0, json: { replayed: 0, dryRun: true, recordIds: [payment?.id] } });
  for (const args of [
    ['show', 'no-such-record'],
    ['connection', 'pause', 'no-such-connection'],
  ]) {
    const refused = await command(world, ...args);
    expect([1, 2], args.join(' ')).toContain(refused.code);
    expect(refused.json).toHaveProperty('error.message');
    expect(refused.stderr, args.join(' ')).not.toContain('    at ');
  }
  for (const args of [
    ['replay'],
    ['records', '--state', 'lost'],
    ['backfill', 'sandbox', '--since', 'May'],
  ]) {
    expect((await command(world, ...args)).code, args.join(' ')).toBe(2);
  }
});

test('a paused connection accepts events and works on none; resumed, it goes on where it stopped', async () => {
  expect((await command(world, 'connection', 'pause', 'sandbox', '--reason', 'a test')).code).toBe(0);
  const events = await count(world, 'events');
  const before = await writesOfDestination();
  await work(world, { seed: SEED + 1, invoices: 6, payments: 3, ratePerSecond: 60 });
  await worked(world);
  await until(
    'events come in',
    () => count(world, 'events'),
    (seen) => seen >= events + 9,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await writesOfDestination()).toEqual(before);
  const listed = (await command(world, 'connection', 'list')).json as Record<string, unknown>[];
  expect(listed[0]).toMatchObject({ state: 'paused', pauseReason: 'a test' });
  expect((await command(world, 'connection', 'resume', 'sandbox')).code).toBe(0);
  await expectEqual(world, { seed: SEED, invoices: SIZE.invoices + 6, payments: SIZE.payments + 3 });
});

test('keys rotate refuses beside a running service; after a stop everything goes on and the old key is gone', async () => {
  const before = (await command(world, 'keys')).json as { active: string };
  const refused = await command(world, 'keys', 'rotate');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('Stop them') });
  await world.stop();
  const rotated = await command(world, 'keys', 'rotate');
  expect(rotated.code, rotated.stderr).toBe(0);
  await world.start();
  const after = (await command(world, 'keys')).json as { active: string; keys: { id: string }[] };
  expect(after.active).not.toBe(before.active);
  expect(after.keys.map(({ id }) => id)).toEqual([after.active]);
  expect((await command(world, 'ping')).code).toBe(0);
  const { documents } = (await world.compare()).source;
  await work(world, { seed: SEED + 2, invoices: 4, payments: 2, ratePerSecond: 60 });
  await worked(world);
  await expectEqual(world, {
    seed: SEED,
    invoices: documents.invoices + 4,
    payments: documents.payments + 2,
  });
});
