/** One number of what waits for a decision, everywhere; what only follows another record is folded under it. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit } from '../../test/kit/engine.ts';
import { newId } from '../core/ids.ts';
import type { DB } from '../store/schema.ts';
import { listParked } from './list-parked.ts';
import { overview } from './overview.ts';
import { status } from './status.ts';

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
  kit = await createEngineKit(database);
}, 60_000);
afterAll(() => database.drop());

async function record(
  kind: string,
  label: string,
  state: string,
  code?: string,
  waitsFor?: string,
): Promise<string> {
  const id = newId(kit.clock.now());
  const reason = code === undefined ? null : JSON.stringify({ code, message: code, waitsFor });
  await sql`insert into documents (id, connection_id, kind, source_id, lane, state, reason, label, currency, amount_minor,
      first_seen_at, changed_at)
    values (${id}, ${kit.connectionId}, ${kind}, ${label}, 'client/1', ${state}, ${reason}::jsonb, ${label},
      ${kind === 'client' ? null : 'USD'}, ${kind === 'client' ? null : '1000'}, now(), now())`.execute(
    database.db,
  );
  return id;
}

test('a client’s decision counts once; its invoice and the payment of that are listed under it', async () => {
  const client = await record('client', '1', 'parked', 'account-choice');
  const invoice = await record('invoice', 'A-1', 'parked', 'waits-for-client', client);
  await record('payment', '9', 'parked', 'waits-for-invoice', invoice);
  await record('invoice', 'A-2', 'parked', 'refused');
  const copied = await record('invoice', 'A-3', 'synced');
  // Its own decision: what it waits for is copied.
  await record('payment', '10', 'parked', 'other-currency', copied);
  const groups = await listParked(kit.parts, ADMIN, {});
  expect(
    Object.fromEntries(
      groups.map(({ code, count, following }) => [
        code,
        [count, following.count, following.records.map((r) => r.label)],
      ]),
    ),
  ).toEqual({
    'account-choice': [1, 2, expect.arrayContaining(['A-1', '9']) as string[]],
    refused: [1, 0, []],
    'other-currency': [1, 0, []],
  });
  const { toDecide, following, records } = await status(kit.parts, ADMIN);
  expect({ toDecide, following, parked: records.parked }).toEqual({ toDecide: 3, following: 2, parked: 5 });
  const view = await overview(kit.parts, ADMIN, { window: 'day' });
  expect(view.connections).toMatchObject([{ parked: 3, following: 2, readBack: null }]);
});
