/** Either system down, slow or hostile, credentials dead: accepted events wait and arrive later, once. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { World } from '../../src/demo/world.ts';
import { listRecords } from '../../src/operations/list-records.ts';
import { command, count, countUnsettled, expectEqual, startTestWorld, until, work, worked } from './kit.ts';

const SIZE = { invoices: 16, payments: 10 };
let seed = 70;
let world: World;

beforeEach(async () => {
  seed += 1;
  world = await startTestWorld({ seed });
});
afterEach(() => world?.close());

const fault = (order: unknown) => world.askDestination('PUT', '/_control/faults', order);
const sourceFault = (order: unknown) => world.askSource('PUT', '/_control/faults', order);

async function run(): Promise<void> {
  await work(world, { seed, ...SIZE, ratePerSecond: 40 });
  await worked(world);
}

async function connection() {
  return world.parts.db
    .selectFrom('connections')
    .select(['state', 'pause_reason', 'paused_by'])
    .executeTakeFirstOrThrow();
}

async function countPauses(): Promise<number> {
  const rows = await world.parts.db
    .selectFrom('trail')
    .select('payload')
    .where('subject', '=', `connection:${world.connectionId}`)
    .execute();
  return rows.filter(({ payload }) => payload.includes('paused: ')).length;
}

test('with the destination down, events are accepted, wait, and arrive once it is back', async () => {
  await fault({ failNext: [{ match: '*', times: 1_000_000, status: 503, body: 'html' }] });
  await run();
  const accepted = await until(
    'accepted events',
    () => count(world, 'events'),
    (events) => events >= SIZE.invoices + SIZE.payments,
  );
  expect(await countUnsettled(world)).toBeGreaterThanOrEqual(SIZE.invoices);
  expect((await connection()).state, 'an outage is no reason to pause').toBe('active');
  await world.askDestination('DELETE', '/_control/faults');
  await expectEqual(world, { seed, ...SIZE });
  expect(await count(world, 'events')).toBeGreaterThanOrEqual(accepted);
});

test('answers lost after the effect, gateway time-outs with the write done, lost requests and half answers double nothing', async () => {
  await fault({
    // Few of each: after every one its lane waits longer.
    loseAnswerAfter: [
      { match: 'POST account', times: 1 },
      { match: 'POST invoice', times: 2 },
      { match: 'POST payment', times: 2 },
    ],
    gatewayTimeoutWithWriteDone: [
      { match: 'POST invoice', times: 1, afterMs: 100 },
      { match: 'POST payment', times: 1, afterMs: 100 },
    ],
    loseRequestBefore: [{ match: 'POST payment', times: 1 }],
    truncateBody: [
      { match: 'POST invoice', times: 1 },
      { match: 'POST payment', times: 1 },
    ],
  });
  await run();
  await expectEqual(world, { seed, ...SIZE });
});

test('lock contention, 429 with Retry-After and late commits of the destination double nothing', async () => {
  await fault({
    // Enough for some client to meet it twice in a row.
    lockContentionNext: 6,
    failNext: [{ match: '*', times: 2, status: 429, retryAfter: 1 }],
    lateCommit: [{ match: 'POST payment', times: 1, commitAfterMs: 800 }],
  });
  await run();
  await expectEqual(world, { seed, ...SIZE });
});

test('with the source down, limited or cutting its answers, accepted events wait and arrive later', async () => {
  await sourceFault({
    failNext: [
      { match: 'GET *', times: 12, status: 503, body: 'html' },
      { match: 'GET *', times: 2, status: 429, retryAfter: 1 },
      { match: 'GET *', times: 4, status: 0 },
    ],
    truncateBody: 3,
  });
  await run();
  await expectEqual(world, { seed, ...SIZE });
});

test('R4 a destination secret that was changed pauses the connection once with a reason; events are accepted; with the new secret all arrives', async () => {
  const { clientSecret } = (await fault({ rotateSecret: true, revokeTokens: true })) as {
    clientSecret: string;
  };
  await run();
  const paused = await until('the pause', connection, ({ state }) => state === 'paused');
  expect(paused.pause_reason).toMatch(/secret|credential|client/i);
  expect(await countPauses()).toBe(1);
  await until(
    'accepted events',
    () => count(world, 'events'),
    (events) => events >= SIZE.invoices + SIZE.payments,
  );
  expect((await command(world, 'ping', 'sandbox')).code, 'ping tells that it does not work').toBe(1);
  const set = await command(
    world,
    'connection',
    'set',
    'sandbox',
    '--set',
    `destination.clientSecret=${clientSecret}`,
  );
  expect(set.code, set.stderr).toBe(0);
  expect((await command(world, 'connection', 'resume', 'sandbox')).code).toBe(0);
  await expectEqual(world, { seed, ...SIZE });
  expect((await command(world, 'ping', 'sandbox')).code).toBe(0);
});

test('R4 consent that was revoked in the source pauses the connection once; with new consent all arrives', async () => {
  const { clientId, clientSecret } = (await world.askSource('GET', '/_control')) as Record<string, string>;
  const { loadSecrets } = await import('../../src/store/credentials.ts');
  const { parts, connectionId } = world;
  const { refreshToken = '' } = await loadSecrets(parts.db, parts.vault, { connectionId, side: 'source' });
  await world.askSource('POST', '/auth/oauth/revoke', {
    client_id: clientId,
    client_secret: clientSecret,
    token: refreshToken,
  });
  await run();
  const paused = await until('the pause', connection, ({ state }) => state === 'paused');
  expect(paused.pause_reason).toMatch(/consent/);
  expect(await countPauses()).toBe(1);
  const started = await command(world, 'connection', 'consent', 'sandbox');
  expect(started.code, started.stderr).toBe(0);
  const { url } = started.json as { url: string };
  const consented = await fetch(`${url}&auto=1`, { redirect: 'manual' });
  const back = await fetch(consented.headers.get('location') ?? '');
  expect(back.status).toBe(200);
  await expectEqual(world, { seed, ...SIZE });
  const { records } = await listRecords(parts, { name: 'test', role: 'viewer' }, { limit: 5 });
  expect(records.length).toBeGreaterThan(0);
});
