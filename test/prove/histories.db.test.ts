/** Order in small: the whole of it is `npm run prove:histories`. */
import { expect, test } from 'vitest';
import { proveHistories } from './histories.ts';

const COUNT = Number(process.env['COUNT'] ?? 25);
const SEED = Number(process.env['SEED'] ?? 1);

test(`${COUNT} histories end in the same ledger, in order or shuffled, duplicated, dropped and polled`, {
  timeout: 120_000 + COUNT * 5000,
}, async () => {
  const figures = await proveHistories({
    count: COUNT,
    seed: SEED,
    onProgress: (histories) => process.stderr.write(COUNT > 100 ? `${histories} ` : ''),
  });
  const { findings, ...numbers } = figures;
  process.stderr.write(`${JSON.stringify(numbers)}\n`);
  expect(findings.join('\n\n')).toBe('');
  expect(figures).toMatchObject({ histories: COUNT, different: 0 });
  expect(figures.compared).toBeGreaterThan(COUNT);
});
