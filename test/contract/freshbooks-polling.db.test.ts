/** Guarantees of polling over a real database: deletions without a trace are found, and one refused kind stops no other. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { acceptEvents } from '../../src/engine/intake.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { ping } from '../../src/operations/ping.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { listBlocks } from '../../src/store/blocks.ts';
import { takeDuePolls } from '../../src/store/connections.ts';
import { findCursor, saveCursor } from '../../src/store/cursors.ts';
import { findDocument } from '../../src/store/documents.ts';
import { findLatestRevision } from '../../src/store/revisions.ts';
import type { DB } from '../../src/store/schema.ts';
import { documentSubject, listTrail } from '../../src/store/trail.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { connectFreshBooks, type FreshBooksProcess, openFreshBooksProcess } from '../kit/freshbooks.ts';

let database: TestDatabase<DB>;
let simulator: RunningSimulator;
let service: FreshBooksProcess;
let connectionId: string;
/** Of the service's clock, in milliseconds. */
let ahead: number;

beforeEach(async () => {
  database = await createTestDatabase<DB>();
  simulator = await startFreshBooksSimulator({ seed: 9, rateLimitPerMinute: 100_000 });
  ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  service = await openFreshBooksProcess(database.url, { clock });
  connectionId = await connectFreshBooks(service.parts, simulator.url);
});
afterEach(async () => {
  await service.close();
  await simulator.close();
  await database.drop();
});

async function control(path: string, body: unknown = {}, method: 'POST' | 'PUT' = 'POST') {
  const answer = await fetch(`${simulator.url}/_control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, { id?: number; updated?: string }>;
}

async function makeInvoice(): Promise<string> {
  const client = await control('clients', { organization: 'Maple Ltd', currency: 'USD', country: 'Canada' });
  const clientId = String(client['client']?.id);
  const made = await control('invoices', { clientId, lines: [{ unitCost: '80.00' }], send: true });
  return String(made['invoice']?.id);
}

async function pollAndWork(): Promise<void> {
  const { parts } = service;
  await pollConnection(parts, parts.runtime, connectionId).finally(async () => {
    const lanes = await parts.db.selectFrom('documents').select('lane').distinct().execute();
    // Twice: a document new to us moves into its client's lane first.
    for (const { lane } of lanes) await drainLane(parts, parts.runtime, { connectionId, lane });
    const moved = await parts.db.selectFrom('documents').select('lane').distinct().execute();
    for (const { lane } of moved) await drainLane(parts, parts.runtime, { connectionId, lane });
  });
}

/** As if we had polled three days later. */
async function moveCursors(): Promise<void> {
  ahead = 72 * 3_600_000;
  const later = new Date(Date.now() + ahead);
  await service.parts.db.updateTable('cursors').set({ complete_until: later }).execute();
}

async function invoiceOf(id: string) {
  const document = await findDocument(service.parts.db, connectionId, 'invoice', id);
  if (!document) throw new Error(`no invoice ${id}`);
  return { ...document, raw: (await findLatestRevision(service.parts.db, document.id))?.raw };
}

test('X8 an invoice deleted with `updated` unmoved is found by the next poll', async () => {
  const id = await makeInvoice();
  await pollAndWork();
  const before = (await invoiceOf(id)).raw;
  await control(`invoices/${id}/delete`);
  await pollAndWork();
  const after = await invoiceOf(id);
  expect(after.raw).toMatchObject({ vis_state: 1, updated: before?.['updated'] });
  expect(after.reason).toMatchObject({ code: 'removed' });
});

test('X8 a known document that no list shows any more is read by itself after a day, and once a day only', async () => {
  const id = await makeInvoice();
  await pollAndWork();
  await pollAndWork();
  expect((await invoiceOf(id)).state).toBe('synced');
  const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);
  await service.parts.db.updateTable('documents').set({ seen_at: twoDaysAgo }).execute();
  // Nothing moved in the last day, so no list shows it; and the source does not know it any more.
  await moveCursors();
  await control('clock', { advanceMs: 72 * 3_600_000 });
  await control('faults', { failNext: [{ match: 'GET invoice', status: 404, times: 2 }] }, 'PUT');
  const reads = () => simulator.simulator.calls['GET invoice'] ?? 0;
  await pollAndWork();
  expect(await invoiceOf(id)).toMatchObject({ state: 'parked', reason: { code: 'gone-from-source' } });
  const made = reads();
  await pollAndWork();
  expect(reads()).toBe(made);
});

test('a kind that is refused keeps no other kind from being polled, its cursor stays, and it is not asked for again at once', async () => {
  const id = await makeInvoice();
  await control('faults', { failNext: [{ match: 'LIST credit_note', status: 403, times: 2 }] }, 'PUT');
  await pollAndWork();
  expect((await invoiceOf(id)).state).toBe('synced');
  const key = { connectionId, deleted: false };
  expect(await findCursor(service.parts.db, { ...key, kind: 'credit' })).toBeUndefined();
  expect(await findCursor(service.parts.db, { ...key, kind: 'invoice' })).toBeDefined();
  expect(await whats()).toEqual(['read credit']);
  expect(simulator.simulator.calls['LIST credit_note']).toBe(1);
  await pollAndWork();
  expect(simulator.simulator.calls['LIST credit_note']).toBe(1);
});

const whats = async () => (await listBlocks(service.parts.db, connectionId)).map(({ what }) => what);
const ignore = (...kinds: string[]) =>
  control('faults', { ignoredFilters: kinds.map((kind) => ({ kind, filter: 'vis_state' })) }, 'PUT');

async function stateOfPayment(id: string) {
  const document = await findDocument(service.parts.db, connectionId, 'payment', id);
  return `${document?.state} ${document?.reason?.code ?? ''}`.trim();
}

test('X8 a filter for deleted payments that does nothing is noticed; whole lists come no more, and a deletion is found by its invoice', async () => {
  const id = await makeInvoice();
  const made = await control('payments', { invoiceId: id, amount: '30.00' });
  const payment = String(made['payment']?.id);
  await control('payments', { invoiceId: id, amount: '20.00' });
  await ignore('payment');
  await pollAndWork();
  expect(await stateOfPayment(payment)).toBe('synced');
  expect(await whats()).toEqual(['deleted-filter payment']);
  const [block] = await listBlocks(service.parts.db, connectionId);
  expect(block).toMatchObject({ workedAround: true });
  const listed = simulator.simulator.calls['LIST payment'] ?? 0;
  await control(`payments/${payment}/delete`);
  await pollAndWork();
  // Only what has changed is listed, not once more what was deleted; the invoice owes 30.00 more.
  expect(simulator.simulator.calls['LIST payment']).toBe(listed + 1);
  expect(await stateOfPayment(payment)).toBe('synced removed');
  const report = await ping(service.parts, ADMIN, { connection: connectionId, side: 'source' });
  const checks = report.sides[0]?.checks ?? [];
  expect(checks.find(({ name }) => name === 'Read payments')?.detail).toContain(
    'ignores the filter for deleted',
  );
  expect(checks.find(({ name }) => name === 'Read invoices')?.detail).not.toContain('ignores');
  // A day later it is looked for again, and the filter works by now.
  await ignore();
  await service.parts.db
    .updateTable('blocks')
    .set({ next_try_at: new Date(0) })
    .execute();
  await pollAndWork();
  expect(await whats()).toEqual([]);
});

test('known records of a kind whose deletions no list shows are read again within hours', async () => {
  const id = await makeInvoice();
  await ignore('invoice');
  await pollAndWork();
  await control(`invoices/${id}/delete`);
  const threeHoursAgo = new Date(Date.now() - 3 * 3_600_000);
  await service.parts.db.updateTable('documents').set({ seen_at: threeHoursAgo }).execute();
  await moveCursors();
  await control('clock', { advanceMs: 72 * 3_600_000 });
  await pollAndWork();
  expect((await invoiceOf(id)).reason).toMatchObject({ code: 'removed' });
});

test('a filter for changes that does nothing is noticed: the newest are looked at with each poll, all of them now and then', async () => {
  for (let count = 0; count < 101; count += 1) await makeInvoice();
  // Unchanged for three days, and listed all the same.
  await moveCursors();
  await control('clock', { advanceMs: 72 * 3_600_000 });
  const later = new Date(Date.now() + 72 * 3_600_000);
  for (const kind of ['client', 'invoice', 'payment', 'credit'] as const)
    await saveCursor(service.parts.db, { connectionId, kind, deleted: false }, later);
  await control('faults', { ignoredFilters: [{ kind: 'invoice', filter: 'updated_min' }] }, 'PUT');
  const lists = () => simulator.simulator.calls['LIST invoice'] ?? 0;
  const { parts } = service;
  await pollConnection(parts, parts.runtime, connectionId);
  expect(await whats()).toEqual(['changed-filter invoice']);
  // Two pages of changed ones, one of deleted ones.
  expect(lists()).toBe(3);
  await saveCursor(parts.db, { connectionId, kind: 'invoice', deleted: false }, later);
  await pollConnection(parts, parts.runtime, connectionId);
  expect(lists()).toBe(5);
});

test('a gateway’s 404 in JSON says nothing about a record: it is tried again and never parked', async () => {
  const id = await makeInvoice();
  await pollAndWork();
  await control(
    'faults',
    { failNext: [{ match: 'GET invoice', status: 404, body: 'gateway', times: 4 }] },
    'PUT',
  );
  await service.parts.db
    .transaction()
    .execute((tx) =>
      acceptEvents(service.parts, tx, [
        { connectionId, kind: 'invoice', sourceId: id, origin: 'poll', topic: 'told' },
      ]),
    );
  const { lane, state } = await invoiceOf(id);
  await drainLane(service.parts, service.parts.runtime, { connectionId, lane });
  const after = await invoiceOf(id);
  expect(after).toMatchObject({ state, reason: null });
  const told = (await listTrail(service.parts.db, documentSubject(after.id))).map(
    ({ data }) => data['summary'],
  );
  expect(told.at(-1)).toMatch(/^transient: .*no Route matched/);
});

test('a record that was gone and is listed again, unchanged, comes back by itself', async () => {
  const id = await makeInvoice();
  await pollAndWork();
  await control('faults', { failNext: [{ match: 'GET invoice', status: 404, times: 1 }] }, 'PUT');
  await service.parts.db
    .transaction()
    .execute((tx) =>
      acceptEvents(service.parts, tx, [
        { connectionId, kind: 'invoice', sourceId: id, origin: 'poll', topic: 'told' },
      ]),
    );
  await pollAndWork();
  await pollAndWork();
  expect(await invoiceOf(id)).toMatchObject({ state: 'synced' });
  const { id: documentId } = await invoiceOf(id);
  const told = (await listTrail(service.parts.db, documentSubject(documentId))).map(
    ({ data }) => data['summary'],
  );
  expect(told).toContainEqual(expect.stringContaining('does not know it any more'));
});

test('polls come due by interval or by cron, and not at all when switched off', async () => {
  const { parts } = service;
  const set = (change: { pollIntervalSeconds?: number; pollCron?: string }) =>
    setConnection(parts, ADMIN, { connection: connectionId, ...change });
  const due = (inSeconds: number) => takeDuePolls(parts.db, new Date(Date.now() + inSeconds * 1000));
  expect(await due(1_000_000)).toEqual([]);
  await set({ pollIntervalSeconds: 60 });
  expect(await due(1)).toEqual([connectionId]);
  expect(await due(30)).toEqual([]);
  expect(await due(62)).toEqual([connectionId]);
  await set({ pollCron: '*/10 * * * *' });
  expect(await due(601)).toEqual([connectionId]);
  expect(await due(601)).toEqual([]);
  await set({ pollIntervalSeconds: 0 });
  expect(await due(1_000_000)).toEqual([]);
  await expect(set({ pollCron: 'now and then' })).rejects.toThrow(/is no schedule/);
});
