/** Replays of many records in the background: each once, with a progress that is true, whatever happens to the process. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, invoiceOf } from '../../test/kit/engine.ts';
import type { DB } from '../store/schema.ts';
import { continueReplays, listReplays, showReplay, startReplay } from './replay-runs.ts';

/** More than go into one transaction. */
const MANY = 120;

let database: TestDatabase<DB>;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
});
afterAll(() => database.drop());

test('a replay takes what fits when it is asked for, and tells how far it is and what became of them', async () => {
  const fresh = await createEngineKit(database);
  const ids = Array.from({ length: MANY }, (_, index) => `r${index}`);
  fresh.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
  for (const id of ids) fresh.books.put('invoice', invoiceOf({ id }));
  await fresh.accept(...ids.map((sourceId) => ({ kind: 'invoice' as const, sourceId })));
  await fresh.settle();
  const filter = { connectionId: fresh.connectionId, kind: 'invoice' as const };
  const { id } = await startReplay(fresh.parts, ADMIN, { filter });
  await expect
    .poll(async () => (await showReplay(fresh.parts, ADMIN, { replayId: id })).taken, { timeout: 15_000 })
    .toBe(MANY);
  expect(await showReplay(fresh.parts, ADMIN, { replayId: id })).toMatchObject({ settled: 0, done: false });
  await fresh.settle();
  expect(await showReplay(fresh.parts, ADMIN, { replayId: id })).toMatchObject({
    actor: ADMIN.name,
    total: MANY,
    settled: MANY,
    outcomes: { synced: MANY, parked: 0 },
    done: true,
  });
  expect(await fresh.brokenTrails()).toEqual([]);
}, 90_000);

test('a replay that a process left behind is finished by the next one, each record once', async () => {
  const fresh = await createEngineKit(database);
  fresh.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
  fresh.books.put('invoice', invoiceOf({ id: 'left' }));
  await fresh.accept({ kind: 'invoice', sourceId: 'left' });
  await fresh.settle();
  const stopped = { ...fresh.parts, stopping: AbortSignal.abort() };
  const { id, taken } = await startReplay(stopped, ADMIN, { filter: { connectionId: fresh.connectionId } });
  expect(taken).toBe(0);
  await Promise.all([continueReplays(fresh.parts), continueReplays(fresh.another('second'))]);
  expect(await fresh.unsettled('invoice', 'left')).toBe(1);
  await fresh.settle();
  expect(await showReplay(fresh.parts, ADMIN, { replayId: id })).toMatchObject({ done: true });
  expect((await listReplays(fresh.parts, ADMIN)).map((run) => run.id)).toContain(id);
});
