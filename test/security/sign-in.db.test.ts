/** Guesses from everywhere: how many are checked, and who is kept waiting by them. Time is the test's own. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/platform/clock.ts';
import { createDoorLimits, type DoorLimits } from '../../src/platform/door-limits.ts';
import { networkOf } from '../../src/platform/try-limits.ts';
import { SEATS_OF_ONE } from '../../src/platform/turns.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { createManualClock } from '../kit/manual-clock.ts';

const SECRET = 'oK3vB8qZ1wYt6RmE0sLxPd5uHcNaJf2G';
const ADA = 'ada@example.com';

let database: TestDatabase<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>({ max: 12 });
});
afterAll(() => database.drop());
afterEach(async () => {
  await database.pool.query('truncate sign_in_tries');
});

/** The counts over a clock of the test's own, with what was asked of them. */
function openCounts(seed = 1) {
  const clock = createManualClock();
  const count = (): DoorLimits =>
    createDoorLimits({ pool: database.pool, clock, random: seededRandom(seed), secret: SECRET });
  let asleep = 0;
  let open = 0;
  const seen = new Map<string, number>();
  const guess = async (limits: DoorLimits, account: string, address: string, deviceId?: string) => {
    open += 1;
    const from = clock.now();
    const told = await limits.admit({ account, address, deviceId });
    open -= 1;
    const outcome = told?.cause ?? 'checked';
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    return { outcome, ms: clock.now() - from, told };
  };
  /** All questions to the database are answered: what is still open sleeps. */
  const settle = async () => {
    for (let quiet = 0; quiet < 3; ) {
      await nextTurn();
      const { totalCount, idleCount, waitingCount } = database.pool;
      const still = waitingCount === 0 && totalCount === idleCount && clock.sleepers() === asleep;
      asleep = clock.sleepers();
      quiet = still ? quiet + 1 : 0;
    }
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.advance(Math.min(1_000, left));
      await settle();
    }
  };
  return { clock, count, guess, settle, advance, seen, open: () => open };
}

/** No turn is left at once for whoever comes now. */
async function useUpTurns({ count, guess }: ReturnType<typeof openCounts>, account: string): Promise<void> {
  const limits = count();
  for (let tries = 0; tries < 10; tries += 1) await guess(limits, account, `192.0.2.${tries}`);
}

const addressOf = (index: number) => `198.${18 + Math.floor(index / 250)}.${index % 250}.7`;

test('of 10,000 guesses in an hour from 1,000 addresses at most 154 are checked by two processes, and the owner on a new device is delayed, not refused', async () => {
  const { count, guess, settle, advance, seen } = openCounts();
  const processes = [count(), count()] as const;
  const pending: Promise<unknown>[] = [];
  const owners: { outcome: string; ms: number }[] = [];
  // Every 36 seconds 100 guesses, each address ten times.
  for (let round = 0; round < 100; round += 1) {
    for (let more = 0; more < 100; more += 1) {
      const limits = processes[more % 2] ?? processes[0];
      pending.push(guess(limits, ADA, addressOf((round * 100 + more) % 1_000)));
    }
    await settle();
    // By then each of the attacker's addresses has tried before; this one has not.
    if (round > 10 && round % 30 === 0)
      pending.push(guess(processes[0], ADA, `203.0.113.${round}`).then((told) => owners.push(told)));
    await advance(36_000);
  }
  await advance(30_000);
  await Promise.all(pending);
  // In the hour and the half minute that the last ones wait.
  expect(seen.get('checked')).toBeLessThanOrEqual(10 + 3_630 / 25);
  expect(seen.get('checked')).toBeGreaterThan(130);
  expect(owners).toHaveLength(3);
  for (const { outcome, ms } of owners) {
    expect(outcome).toBe('checked');
    expect(ms).toBeLessThanOrEqual(30_000);
  }
}, 90_000);

test('an hour of guesses at an account leaves no trace once they have stopped for five minutes', async () => {
  const { count, guess, settle, advance } = openCounts();
  const limits = count();
  for (let index = 0; index < 40; index += 1) void guess(limits, ADA, addressOf(index));
  await settle();
  await advance(5 * 60_000);
  const mine = guess(limits, ADA, '203.0.113.9');
  await settle();
  expect(await mine).toMatchObject({ outcome: 'checked', ms: 0 });
});

test('whoever hangs up while they wait leaves their seat to the next at once', async () => {
  const counts = openCounts();
  const { clock, count, settle, advance } = counts;
  await useUpTurns(counts, ADA);
  const limits = count();
  const callers = Array.from({ length: SEATS_OF_ONE }, (_, index) => ({
    hungUp: new AbortController(),
    address: addressOf(index),
  }));
  const left = callers.map(({ hungUp, address }) =>
    limits.admit({ account: ADA, address, deviceId: undefined, gone: hungUp.signal }),
  );
  await settle();
  const from = clock.now();
  for (const { hungUp } of callers) hungUp.abort();
  expect((await Promise.all(left)).map((told) => told?.cause)).toEqual(left.map(() => 'busy'));
  expect(clock.now()).toBe(from);
  // Eight others have the seats now: nobody is sent away by those who have gone.
  const next = callers.map((_, index) =>
    limits.admit({ account: ADA, address: addressOf(500 + index), deviceId: undefined }),
  );
  let sentAway = 0;
  for (const told of next) void told.then((why) => (sentAway += why ? 1 : 0));
  await settle();
  expect(sentAway).toBe(0);
  const late = limits.admit({
    account: ADA,
    address: addressOf(700),
    deviceId: undefined,
    gone: AbortSignal.abort(),
  });
  expect((await late)?.cause).toBe('busy');
  await advance(31_000);
  await Promise.all(next);
});

test('a crowd of guesses at one account keeps eight waiting in a process, each at most half a minute', async () => {
  const counts = openCounts();
  const { count, guess, settle, advance, open } = counts;
  await useUpTurns(counts, ADA);
  const limits = count();
  const all = Array.from({ length: 300 }, (_, index) => guess(limits, ADA, addressOf(index)));
  await settle();
  expect(open()).toBe(SEATS_OF_ONE);
  await advance(31_000);
  expect(open()).toBe(0);
  for (const { ms } of await Promise.all(all)) expect(ms).toBeLessThanOrEqual(30_000);
});

test('guesses at many accounts at once keep 200 waiting at most', async () => {
  const counts = openCounts();
  const { count, clock, guess, settle, advance, open } = counts;
  const limits = count();
  const all: Promise<unknown>[] = [];
  for (let account = 0; account < 30; account += 1) {
    await useUpTurns(counts, `p${account}@example.com`);
    // Their addresses, and what is checked in all, have their own counts.
    await database.pool.query('delete from sign_in_tries where cell / 262144 <> 4');
  }
  for (let account = 0; account < 30; account += 1)
    for (let index = 0; index < 10; index += 1)
      all.push(guess(limits, `p${account}@example.com`, addressOf(account * 10 + index)));
  await settle();
  expect(open()).toBe(200);
  expect(clock.sleepers()).toBeGreaterThan(20);
  await advance(31_000);
  await Promise.all(all);
});

describe('a known device', () => {
  test('waits for nobody, and is stopped by its own count only', async () => {
    const counts = openCounts();
    const { count, guess, settle, advance } = counts;
    await useUpTurns(counts, ADA);
    const limits = count();
    const flood = Array.from({ length: 300 }, (_, index) => guess(limits, ADA, addressOf(index)));
    await settle();
    // Behind a proxy that nobody told us of, the attacker has the owner's address, too.
    const shared = Array.from({ length: 40 }, () => guess(limits, ADA, '203.0.113.9'));
    await settle();
    const own = [];
    for (let tries = 0; tries < 12; tries += 1)
      own.push((await guess(limits, ADA, '203.0.113.9', 'her laptop')).outcome);
    expect(own).toEqual([...Array.from({ length: 10 }, () => 'checked'), 'pair', 'pair']);
    expect((await guess(limits, ADA, '203.0.113.9', 'her phone')).outcome).toBe('checked');
    await advance(31_000);
    await Promise.all([...flood, ...shared]);
  });

  test('gets in while all others are refused for their number', async () => {
    const { count, guess, settle, seen } = openCounts();
    const limits = count();
    const crowd = Array.from({ length: 200 }, (_, index) =>
      guess(limits, `p${index}@example.com`, addressOf(index)),
    );
    await settle();
    await Promise.all(crowd);
    expect(Object.fromEntries(seen)).toEqual({ checked: 120, total: 80 });
    expect((await guess(limits, ADA, '203.0.113.9', 'her laptop')).outcome).toBe('checked');
  });
});

test('ten guesses a minute are checked of one pair of account and address, and the answer says when there is another', async () => {
  const { count, guess, settle, advance } = openCounts();
  const limits = count();
  for (let tries = 0; tries < 10; tries += 1)
    expect((await guess(limits, ADA, '203.0.113.9')).outcome).toBe('checked');
  expect((await guess(limits, ADA, '203.0.113.9')).told).toEqual({ cause: 'pair', retryAfterSeconds: 6 });
  await advance(6_000);
  const next = guess(limits, ADA, '203.0.113.9');
  await settle();
  await advance(30_000);
  expect((await next).outcome).toBe('checked');
});

test('thirty guesses a minute are checked of one address over all accounts, and of IPv6 a /64 is one address', async () => {
  const { count, guess } = openCounts();
  const limits = count();
  for (const from of [() => '203.0.113.9', (index: number) => `2001:db8:1:2:${index.toString(16)}::1`]) {
    const outcomes = [];
    for (let index = 0; index < 32; index += 1)
      outcomes.push((await guess(limits, `p${index}@example.com`, from(index))).outcome);
    expect(outcomes.filter((outcome) => outcome === 'checked')).toHaveLength(30);
    expect(outcomes.slice(30)).toEqual(['address', 'address']);
  }
});

test('an address is known in each of its spellings', () => {
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('2001:DB8:0:2::1')).toBe('2001:db8:0:2::/64');
  expect(networkOf('2001:db8:0:2:ffff:ffff:ffff:ffff')).toBe('2001:db8:0:2::/64');
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('a person’s id')).toBe('a person’s id');
});

test('whoever waits is let go when the service stops', async () => {
  const stopping = new AbortController();
  const counts = openCounts();
  const { guess, settle, open, clock } = counts;
  await useUpTurns(counts, ADA);
  const random = seededRandom(1);
  const { signal } = stopping;
  const limits = createDoorLimits({ pool: database.pool, clock, random, secret: SECRET, stopping: signal });
  const all = Array.from({ length: 20 }, (_, index) => guess(limits, ADA, addressOf(index)));
  await settle();
  expect(open()).toBe(SEATS_OF_ONE);
  stopping.abort();
  await Promise.all(all);
});

test('a flood of names and addresses takes a bounded place', async () => {
  const { count, guess } = openCounts();
  const limits = count();
  const { rows } = await database.pool.query<{ cells: number[] }>(
    `select array_agg(distinct cell / 262144) as cells from sign_in_tries`,
  );
  expect(rows[0]?.cells).toBeNull();
  for (let index = 0; index < 50; index += 1) await guess(limits, `p${index}@example.com`, addressOf(index));
  const found = await database.pool.query<{ cell: number }>('select cell from sign_in_tries');
  expect(found.rows.length).toBeGreaterThan(150);
  // Ten limits with 2^18 cells each, and nothing that anybody has typed.
  for (const { cell } of found.rows) expect(cell).toBeLessThan(11 * 2 ** 18);
});
