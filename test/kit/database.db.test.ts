/** Test databases are separate, migrated and quick to come by. */
import { expect, test } from 'vitest';
import { createTestDatabase } from './database.ts';

test('two test databases do not see each other, are migrated, and are gone when dropped', async () => {
  const first = await createTestDatabase();
  const startedAt = performance.now();
  const second = await createTestDatabase();
  const tookMs = performance.now() - startedAt;
  await first.pool.query('CREATE TABLE only_here (id int)');
  expect((await second.pool.query("SELECT to_regclass('only_here') AS found")).rows[0].found).toBeNull();
  expect(
    (await second.pool.query("SELECT to_regclass('schema_migration') AS found")).rows[0].found,
  ).not.toBeNull();
  await first.drop();
  const left = await second.pool.query('SELECT 1 FROM pg_database WHERE datname = $1', [
    first.connection.database,
  ]);
  expect(left.rowCount).toBe(0);
  await second.drop();
  expect(tookMs).toBeLessThan(2_000);
});
