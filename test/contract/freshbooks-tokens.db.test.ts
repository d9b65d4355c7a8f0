/** Guarantees of token renewal over a real database: once for a thousand users, and never lost in a loop (I6, R4). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type RunningSimulator,
  startFreshBooksSimulator,
} from '../../src/connectors/freshbooks/simulator/server.ts';
import { acceptEvents } from '../../src/engine/intake.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { completeConsent, startConsent } from '../../src/operations/consent.ts';
import { setConnection } from '../../src/operations/set-connection.ts';
import { loadConnection } from '../../src/store/connections.ts';
import { findDocument } from '../../src/store/documents.ts';
import type { DB } from '../../src/store/schema.ts';
import { connectionSubject, listTrail } from '../../src/store/trail.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN } from '../kit/engine.ts';
import { connectFreshBooks, type FreshBooksProcess, openFreshBooksProcess } from '../kit/freshbooks.ts';

const CHILD = fileURLToPath(new URL('../kit/token-user.ts', import.meta.url));

let database: TestDatabase<DB>;
let simulator: RunningSimulator;
let processes: FreshBooksProcess[];
let connectionId: string;

beforeEach(async () => {
  database = await createTestDatabase<DB>();
  simulator = await startFreshBooksSimulator({ seed: 3, rateLimitPerMinute: 10_000_000 });
  processes = await Promise.all([1, 2, 3, 4].map(() => openFreshBooksProcess(database.url)));
  connectionId = await connectFreshBooks(first().parts, simulator.url);
});
afterEach(async () => {
  await Promise.all(processes.map((one) => one.close()));
  await simulator.close();
  await database.drop();
});

function first(): FreshBooksProcess {
  const [one] = processes;
  if (!one) throw new Error('no process is open');
  return one;
}

async function control(
  path: string,
  body: unknown,
  method: 'POST' | 'PUT' = 'POST',
): Promise<Record<string, { id?: number }>> {
  const answer = await fetch(`${simulator.url}/_control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, { id?: number }>;
}

const renewals = () => (simulator.simulator.calls['POST token'] ?? 0) - 1;

async function makeInvoice(): Promise<{ clientId: string; invoiceId: string }> {
  const client = await control('clients', { organization: 'Maple Ltd', currency: 'USD', country: 'Canada' });
  const clientId = String(client['client']?.id);
  const invoice = await control('invoices', { clientId, lines: [{ unitCost: '80.00' }], send: true });
  return { clientId, invoiceId: String(invoice['invoice']?.id) };
}

test('I6 a thousand concurrent users of one expired token in four processes cause one refresh', async () => {
  const { clientId } = await makeInvoice();
  await control('tokens/expire', {});
  const reads = await Promise.all(
    Array.from({ length: 1000 }, async (_, user) => {
      const { parts } = processes[user % processes.length] ?? first();
      const open = await parts.runtime.open(connectionId);
      return open.source.read('client', clientId);
    }),
  );
  expect(reads.filter((record) => record?.sourceId === clientId)).toHaveLength(1000);
  expect(renewals()).toBe(1);
}, 60_000);

test('I6 new settings given while a token is renewed do not bring the used one back', async () => {
  await control('tokens/expire', {});
  await control('faults', { latencyMs: 300 }, 'PUT');
  const open = await first().parts.runtime.open(connectionId);
  const reading = open.source.list({
    kind: 'client',
    changedSince: undefined,
    deleted: false,
    cursor: undefined,
  });
  await expect.poll(renewals).toBe(1);
  const clientSecret = simulator.simulator.identity.clientSecret;
  const values = { source: { clientSecret } };
  await setConnection(processes[1]?.parts ?? first().parts, ADMIN, { connection: connectionId, values });
  await reading;
  await control('faults', { latencyMs: 0 }, 'PUT');
  await control('tokens/expire', {});
  expect(await open.source.read('client', '1')).toBeUndefined();
  expect(renewals()).toBe(2);
});

describe('R4 kill -9 in the middle of a renewal', () => {
  for (const [point, ends, calls] of [
    ['before-call', 'works', 1],
    // The simulator drops a call whose caller is gone before it looks at it: the token is not used up.
    ['in-call', 'works', 2],
    ['after-answer', 'paused', 2],
    ['before-store', 'paused', 2],
    ['after-store', 'works', 1],
  ] as const) {
    test(`${point}: ends with ${ends === 'works' ? 'a working token' : 'one alert'}, and nothing is lost`, async () => {
      const { parts } = first();
      const { invoiceId } = await makeInvoice();
      const event = {
        connectionId,
        kind: 'invoice',
        sourceId: invoiceId,
        origin: 'webhook',
        topic: 'x',
      } as const;
      await parts.db.transaction().execute((tx) => acceptEvents(parts, tx, [event]));
      await control('tokens/expire', {});
      await killAt(point);
      for (let round = 0; round < 5; round += 1) await drainAll();
      const { state } = await loadConnection(parts.db, connectionId);
      expect(state).toBe(ends === 'works' ? 'active' : 'paused');
      expect(await alerts()).toHaveLength(ends === 'works' ? 0 : 1);
      expect(renewals()).toBe(calls);
      if (ends === 'paused') await consentAgain();
      for (let round = 0; round < 5; round += 1) await drainAll();
      const document = await findDocument(parts.db, connectionId, 'invoice', invoiceId);
      expect(document?.state).toBe('synced');
    });
  }
});

/** Runs a process until it stands at the point, and kills it there. */
async function killAt(point: string): Promise<void> {
  if (point === 'in-call') await control('faults', { latencyMs: 800 }, 'PUT');
  const child = spawn(process.execPath, [CHILD, database.url, connectionId, point], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await new Promise<void>((resolve) =>
    createInterface({ input: child.stdout }).once('line', () => resolve()),
  );
  // The call is on its way: the simulator has counted it and answers later.
  if (point === 'in-call') await expect.poll(renewals).toBe(1);
  child.kill('SIGKILL');
  await exited;
  if (point !== 'in-call') return;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await control('faults', { latencyMs: 0 }, 'PUT');
}

async function drainAll(): Promise<void> {
  const { parts } = first();
  const lanes = await parts.db
    .selectFrom('documents')
    .select('lane')
    .distinct()
    .where('connection_id', '=', connectionId)
    .execute();
  await Promise.all(lanes.map(({ lane }) => drainLane(parts, parts.runtime, { connectionId, lane })));
}

async function alerts() {
  const trail = await listTrail(first().parts.db, connectionSubject(connectionId));
  return trail.filter(({ data }) => data.summary.startsWith('paused:'));
}

async function consentAgain(): Promise<void> {
  const { parts } = first();
  const { url } = await startConsent(parts, ADMIN, { connection: connectionId });
  const answer = await fetch(`${url}&auto=1`, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '').searchParams;
  await completeConsent(parts, { state: back.get('state') ?? '', code: back.get('code') ?? '' });
}
