/** Guarantee P16 in small: the whole of it is `npm run prove:unknown`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { proveUnknownOutcomes } from './unknown-outcomes.ts';

const COUNT = 200;

let database: TestDatabase<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 8 });
});
afterAll(() => database.drop());

test(`P16 I2 ${COUNT} unknown outcomes, tried again at any time and after a restore, double and lose nothing`, {
  timeout: 120_000,
}, async () => {
  const figures = await proveUnknownOutcomes(database.db, { count: COUNT, seed: 7 });
  expect(figures.findings).toEqual([]);
  expect(figures).toMatchObject({ outcomes: COUNT, doubled: 0, lost: 0, wrong: 0, unsettled: 0 });
});
