/** Guarantees of polling over a real database: deletions without a trace are found, and one refused kind stops no other. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { takeDuePolls } from '../../src/store/connections.ts';
import { findCursor } from '../../src/store/cursors.ts';
import { findDocument } from '../../src/store/documents.ts';
import { findLatestRevision } from '../../src/store/revisions.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { connectFreshBooks, type FreshBooksProcess, openFreshBooksProcess } from '../kit/freshbooks.ts';

let database: TestDatabase<DB>;
let simulator: RunningSimulator;
let service: FreshBooksProcess;
let connectionId: string;

beforeEach(async () => {
  database = await createTestDatabase<DB>();
  simulator = await startFreshBooksSimulator({ seed: 9, rateLimitPerMinute: 100_000 });
  service = await openFreshBooksProcess(database.url);
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
  const later = new Date(Date.now() + 72 * 3_600_000);
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

test('a kind that is refused keeps no other kind from being polled, and its cursor stays', async () => {
  const id = await makeInvoice();
  await control('faults', { failNext: [{ match: 'LIST client', status: 403, times: 2 }] }, 'PUT');
  await expect(pollAndWork()).rejects.toMatchObject({ kind: 'rejected' });
  expect((await invoiceOf(id)).state).toBe('synced');
  const key = { connectionId, deleted: false };
  expect(await findCursor(service.parts.db, { ...key, kind: 'client' })).toBeUndefined();
  expect(await findCursor(service.parts.db, { ...key, kind: 'invoice' })).toBeDefined();
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
