/** Judges the exchanges that the processes of a run have recorded in a folder, each shape once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchange } from '../../src/connectors/zuora/simulator/exchange.ts';
import type { ContractDocument } from './documents.ts';
import { shapeOf } from './shape.ts';
import { type ContractFigures, createTally } from './tally.ts';

/** Figures for each of the documents, in their order. */
export async function judgeFolder(
  documents: readonly ContractDocument[],
  folder: string,
): Promise<ContractFigures[]> {
  const tallies = documents.map(createTally);
  const seen = new Set<string>();
  for (const name of await readdir(folder)) {
    // A killed process may have left its last line unfinished.
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);
    for (const line of lines) {
      const exchange = JSON.parse(line) as Exchange;
      const shape = shapeOf(exchange);
      if (seen.has(shape)) continue;
      seen.add(shape);
      for (const tally of tallies) tally.see(exchange);
    }
  }
  return tallies.map((tally) => tally.figures());
}
