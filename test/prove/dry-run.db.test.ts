/** A dry run in small: the whole of it is `npm run prove:dry-run`. */
import { expect, test } from 'vitest';
import { proveDryRuns } from './dry-run.ts';

const COUNT = Number(process.env['CASES'] ?? 60);

test(`${COUNT} dry runs predict the requests that are then sent, byte for byte`, {
  timeout: 120_000 + COUNT * 500,
}, async () => {
  const figures = await proveDryRuns(COUNT, 5);
  expect(figures.findings).toEqual([]);
  expect(figures).toMatchObject({ cases: COUNT, different: 0 });
  expect(figures.withWrites).toBeGreaterThan(COUNT / 4);
});
