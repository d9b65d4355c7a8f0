/** Guarantees of the shared call budget against a vendor that does not tell its limits, in virtual time. */
import { describe, expect, test } from 'vitest';
import { playScene, type Scene } from './governor.ts';

const HIDDEN: Omit<Scene, 'groups'> = {
  seed: 1,
  calls: 20_000,
  perMinute: 2_500,
  atOnce: 10,
  tellsRate: false,
};
const busy = { live: true, workers: 16, restMs: 0 };

describe.each([
  ['limits that nobody tells', false],
  ['a rate that headers tell and a cap on calls at once that they do not', true],
])('against %s', (_, tellsRate) => {
  test.each([1, 2, 3])(
    '20,000 calls use nine tenths of the rate with almost no refusal (seed %s)',
    (seed) => {
      const groups = [{ ...busy, process: 'p', user: 'a', workers: 32 }];
      const played = playScene({ ...HIDDEN, seed, tellsRate, groups });
      expect(played.refusedLater / played.laterCalls).toBeLessThan(0.001);
      expect(played.usedPercent).toBeGreaterThanOrEqual(90);
    },
  );

  test('two processes share one budget', () => {
    const groups = ['p', 'q'].map((process) => ({ ...busy, process, user: 'a' }));
    const played = playScene({ ...HIDDEN, tellsRate, groups });
    expect(played.refusedLater / played.laterCalls).toBeLessThan(0.001);
    expect(played.usedPercent).toBeGreaterThanOrEqual(90);
    const { p = 0, q = 0 } = played.byProcess;
    expect(Math.min(p, q)).toBeGreaterThan(played.calls / 4);
  });

  test('I10 two connections of unequal load each get their share', () => {
    const groups = [
      { ...busy, process: 'p', user: 'large', workers: 48 },
      { ...busy, process: 'q', user: 'small', workers: 3, restMs: 200 },
      { ...busy, process: 'q', user: 'large', workers: 16 },
    ];
    const alone = playScene({ ...HIDDEN, tellsRate, calls: 2_000, groups: groups.slice(1, 2) });
    const together = playScene({ ...HIDDEN, tellsRate, groups });
    const perMinute = (count = 0, minutes: number) => count / minutes;
    const wanted = perMinute(alone.byUser['small'], alone.minutes);
    // It wants less than half: it gets nearly all it wants, and the rest is not left unused.
    expect(perMinute(together.byUser['small'], together.minutes)).toBeGreaterThan(wanted * 0.7);
    expect(together.usedPercent).toBeGreaterThanOrEqual(90);
  });

  test('two connections of equal hunger get equal shares, however many workers each has', () => {
    const groups = [
      { ...busy, process: 'p', user: 'large', workers: 48 },
      { ...busy, process: 'q', user: 'small', workers: 12 },
    ];
    const { byUser, usedPercent } = playScene({ ...HIDDEN, tellsRate, groups });
    const { large = 0, small = 0 } = byUser;
    expect(small / large).toBeGreaterThan(0.8);
    expect(small / large).toBeLessThan(1.25);
    expect(usedPercent).toBeGreaterThanOrEqual(90);
  });

  test('R6 live work goes before backfill and hardly waits', () => {
    const groups = [
      { ...busy, process: 'p', user: 'a', workers: 40, live: false },
      { ...busy, process: 'q', user: 'a', workers: 4, restMs: 1_000 },
      { ...busy, process: 'q', user: 'b', workers: 20, live: false },
    ];
    const { waitsOfLive, usedPercent } = playScene({ ...HIDDEN, tellsRate, groups });
    const sorted = waitsOfLive.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(500);
    expect(usedPercent).toBeGreaterThanOrEqual(90);
  });
});
