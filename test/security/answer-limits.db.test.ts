/** An answer that can never be taken is asked for once, not for ever: the record or the connection says so. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ANSWER_UNFIT, OperatingError } from '../../src/core/errors.ts';
import type { ConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import { onJobError } from '../../src/engine/engine.ts';
import { drainLane } from '../../src/engine/lane.ts';
import { pollConnection } from '../../src/engine/poll.ts';
import { replay } from '../../src/operations/replay.ts';
import { findConnection } from '../../src/store/connections.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf } from '../kit/engine.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => void (database = await createTestDatabase<DB>()));
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
  kit.books.put('client', { id: '7', name: 'Ada Ltd', email: 'ada@example.com' });
  kit.books.put('invoice', invoiceOf({ id: '1' }));
});

const unfit = async (): Promise<never> => {
  throw new OperatingError('rejected', 'an answer that is not taken: it is larger than 32 MiB.', {
    code: ANSWER_UNFIT,
  });
};

/** The same systems, of which some calls bring more than is read. */
function greedy(side: 'source' | 'destination', calls: object): ConnectionRuntime {
  const { runtime } = kit.parts;
  return {
    ...runtime,
    async open(id) {
      const open = await runtime.open(id);
      return { ...open, [side]: Object.assign(Object.create(open[side]), calls) };
    },
  };
}

async function drainWith(runtime: ConnectionRuntime): Promise<void> {
  for (let lanes = await kit.dueLanes(); lanes.length > 0; lanes = await kit.dueLanes())
    for (const lane of lanes) await drainLane(kit.parts, runtime, lane);
}

test('a document that is too large parks by that name, and is not asked for again by itself', async () => {
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  await drainWith(greedy('source', { read: unfit }));
  expect(await kit.stateOf('invoice', '1')).toBe('parked answer-unfit');
  const { reason } = await kit.document('invoice', '1');
  expect(reason?.message).toContain('larger than 32 MiB');
  expect(await kit.unsettled('invoice', '1')).toBe(0);
});

test('a step in doubt stays in doubt when the look-up brings too much, and is found once it does not', async () => {
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  kit.billing.faults.next('POST invoice', { what: 'lose-answer' });
  await kit.drain();
  await kit.clock.advance(61_000);
  await drainWith(greedy('destination', { find: unfit }));
  expect(await kit.stateOf('invoice', '1')).toBe('parked answer-unfit');
  const states = () =>
    database.db
      .selectFrom('deliveries')
      .innerJoin('documents', 'documents.id', 'deliveries.document_id')
      .select('deliveries.state')
      .where('documents.connection_id', '=', kit.connectionId)
      .where('documents.source_id', '=', '1')
      .where('documents.kind', '=', 'invoice')
      .execute();
  expect((await states()).map(({ state }) => state)).toContain('intended');
  await replay(kit.parts, ADMIN, { recordIds: [(await kit.document('invoice', '1')).id] });
  await kit.settle();
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect((await states()).map(({ state }) => state)).not.toContain('intended');
  expect(kit.billing.invoices).toHaveLength(1);
});

test('a list that is too large pauses the connection with the reason instead of being asked for again and again', async () => {
  const error = await pollConnection(kit.parts, greedy('source', { list: unfit }), kit.connectionId).catch(
    (caught: unknown) => caught,
  );
  await onJobError(kit.parts, 'poll', kit.connectionId, error);
  expect(await findConnection(database.db, kit.connectionId)).toMatchObject({
    state: 'paused',
    pauseReason: expect.stringContaining('larger than 32 MiB'),
  });
  // Events are accepted all the same.
  await kit.accept({ kind: 'invoice', sourceId: '1' });
  expect(await kit.unsettled('invoice', '1')).toBe(1);
});
