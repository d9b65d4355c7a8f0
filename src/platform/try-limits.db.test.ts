/** Tries are counted for all processes together, and a clock that was set back keeps nobody out. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import type { DB } from '../store/schema.ts';
import { createTryLimits } from './try-limits.ts';

const LIMIT = { kind: 1, burst: 3, everyMs: 10_000 };
const HOUR = 3_600_000;

let database: TestDatabase<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());

test.each([1, 24])(
  'tries used up while the clock was %i h ahead come back as soon as any other',
  async (hours) => {
    let now = Date.UTC(2026, 2, 1) + hours * HOUR;
    const clock = { now: () => now, sleep: async () => {} };
    const limits = createTryLimits({ pool: database.pool, clock, secret: 'secret' });
    const wait = async () => (await limits.take([{ limit: LIMIT, of: `somebody ${hours}` }]))[0]?.waitMs;
    for (let tries = 0; tries < LIMIT.burst; tries += 1) expect(await wait()).toBe(0);
    expect(await wait()).toBe(LIMIT.everyMs);
    now -= hours * HOUR;
    expect(await wait()).toBe(LIMIT.everyMs);
    now += LIMIT.everyMs;
    expect(await wait()).toBe(0);
  },
);
