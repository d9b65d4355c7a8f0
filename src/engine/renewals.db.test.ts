/** A token is renewed because of the clock at most once a minute, whatever the clock says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit } from '../../test/kit/engine.ts';
import type { ConnectorContext } from '../core/ports.ts';
import type { DB } from '../store/schema.ts';
import { createConnectionRuntime } from './connection-runtime.ts';

let database: TestDatabase<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());

test('of renewals for the clock’s sake one in a minute is made, of those after a refusal each', async () => {
  const kit = await createEngineKit(database);
  let context: ConnectorContext | undefined;
  const [books] = kit.parts.registry.sources;
  if (!books) throw new Error('no source');
  const source = {
    ...books,
    create: (given: ConnectorContext) => {
      context = given;
      return books.create(given);
    },
  };
  const parts = { ...kit.parts, registry: { ...kit.parts.registry, sources: [source] } };
  await createConnectionRuntime(parts).open(kit.connectionId);
  let renewals = 0;
  const renew = async (early: boolean) =>
    context?.credentials.renew(
      async (current) => ({ ...current, refreshToken: `token-${(renewals += 1)}` }),
      { early },
    );
  for (let call = 0; call < 10; call += 1) await renew(true);
  expect(renewals).toBe(1);
  expect(await renew(true)).toMatchObject({ refreshToken: 'token-1' });
  await renew(false);
  expect(renewals).toBe(2);
  await kit.clock.advance(61_000);
  await renew(true);
  expect(renewals).toBe(3);
});
