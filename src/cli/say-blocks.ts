/** What connections cannot do, a line each: since when, why and what to do. */
import pc from 'picocolors';
import type { BlockView } from '../operations/block-views.ts';
import { say } from './output.ts';

export function sayBlocks(blocks: readonly BlockView[]): void {
  for (const { words, message, wayOut, since, held, workedAround } of blocks) {
    const waiting = held > 0 ? `, ${held} records wait` : '';
    const sign = workedAround ? pc.dim('worked around') : pc.yellow('not permitted');
    say(`${sign} ${words}, since ${since}${waiting}: ${message}. ${wayOut}`);
  }
}
