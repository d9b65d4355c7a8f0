/** What is not permitted: the connection says so once, what needs it waits, all else goes on, and it ends by itself. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TRY_EVERY_MS, tryDueBlocks } from '../../src/engine/blocks.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { listConnections } from '../../src/operations/list-connections.ts';
import { overview } from '../../src/operations/overview.ts';
import { ping } from '../../src/operations/ping.ts';
import { status } from '../../src/operations/status.ts';
import { findBackfill } from '../../src/store/backfills.ts';
import { ADMIN } from '../kit/engine.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
beforeEach(async () => {
  world = await createLifecycleWorld();
});
afterEach(() => world.close());

const fault = (faults: object) => world.user('faults', faults as Record<string, unknown>, 'PUT');
const calls = (kind: string) => world.simulators.books.simulator.calls[kind] ?? 0;
const blocks = async () => (await listConnections(world.parts, ADMIN))[0]?.blocks ?? [];
const inStep = async () => (await overview(world.parts, ADMIN, { window: 'day' })).connections[0]?.inStep;
const poll = () => pollConnection(world.parts, world.parts.runtime, world.connectionId);
const refused = (match: string, times = 1000) =>
  world.tenant('faults', { failNext: [{ match, times, status: 403, code: 58490010 }] });

/** As far as it goes: what waits for a permission has no end state. */
async function work(): Promise<void> {
  await world.arrived();
  for (let turn = 0; turn < 3; turn += 1) {
    await world.step();
    world.clock.advance(2_000);
  }
}

/** Time passes, and the worker's tick looks for what is due. */
async function later(ms: number): Promise<void> {
  world.clock.advance(ms);
  await tryDueBlocks(world.parts);
  await work();
}

test('a kind that may not be read is a state of the connection: other kinds go on, nothing parks, and it is never in step', async () => {
  await fault({ refusedKinds: ['payment'] });
  const client = await world.makeClient();
  const invoice = await world.makeInvoice(client, '100.00');
  const payment = await world.pay(invoice, '100.00');
  await work();
  expect(await world.stateOf('invoice', invoice)).toBe('synced');
  expect(await world.stateOf('payment', payment)).toBe('pending waits-for-permission');
  expect((await world.reasonOf('payment', payment))?.wayOut).toContain('user:payments:read');
  expect(await blocks()).toMatchObject([
    {
      side: 'source',
      what: 'read payment',
      words: 'Payments cannot be read',
      message: expect.stringContaining('could not verify that you are authorized'),
      wayOut: expect.stringContaining('user:payments:read'),
      held: 1,
      workedAround: false,
    },
  ]);
  expect(await inStep()).toBe(false);
  expect((await status(world.parts, ADMIN)).blocks).toHaveLength(1);
  // Neither more events nor more polls make more calls than one try every few minutes.
  const before = calls('GET payment') + calls('LIST payment');
  for (let turn = 0; turn < 2; turn += 1) {
    await world.user(`payments/${payment}`, { note: `again ${turn}` }, 'PUT');
    await work();
    await poll();
  }
  expect(calls('GET payment') + calls('LIST payment') - before).toBeLessThanOrEqual(1);
  await fault({ refusedKinds: [] });
  world.clock.advance(TRY_EVERY_MS);
  await poll();
  await world.settle();
  expect(await blocks()).toEqual([]);
  expect(await world.payment(payment)).toEqual([`live 100.00: 100.00 on ${invoice}`]);
  expect(await inStep()).toBe(true);
});

test('a kind is listed at once when a person pings, which names it as long as it is refused', async () => {
  await fault({ refusedKinds: ['payment'] });
  const invoice = await world.makeInvoice(await world.makeClient(), '100.00');
  const payment = await world.pay(invoice, '40.00');
  await work();
  const report = await ping(world.parts, ADMIN, { connection: world.connectionId, side: 'source' });
  expect(report.ok).toBe(false);
  expect(report.sides[0]?.checks.find(({ name }) => name === 'Payments cannot be read')).toMatchObject({
    ok: false,
    detail: expect.stringContaining('1 records wait'),
  });
  await fault({ refusedKinds: [] });
  await ping(world.parts, ADMIN, { connection: world.connectionId, side: 'source' });
  expect(await blocks()).toEqual([]);
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 40.00: 40.00 on ${invoice}`]);
});

test('a step that is not permitted marks the connection once: its records wait, one is tried every few minutes, others go on', async () => {
  await refused('POST payment');
  const client = await world.makeClient();
  const invoices = [
    await world.makeInvoice(client, '10.00'),
    await world.makeInvoice(await world.makeClient({ email: 'b@x.test' }), '20.00'),
    await world.makeInvoice(await world.makeClient({ email: 'c@x.test' }), '30.00'),
  ];
  const payments = [];
  for (const [index, invoice] of invoices.entries())
    payments.push(await world.pay(invoice, `${index + 1}0.00`));
  await work();
  for (const invoice of invoices) expect(await world.stateOf('invoice', invoice)).toBe('synced');
  for (const payment of payments)
    expect(await world.stateOf('payment', payment)).toBe('pending waits-for-permission');
  expect(await blocks()).toMatchObject([
    { side: 'destination', what: 'step create-payment', held: 3, workedAround: false },
  ]);
  expect((await blocks())[0]?.wayOut).toContain('Process External Payment');
  expect(await inStep()).toBe(false);
  const tries = async () => (await world.ledger()).calls['POST payment'] ?? 0;
  const before = await tries();
  for (let turn = 0; turn < 4; turn += 1) await later(TRY_EVERY_MS / 5);
  expect((await tries()) - before).toBeLessThanOrEqual(1);
  await world.tenant('faults', {}, 'DELETE');
  await later(TRY_EVERY_MS + 1_000);
  await world.settle();
  expect(await blocks()).toEqual([]);
  for (const payment of payments) expect(await world.stateOf('payment', payment)).toBe('synced');
  expect((await world.ledger()).payments).toHaveLength(3);
});

test('without the permission to post, drafts are copied and sent invoices wait; a ping has it tried at once', async () => {
  await refused('POST invoice', 1000);
  const invoice = await world.makeInvoice(await world.makeClient(), '10.00');
  await work();
  expect(await world.stateOf('invoice', invoice)).toBe('pending waits-for-permission');
  expect((await blocks()).map(({ what }) => what)).toEqual(['step create-invoice']);
  await world.tenant('faults', {}, 'DELETE');
  await ping(world.parts, ADMIN, { connection: world.connectionId });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 10.00 owes 10.00']);
  expect(await blocks()).toEqual([]);
});

test('a block is told once to the address for alerts', async () => {
  const { db } = world.parts;
  await db.updateTable('connections').set({ alert_url: 'https://alerts.example.com' }).execute();
  await fault({ refusedKinds: ['payment', 'credit_note'] });
  await poll();
  await poll();
  const told = await db.selectFrom('alerts').select(['what', 'code', 'count']).execute();
  expect(told).toEqual([{ what: 'blocked', code: 'kind-not-readable', count: 1 }]);
});

test('a backfill lists the kinds that can be read, and is not complete without the others', async () => {
  const invoice = await world.makeInvoice(await world.makeClient(), '10.00');
  await fault({ refusedKinds: ['client'] });
  await world.backfill();
  const { id } = await world.parts.db.selectFrom('backfills').select('id').executeTakeFirstOrThrow();
  expect(await findBackfill(world.parts.db, id)).toMatchObject({
    state: 'listed',
    listed: { invoice: 1, payment: 0, credit: 0 },
  });
  expect(await world.stateOf('invoice', invoice)).toContain('pending');
});
