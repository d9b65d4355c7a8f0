/** A job only says that there is work: at most one waits for each key, and it is there exactly when its cause is. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { eventually } from '../../test/kit/postgres-processes.ts';
import { sqlRunner } from '../store/db.ts';
import type { DB } from '../store/schema.ts';
import { type Queue, startQueue, type Wake } from './queue.ts';

let database: TestDatabase<DB>;
let queue: Queue;

beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 10 });
  queue = await startQueue(database.connection, pino({ level: 'silent' }), { working: true });
});
afterAll(async () => {
  await queue.stop();
  await database.drop();
});

async function waiting(name: string): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`select singleton_key as key from jobs.job
    where name = ${name} and state < 'active' order by 1`.execute(database.db);
  return rows.map(({ key }) => key);
}
const wake = (...wakes: Wake[]) => queue.wake('poll', wakes, sqlRunner(database.db));

test('a key that waits is not doubled, by one caller or many', async () => {
  await wake({ key: 'a' }, { key: 'a' }, { key: 'b' });
  await Promise.all(Array.from({ length: 20 }, () => wake({ key: 'a' })));
  expect(await waiting('poll')).toEqual(['a', 'b']);
});

test('a wake inside a transaction that is rolled back leaves nothing', async () => {
  const failing = database.db.transaction().execute(async (tx) => {
    await queue.wake('poll', [{ key: 'never' }], sqlRunner(tx));
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  expect(await waiting('poll')).not.toContain('never');
});

test('transactions that wake the same keys in opposite orders never block each other for good', async () => {
  const keys = Array.from({ length: 60 }, (_, n) => ({ key: `k${n.toString().padStart(2, '0')}` }));
  const transact = (wakes: Wake[]) =>
    database.db.transaction().execute(async (tx) => queue.wake('callbacks', wakes, sqlRunner(tx)));
  for (let turn = 0; turn < 10; turn += 1) {
    await sql`delete from jobs.job where name = 'callbacks'`.execute(database.db);
    await Promise.all(Array.from({ length: 6 }, (_, n) => transact(n % 2 === 0 ? keys : keys.toReversed())));
  }
  expect(await waiting('callbacks')).toHaveLength(60);
});

test('every key is looked at, and one that is woken while it is looked at is looked at again', async () => {
  const looked: string[] = [];
  const first = Promise.withResolvers<void>();
  await queue.work('lane', 4, async (key) => {
    looked.push(key);
    if (key === 'slow' && looked.filter((other) => other === 'slow').length === 1) await first.promise;
  });
  const keys = ['slow', ...Array.from({ length: 10 }, (_, n) => `lane ${n}`)];
  await queue.wake(
    'lane',
    keys.map((key) => ({ key })),
    sqlRunner(database.db),
  );
  await eventually(() => new Set(looked).size === keys.length);
  await queue.wake('lane', [{ key: 'slow' }], sqlRunner(database.db));
  first.resolve();
  await eventually(() => looked.filter((key) => key === 'slow').length === 2);
});

test('a look that fails is asked for again', async () => {
  let tries = 0;
  await queue.work('backfill', 1, async () => {
    tries += 1;
    if (tries === 1) throw new Error('not this time');
  });
  await queue.wake('backfill', [{ key: 'x' }], sqlRunner(database.db));
  await eventually(() => tries === 2, 15_000);
});
