/** R: webhooks, polling, replays, outages and history end in the same books. */
import { sql } from 'kysely';
import { afterEach, expect, test, vi } from 'vitest';
import { tendCallbacks } from '../../src/engine/callbacks.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { completeConsent, startConsent } from '../../src/operations/consent.ts';
import { showReplay, startReplay } from '../../src/operations/replay-runs.ts';
import { resumeConnection, setConnection } from '../../src/operations/set-connection.ts';
import { connectionSubject, listTrail } from '../../src/store/trail.ts';
import { ADMIN } from '../kit/engine.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';
import { differencesBetweenBooks } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
afterEach(() => world.close());

const DAY_MS = 86_400_000;

async function switchWebhooks(webhooksEnabled: boolean): Promise<void> {
  await setConnection(world.parts, ADMIN, { connection: world.connectionId, webhooksEnabled });
  for (let turn = 0; turn < 3; turn += 1) {
    await tendCallbacks(world.parts, world.parts.runtime, world.connectionId, world.parts.publicUrl);
    await world.arrived();
  }
}

const callbacks = async () =>
  ((await world.user('deliveries', {}, 'GET')) as { callbacks: unknown[] }).callbacks.length;

test('R1 one switch leads from webhooks to polling, to both, and back: nothing doubled, nothing missed', async () => {
  world = await createLifecycleWorld();
  const client = await world.makeClient();
  const first = await world.makeInvoice(client, '10.00');
  await world.settle();
  expect(await world.invoice(first)).toEqual(['posted 10.00 owes 10.00']);
  expect(await callbacks()).toBeGreaterThan(0);

  await switchWebhooks(false);
  expect(await callbacks()).toBe(0);
  await world.reprice(first, '11.00');
  const second = await world.makeInvoice(client, '20.00');
  await world.pay(second, '5.00');
  await world.settle();
  expect(await differencesBetweenBooks(world)).not.toEqual([]);
  await world.poll();
  expect(await differencesBetweenBooks(world)).toEqual([]);

  await world.pay(second, '6.00');
  await switchWebhooks(true);
  const third = await world.makeInvoice(client, '30.00');
  await world.pay(third, '30.00');
  await Promise.all([
    world.arrived(),
    pollConnection(world.parts, world.parts.runtime, world.connectionId),
    pollConnection(world.parts, world.parts.runtime, world.connectionId),
  ]);
  await world.settle();
  expect(await differencesBetweenBooks(world)).toEqual([]);

  const before = await world.writes();
  await world.poll();
  expect(await world.writes()).toBe(before);
  await world.reprice(first, '12.00');
  await world.settle();
  expect(await world.invoice(first)).toEqual(['posted 12.00 owes 12.00']);
});

/** LIFECYCLE_RECORDS=10000 for a long look. */
const MANY = Number(process.env['LIFECYCLE_RECORDS'] ?? 60);

test(`R2 one parked record and ${MANY} others are replayed: nothing doubled, a result with a reason for each`, {
  timeout: 90_000 + MANY * 400,
}, async () => {
  world = await createLifecycleWorld();
  const clients = await Promise.all(
    ['a', 'b', 'c'].map((name) => world.makeClient({ email: `${name}@r2.test` })),
  );
  const parked = await world.makeInvoice(clients[0] ?? 0, '-5.00');
  for (let made = 1 + clients.length; made < MANY; made += 2) {
    const invoice = await world.makeInvoice(clients[made % 3] ?? 0, `${made}.25`);
    await world.pay(invoice, `${made % 4 === 0 ? made : 1}.25`);
  }
  await world.settle();
  expect(await differencesBetweenBooks(world)).toEqual([
    expect.stringMatching(new RegExp(`invoice-${parked} -5.00 .*1 in the source, 0 in the destination`)),
  ]);
  const before = await world.writes();
  await world.replay('invoice', parked);
  expect(await world.invoice(parked)).toEqual(['parked negative-total']);

  const { id } = await startReplay(world.parts, ADMIN, { filter: { connectionId: world.connectionId } });
  for (let waited = 0; waited < 600; waited += 1) {
    const { taken, total } = await showReplay(world.parts, ADMIN, { replayId: id });
    if (taken === total) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await world.settle();
  const run = await showReplay(world.parts, ADMIN, { replayId: id });
  expect(run).toMatchObject({ done: true, taken: run.total, settled: run.total });
  expect(run.total).toBeGreaterThanOrEqual(MANY);
  expect(run.outcomes).toEqual({ pending: 0, synced: run.total - 1, parked: 1, ignored: 0 });
  expect(await world.writes()).toBe(before);
  expect(await world.reasonOf('invoice', parked)).toMatchObject({
    code: 'negative-total',
    wayOut: expect.stringContaining('issue a credit note over the amount') as string,
  });
});

const pauses = async () => {
  const trail = await listTrail(world.parts.db, connectionSubject(world.connectionId));
  return trail.filter(({ data }) => data.summary.startsWith('paused:')).map(({ data }) => data.summary);
};

test('R4 the destination’s secret is rotated: paused with one alert, and goes on where it stopped', async () => {
  world = await createLifecycleWorld();
  const clients = [
    await world.makeClient({ email: 'a@r4.test' }),
    await world.makeClient({ email: 'b@r4.test' }),
  ];
  const first = await world.makeInvoice(clients[0] ?? 0, '10.00');
  await world.settle();
  const { clientSecret } = await world.tenant('faults', { rotateSecret: true, revokeTokens: true });
  await world.reprice(first, '11.00');
  const others = [];
  for (const client of clients) others.push(await world.makeInvoice(client, '20.00'));
  await world.settle();
  await world.settle();
  expect(await pauses()).toHaveLength(1);
  expect(await world.copiesOf(first)).toMatchObject([{ total: '10.00' }]);

  const payment = await world.pay(others[0] ?? 0, '20.00');
  await world.arrived();
  const values = { destination: { clientSecret: String(clientSecret) } };
  await setConnection(world.parts, ADMIN, { connection: world.connectionId, values });
  await resumeConnection(world.parts, ADMIN, { connection: world.connectionId });
  await world.settle();
  expect(await differencesBetweenBooks(world)).toEqual([]);
  expect(await world.payment(payment)).toEqual([`live 20.00: 20.00 on ${others[0]}`]);
  expect(await pauses()).toHaveLength(1);
});

test('R4 the consent is revoked in the source: paused with one alert, and goes on after a new consent', async () => {
  world = await createLifecycleWorld();
  const client = await world.makeClient();
  const first = await world.makeInvoice(client, '10.00');
  await world.settle();
  world.simulators.books.simulator.oauth.revokeGrant();
  await world.reprice(first, '11.00');
  const second = await world.makeInvoice(client, '20.00');
  await world.settle();
  await pollConnection(world.parts, world.parts.runtime, world.connectionId).catch(() => {});
  await world.settle();
  expect(await pauses()).toHaveLength(1);
  expect(await world.copiesOf(second)).toEqual([]);

  const { url, redirectUri } = await startConsent(world.parts, ADMIN, { connection: world.connectionId });
  const { code } = (await world.user('grant', { redirectUri })) as { code: string };
  await completeConsent(world.parts, { state: new URL(url).searchParams.get('state') ?? '', code });
  await world.settle();
  expect(await differencesBetweenBooks(world)).toEqual([]);
  expect(await world.invoice(second)).toEqual(['posted 20.00 owes 20.00']);
});

test('R5 the connector was stopped for a week: one poll catches up from its cursors', async () => {
  world = await createLifecycleWorld();
  const client = await world.makeClient();
  const [edited, paid, deleted] = [
    await world.makeInvoice(client, '10.00'),
    await world.makeInvoice(client, '20.00'),
    await world.makeInvoice(client, '30.00'),
  ];
  const gone = await world.pay(deleted, '30.00');
  await world.poll();
  await world.user('faults', { webhookDropRate: 1 }, 'PUT');
  const later = async () => {
    await world.user('clock', { advanceMs: DAY_MS });
    world.clock.advance(DAY_MS);
  };
  const made: number[] = [];
  for (let day = 1; day <= 7; day += 1) {
    await later();
    made.push(await world.makeInvoice(client, `${day}00.00`));
    if (day === 2) await world.reprice(edited, '12.50');
    if (day === 3) await world.pay(paid, '20.00');
    if (day === 4) await world.remove('payments', gone);
    if (day === 5) await world.remove('invoices', deleted);
    if (day === 6) await world.pay(made[0] ?? 0, '40.00');
  }
  await world.settle();
  expect(await world.copiesOf(made[0] ?? 0)).toEqual([]);
  await world.user('faults', { webhookDropRate: 0 }, 'PUT');
  await world.poll();
  expect(await differencesBetweenBooks(world)).toEqual([]);
  expect(await world.invoice(edited)).toEqual(['posted 12.50 owes 12.50']);
  expect(await world.invoice(deleted)).toEqual(['reversed 30.00']);
  expect(await world.payment(gone)).toEqual(['cancelled 30.00']);
  const before = await world.writes();
  await world.poll();
  expect(await world.writes()).toBe(before);
  const { rows } = await sql`select 1 from events where settled_at is null`.execute(world.parts.db);
  expect(rows).toEqual([]);
});
