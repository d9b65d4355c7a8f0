/**
 * Records what every Zuora simulator of this process is asked and answers, each shape once, for the check at the end of
 * the run. Loaded into every test worker and, over NODE_OPTIONS, into every Node process that tests start.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchExchanges } from '../../src/connectors/zuora/simulator/exchange.ts';
import { shapeOf } from '../contract/shape.ts';

const folder = process.env['ZUORA_EXCHANGES'];

if (folder !== undefined) {
  const file = join(folder, `${process.pid}-${Math.random().toString(36).slice(2)}.jsonl`);
  const seen = new Set<string>();
  watchExchanges((exchange) => {
    const shape = shapeOf(exchange);
    if (seen.has(shape)) return;
    seen.add(shape);
    const { authorization: _, ...headers } = exchange.headers;
    appendFileSync(file, `${JSON.stringify({ ...exchange, headers })}\n`);
  });
}
