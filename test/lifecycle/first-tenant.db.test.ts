/** What a first real tenant answers otherwise than expected: nothing is untrue of a record, and nothing stands still for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { linkAccount } from '../../src/operations/link-account.ts';
import { findPackageRoot } from '../../src/platform/package-root.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { ADMIN } from '../kit/engine.ts';
import { createLifecycleWorld, type LifecycleWorld } from '../kit/lifecycle.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
let client: number;
beforeAll(async () => {
  world = await createLifecycleWorld({ oneClock: true });
});
afterAll(() => world.close());
beforeEach(async () => {
  client = await world.makeClient({ email: `c${Math.floor(world.clock.now())}@acme.test` });
});
afterEach(async () => {
  await world.tenant('features', { absentEndpoints: [], readLagMs: 0, settingsShape: 'wrapped' });
  await world.tenant('faults', {}, 'DELETE');
});

const fail = (fault: Record<string, unknown>) =>
  world.tenant('faults', { failNext: [{ times: 1, ...fault }] });

test('D3 a tenant without one way of posting: no copy ends as a draft, and the way is asked for once', async () => {
  await world.tenant('features', { absentEndpoints: ['POST invoice bulk-post'] });
  const drafts = [
    await world.makeInvoice(client, '100.00', { send: false }),
    await world.makeInvoice(client, '7.00', { send: false }),
  ];
  await world.settle();
  for (const id of drafts) await world.user(`invoices/${id}/send`);
  await world.settle();
  for (const [at, id] of drafts.entries())
    expect(await world.invoice(id)).toEqual([`posted ${at === 0 ? '100.00 owes 100.00' : '7.00 owes 7.00'}`]);
  const { calls } = await world.ledger();
  expect([calls['POST invoice bulk-post'], calls['PUT invoice post']]).toEqual([1, 2]);
  await world.configure({ posting: 'auto' });
});

test('settings in a form that is on no record stop no copy', async () => {
  await world.tenant('features', { settingsShape: 'unknown' });
  world.clock.advance(6 * 60_000);
  const invoice = await world.makeInvoice(client, '12.00');
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 12.00 owes 12.00']);
});

test('a deleted account is told as gone at once, and another one is linked by a person', async () => {
  const first = await world.makeInvoice(client, '10.00');
  await world.settle();
  const [copy] = await world.copiesOf(first);
  await world.tenant('by-hand', { method: 'DELETE', path: `/v1/accounts/${copy?.customer}` }, 'POST');
  const invoice = await world.makeInvoice(client, '20.00');
  await world.settle();
  expect(await world.stateOf('client', client)).toBe('parked account-gone');
  expect(await world.invoice(invoice)).toEqual(['parked waits-for-client']);
  const reason = await world.reasonOf('client', client);
  expect(reason?.message).toMatch(/is not in Zuora any more/);
  expect(reason?.choices?.map(({ choice }) => choice)).toEqual(['account', 'new-account']);
  await world.tenant('accounts', { name: 'Acme Two', currency: 'USD', accountNumber: 'OTHER-1' }, 'POST');
  await linkAccount(world.parts, ADMIN, {
    connection: world.connectionId,
    clientId: String(client),
    account: 'OTHER-1',
  });
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['posted 20.00 owes 20.00']);
});

test('X2 a reversal that reads do not show yet is read again, and nobody is asked', async () => {
  const invoice = await world.makeInvoice(client, '40.00');
  await world.settle();
  await world.tenant('features', { readLagMs: 60_000, unposting: 'forbidden' });
  await world.remove('invoices', invoice);
  await world.settle();
  expect(await world.invoice(invoice)).toEqual(['reversed 40.00']);
  const seen = (await world.timeline('invoice', invoice)).filter(({ entry }) => entry === 'deferral');
  expect(seen.map(({ data }) => data['summary'])).toEqual([
    expect.stringMatching(/^transient: .* still reads as before it was taken back/),
  ]);
});

test('X1 a draft that is deleted and still shown is read again; after two minutes a person is asked', async () => {
  const [soon, never] = [
    await world.makeInvoice(client, '41.00', { send: false }),
    await world.makeInvoice(client, '42.00', { send: false }),
  ];
  await world.settle();
  await world.tenant('features', { readLagMs: 30_000 });
  await world.remove('invoices', soon);
  await world.settle();
  expect(await world.invoice(soon)).toEqual(['deleted 41.00']);
  await world.tenant('features', { readLagMs: 3_600_000 });
  await world.remove('invoices', never);
  await world.settle();
  expect(await world.stateOf('invoice', never)).toBe('parked read-back-differs');
});

test('an address that does not serve a call is waited for, and then told; the copy is never called gone', async () => {
  const invoice = await world.makeInvoice(client, '50.00');
  await world.settle();
  await fail({ match: 'GET invoice', times: 4, status: 404, body: 'no-route' });
  await world.replay('invoice', invoice);
  expect(await world.invoice(invoice)).toEqual(['posted 50.00 owes 50.00']);
  await fail({
    match: 'GET invoice',
    times: 99,
    status: 404,
    code: 50_000_040,
    message: 'The endpoint v1/invoices/x does not exist, check the URL',
  });
  await world.replay('invoice', invoice);
  expect(await world.stateOf('invoice', invoice)).toBe('parked address-not-served');
  const reason = await world.reasonOf('invoice', invoice);
  expect(reason?.message).toContain(`${world.simulators.tenant.baseUrl}/v1/invoices/`);
  expect(reason?.choices).toBeUndefined();
});

test('P8 a payment that somebody has moved meanwhile is read again and planned anew', async () => {
  const invoice = await world.makeInvoice(client, '60.00');
  const payment = await world.pay(invoice, '60.00');
  await world.settle();
  await fail({
    match: 'PUT payment unapply',
    status: 200,
    code: 66_000_030,
    message: 'Another transaction has already been entered for this transaction.',
  });
  await world.remove('payments', payment);
  await world.settle();
  expect(await world.payment(payment)).toEqual(['cancelled 60.00']);
});

test.each([
  ['an unexpected error', { status: 400, body: 'message', message: 'unexpected error' }],
  ['a named internal error', { status: 500, body: 'named', code: 'UNEXPECTED_ERROR' }],
  ['a page of the edge', { status: 403, body: 'edge' }],
  ['a limit in words', { status: 400, body: 'message', message: 'request exceeded limit' }],
])('P1 %s in answer to a payment ends in one payment', async (_what, fault) => {
  const invoice = await world.makeInvoice(client, '70.00');
  await world.settle();
  await fail({ match: 'POST payment', ...fault });
  const payment = await world.pay(invoice, '70.00');
  await world.settle();
  expect(await world.payment(payment)).toEqual([`live 70.00: 70.00 on ${invoice}`]);
});

test('a wrong entity pauses the connection and parks nothing', async () => {
  const invoice = await world.makeInvoice(client, '80.00');
  await fail({ match: 'POST invoice', times: 2, status: 403, code: 90_000_020, message: 'bad entity' });
  await world.settle();
  expect(await world.stateOf('invoice', invoice)).toBe('pending');
  expect(await world.parts.db.selectFrom('connections').select('state').execute()).toEqual([
    { state: 'paused' },
  ]);
});

test('an upgrade says which time zone decides what is today, and leaves it', async () => {
  const { db } = world.parts;
  const told = async () => (await listOpenNotices(db)).filter(({ code }) => code === 'time-zone-set');
  expect(await told()).toEqual([]);
  await sql`update connections set destination_settings = destination_settings || '{"timeZone":"Asia/Tokyo"}'`.execute(
    db,
  );
  await sql.raw(readFileSync(join(findPackageRoot(), 'migrations/0019_time_zone.sql'), 'utf8')).execute(db);
  expect(await told()).toMatchObject([
    {
      connectionId: world.connectionId,
      message: expect.stringContaining('Asia/Tokyo'),
      action: expect.stringContaining('Clear the setting timeZone'),
    },
  ]);
});
