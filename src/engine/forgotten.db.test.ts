/** A database that lost its last seconds, as a replica that took over: our own doing of that time is no drift. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBackups } from '../../test/kit/backups.ts';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit, invoiceOf, paymentOf } from '../../test/kit/engine.ts';
import type { DocumentKind } from '../core/canonical.ts';
import { afterRestore } from '../operations/after-restore.ts';
import type { DB } from '../store/schema.ts';
import { pollConnection } from './poll.ts';

let database: TestDatabase<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());

async function told(kit: EngineKit, ...ids: [DocumentKind, string][]): Promise<void> {
  for (const [kind, sourceId] of ids) await kit.accept({ kind, sourceId });
  await kit.settle();
}

async function parkedIn(kit: EngineKit): Promise<unknown[]> {
  return kit.parts.db
    .selectFrom('documents')
    .select(['kind', 'source_id', 'reason'])
    .where('connection_id', '=', kit.connectionId)
    .where('state', '=', 'parked')
    .execute();
}

test('copies that we removed and forgot are as they should be: nothing parks, and `restored` polls at once', async () => {
  const kit = await createEngineKit(database, { webhooks: false });
  const { books, billing } = kit;
  books.put('client', { id: '7', name: 'Ada' });
  books.put('invoice', invoiceOf({ id: '1' }));
  books.put('invoice', invoiceOf({ id: '2' }));
  books.put('invoice', invoiceOf({ id: '3' }));
  books.put('payment', paymentOf({ id: '1', invoice: '3' }));
  await told(kit, ['invoice', '1'], ['invoice', '2'], ['invoice', '3'], ['payment', '1']);
  const { backup, restore } = createBackups(kit.parts.db);
  const before = await backup();

  await kit.clock.advance(1_000);
  books.delete('invoice', '1');
  books.delete('payment', '1');
  books.put('invoice', invoiceOf({ id: '4' }));
  await told(kit, ['invoice', '1'], ['payment', '1'], ['invoice', '4']);
  // Acknowledged, and never looked at.
  books.delete('invoice', '2');
  await kit.accept({ kind: 'invoice', sourceId: '2' });
  await kit.clock.advance(3_000);
  await restore(before);

  const polled = () => kit.queue.wakes.filter(({ name, key }) => name === 'poll' && key === kit.connectionId);
  const earlier = polled().length;
  // First without a person: the next poll alone.
  await pollConnection(kit.parts, kit.parts.runtime, kit.connectionId);
  await kit.settle();
  expect(await parkedIn(kit)).toEqual([]);
  expect(await kit.stateOf('invoice', '1')).toBe('synced');
  expect(await kit.stateOf('payment', '1')).toBe('ignored removed');
  expect(await kit.stateOf('invoice', '4')).toBe('synced');
  const living = billing.invoices.filter(({ stage }) => stage === 'posted');
  expect(living.map(({ number, balance }) => [number, balance.amountMinor])).toEqual([
    [expect.stringContaining('N-3'), 11_000n],
    [expect.stringContaining('N-4'), 11_000n],
  ]);

  await afterRestore(kit.parts, ADMIN);
  expect(polled().length).toBe(earlier + 1);
  await kit.settle();
  expect(await parkedIn(kit)).toEqual([]);
});
