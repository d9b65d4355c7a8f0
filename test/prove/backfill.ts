/** `npm run -s prove:backfill -- --json`: 5,000 invoices and 5,000 payments, 20 times kill -9, nothing missing. */
import { parseArgs } from 'node:util';
import { proveBackfill } from './backfill-run.ts';

const MOST_REPEATED_PERCENT = 1;

const { values } = parseArgs({
  options: {
    invoices: { type: 'string', default: '5000' },
    payments: { type: 'string', default: '5000' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

function readWhole(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new Error(`--${name} takes a whole number, not ${JSON.stringify(text)}.`);
  return Number.parseInt(text, 10);
}

const result = await proveBackfill({
  invoices: readWhole('invoices', values.invoices),
  payments: readWhole('payments', values.payments),
  kills: readWhole('kills', values.kills),
  seed: readWhole('seed', values.seed),
  tell: (line) => process.stderr.write(`${line}\n`),
});
const good = result.equal && result.state === 'complete' && result.repeatedPercent < MOST_REPEATED_PERCENT;
process.stdout.write(`${JSON.stringify({ good, ...result }, null, values.json ? 0 : 2)}\n`);
process.exitCode = good ? 0 : 1;
