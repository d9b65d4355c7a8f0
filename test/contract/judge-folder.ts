/** Judges the exchanges that the processes of a run have recorded in a folder, each shape once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import { loadJudge } from './openapi.ts';
import { shapeOf } from './shape.ts';
import { type ContractFigures, createTally } from './tally.ts';

export async function judgeFolder(openApi: string, folder: string): Promise<ContractFigures> {
  const tally = createTally(loadJudge(openApi));
  const seen = new Set<string>();
  for (const name of await readdir(folder)) {
    // A killed process may have left its last line unfinished.
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);
    for (const line of lines) {
      const exchange = JSON.parse(line) as Exchange;
      const shape = shapeOf(exchange);
      if (seen.has(shape)) continue;
      seen.add(shape);
      tally.see(exchange);
    }
  }
  return tally.figures();
}
