/** Guarantees of recurring times. */
import { expect, test } from 'vitest';
import { nextOccurrence } from './schedule.ts';

const next = (cron: string, after: string) => nextOccurrence(cron, new Date(after)).toISOString();

test('the next time is after the given one, in UTC', () => {
  expect(next('*/10 * * * *', '2026-06-29T16:48:37Z')).toBe('2026-06-29T16:50:00.000Z');
  expect(next('*/10 * * * *', '2026-06-29T16:50:00Z')).toBe('2026-06-29T17:00:00.000Z');
  expect(next('15 2 * * 1', '2026-06-29T03:00:00Z')).toBe('2026-07-06T02:15:00.000Z');
});

test('nights on which clocks change elsewhere neither skip nor double a time', () => {
  expect(next('30 2 * * *', '2026-03-08T00:00:00Z')).toBe('2026-03-08T02:30:00.000Z');
  expect(next('30 1 * * *', '2026-11-01T01:30:00Z')).toBe('2026-11-02T01:30:00.000Z');
});

test('what is no schedule is refused with an example', () => {
  for (const wrong of ['', '5', '* * * * * *', 'every hour', '61 * * * *']) {
    expect(() => nextOccurrence(wrong, new Date())).toThrow(/is no schedule/);
  }
});
