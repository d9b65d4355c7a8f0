/** R: history while live events arrive, and requests that are made again. */
import { sql } from 'kysely';
import { afterEach, expect, test, vi } from 'vitest';
import { toBreakdown } from '../../src/core/breakdown.ts';
import type { CanonicalDocument, DocumentKind } from '../../src/core/canonical.ts';
import { canonicalJson, type JsonObject } from '../../src/core/json.ts';
import type { Step } from '../../src/core/steps.ts';
import { runBackfill } from '../../src/engine/backfill.ts';
import { MAPPING_VERSION } from '../../src/engine/deliver.ts';
import { parseLaneJobKey } from '../../src/engine/intake.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { backfill, backfillProgress } from '../../src/operations/backfill.ts';
import { ADMIN, type RecordingQueue } from '../kit/engine.ts';
import { createLifecycleWorld, type Json, type LifecycleWorld } from '../kit/lifecycle.ts';
import { differencesBetweenBooks } from '../kit/lifecycle-books.ts';

// Two simulators and a database, on a machine that others use, too.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let world: LifecycleWorld;
afterEach(() => world.close());

/** Works the lanes as a queue would: the highest priority first, then the oldest wake. */
async function workByPriority(): Promise<void> {
  const { wakes } = world.parts.queue as RecordingQueue;
  for (;;) {
    const lanes = wakes.filter(({ name }) => name === 'lane');
    const next = lanes.toSorted((a, b) => b.priority - a.priority)[0];
    if (!next) return;
    wakes.splice(wakes.indexOf(next), 1);
    await drainLane(world.parts, world.parts.runtime, parseLaneJobKey(next.key));
  }
}

test('R6 history is copied while live events arrive: nothing doubled, live first', async () => {
  world = await createLifecycleWorld();
  await world.user('faults', { webhooks: 'off' }, 'PUT');
  const busy = await world.makeClient({ email: 'a@r6.test' });
  const quiet = await world.makeClient({ email: 'b@r6.test' });
  const history: number[] = [];
  for (let i = 1; i <= 12; i += 1) {
    const invoice = await world.makeInvoice(i % 2 === 0 ? busy : quiet, `${i}0.00`);
    if (i % 3 === 0) await world.pay(invoice, '5.00');
    history.push(invoice);
  }
  const [paidLive = 0, editedLive = 0, ...untouched] = history;
  const { id } = await backfill(world.parts, ADMIN, { connection: world.connectionId });
  const listChunk = () => runBackfill(world.parts, world.parts.runtime, id);
  await listChunk();
  await listChunk();

  await world.user('faults', { webhooks: 'on' }, 'PUT');
  const fresh = await world.makeInvoice(busy, '1000.00');
  const stranger = await world.makeInvoice(await world.makeClient({ email: 'c@r6.test' }), '2000.00');
  await world.pay(paidLive, '7.00');
  await world.reprice(editedLive, '21.00');
  await world.arrived();
  await workByPriority();
  const order = (await world.ledger()).invoices.map(({ reference }) => reference);
  const placeOf = (invoice: number) => order.indexOf(world.keyOf('invoice', invoice));
  const live = [fresh, stranger, paidLive, editedLive].map(placeOf);
  expect(live.toSorted()).toEqual([0, 1, 2, 3]);
  expect(untouched.map(placeOf).filter((place) => place >= 0)).not.toEqual([]);
  for (let chunk = 0; chunk < 12; chunk += 1) {
    await listChunk();
    await world.settle();
  }
  expect(await backfillProgress(world.parts, ADMIN, { id })).toMatchObject({ state: 'complete' });
  expect(await differencesBetweenBooks(world)).toEqual([]);
  expect(await world.invoice(paidLive)).toEqual(['posted 10.00 owes 3.00']);
  const before = await world.writes();
  await world.poll();
  expect(await world.writes()).toBe(before);
});

test('R6 within one client, too, what is live goes before history', async () => {
  world = await createLifecycleWorld();
  const client = await world.makeClient();
  const history: number[] = [];
  for (let i = 1; i <= 4; i += 1) history.push(await world.makeInvoice(client, `${i}0.00`));
  await world.settle();
  await world.user('faults', { webhooks: 'off' }, 'PUT');
  for (const invoice of history) await world.reprice(invoice, '99.00');
  (world.parts.queue as RecordingQueue).wakes.length = 0;
  const { id } = await backfill(world.parts, ADMIN, { connection: world.connectionId });
  for (let chunk = 0; chunk < 4; chunk += 1) await runBackfill(world.parts, world.parts.runtime, id);
  await world.user('faults', { webhooks: 'on' }, 'PUT');
  const fresh = await world.makeInvoice(client, '1000.00');
  await world.arrived();
  await workByPriority();
  await world.settle();
  expect(await differencesBetweenBooks(world)).toEqual([]);
  const { requests } = (await world.tenant('requests?limit=1000', {}, 'GET')) as {
    requests: { kind: string; body: string }[];
  };
  const order = requests.toReversed().map(({ kind, body }) => `${kind} ${body}`);
  const freshAt = order.findIndex((one) => one.includes(`"comments":"${world.keyOf('invoice', fresh)}"`));
  const historyAt = order.findIndex((one) => one.startsWith('PUT invoice unpost'));
  expect(freshAt).toBeGreaterThan(0);
  expect(historyAt).toBeGreaterThan(freshAt);
});

/** The same each time. */
async function everydayWork(): Promise<void> {
  const client = await world.makeClient({
    organization: 'Pizza 🍕',
    email: 'r3@r3.test',
    country: 'Germany',
  });
  const taxes = [{ name: 'VAT', percent: '19' }];
  const invoice = await world.makeInvoice(client, '0', {
    createDate: '2026-05-05',
    dueOffsetDays: 14,
    discountPercent: '10',
    notes: 'Thank you',
    lines: [
      { name: 'Work', unitCost: '99.995', qty: '1.5', taxes },
      { name: 'Parts', unitCost: '3.33', qty: '3' },
    ],
  });
  await world.settle();
  const payment = await world.pay(invoice, '50.00', { date: '2026-05-06', type: 'Check', note: 'first' });
  await world.settle();
  await world.editPayment(payment, { amount: '60.00' });
  await world.settle();
  const draft = await world.makeInvoice(client, '12.00', { send: false, createDate: '2026-05-07' });
  await world.settle();
  await world.reprice(draft, '13.00');
  await world.settle();
  await world.user(`invoices/${draft}/send`);
  await world.settle();
  await world.user(`clients/${client}`, { city: 'Bonn' }, 'PUT');
  await world.settle();
}

type Stored = {
  kind: DocumentKind;
  step: Json;
  request: JsonObject;
  mapping_version: string;
  raw: JsonObject;
};

test('R3 a request that is made again from what was read then is the same, member by member', async () => {
  world = await createLifecycleWorld();
  await everydayWork();
  const { source, destination } = await world.parts.runtime.open(world.connectionId);
  const { rows } = await sql<Stored>`
    select d.kind, v.step, v.request, v.mapping_version, r.raw
    from deliveries v join documents d on d.id = v.document_id
    join lateral (
      select raw from revisions where document_id = d.id and read_at <= v.intended_at
      order by read_seq desc limit 1
    ) r on true
    order by v.intended_at`.execute(world.parts.db);
  const kinds = rows.map(({ step }) => step['kind']);
  for (const kind of [
    'create-account',
    'create-invoice',
    'create-payment',
    'replace-lines',
    'update-account',
  ])
    expect(kinds).toContain(kind);
  for (const { kind, step, request, mapping_version, raw } of rows) {
    expect(mapping_version).toBe(MAPPING_VERSION);
    const mapped = source.toCanonical(source.toRecord(kind, raw));
    if (!mapped.ok) throw new Error('what was mapped then cannot be mapped now');
    const again = destination.toRequest(madeAgain(withMinors(step), mapped.value));
    expect(again.ok && canonicalJson(again.value as unknown as JsonObject)).toBe(canonicalJson(request));
  }
});

/** Amounts of stored steps are `{"$minor": "123"}`. */
function withMinors(stored: unknown): Step {
  return JSON.parse(JSON.stringify(stored), (_key, value: unknown) =>
    value !== null && typeof value === 'object' && '$minor' in value ? BigInt(String(value.$minor)) : value,
  ) as Step;
}

/** The step with everything in it that comes from the document mapped once more. */
function madeAgain(step: Step, document: CanonicalDocument): Step {
  if (document.kind === 'client' && 'client' in step) return { ...step, client: document };
  if (document.kind === 'payment' && step.kind === 'create-payment') return { ...step, payment: document };
  if (document.kind === 'payment' && step.kind === 'update-payment') return { ...step, from: document };
  if (document.kind !== 'invoice') return step;
  const breakdown = toBreakdown(document);
  if (!breakdown.ok) throw new Error('what could be explained then cannot be explained now');
  if (step.kind === 'create-invoice') return { ...step, invoice: document, breakdown: breakdown.value };
  if (step.kind === 'replace-lines') return { ...step, from: document, breakdown: breakdown.value };
  return step.kind === 'change-texts' ? { ...step, from: document } : step;
}

test('R3 the same work in other systems sends the same bytes, ids and times aside', async () => {
  const sent: string[][] = [];
  for (const seed of [31, 32]) {
    world = await createLifecycleWorld({ seed });
    await everydayWork();
    const { requests } = (await world.tenant('requests?limit=1000', {}, 'GET')) as {
      requests: { method: string; kind: string; body: string }[];
    };
    const writes = requests.filter(({ method, kind }) => method !== 'GET' && kind !== 'POST token');
    sent.push(writes.map(({ kind, body }) => `${kind} ${withoutIds(body)}`));
    if (seed === 31) await world.close();
  }
  expect(sent[0]?.length).toBeGreaterThan(8);
  expect(sent[1]).toEqual(sent[0]);
});

function withoutIds(body: string): string {
  return body
    .replaceAll(/FB-[A-Za-z0-9]+-(client|invoice|payment)-\d+/g, 'FB-account-$1-id')
    .replaceAll(/8ad0[0-9a-f]{28}/g, 'id')
    .replaceAll(/("(?:effectiveDate|memoDate|applyEffectiveDate)":)"[\d-]+"/g, '$1"day"');
}
