/** One thread of the money bench: judges its part in pieces and tells each. */
import { parentPort, workerData } from 'node:worker_threads';
import { tallyInvoices } from './money-tally.ts';

export type MoneyWork = { seed: number; first: number; count: number };

const PIECE = 500;

const { seed, first, count } = workerData as MoneyWork;
for (let done = 0; done < count; done += PIECE) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(tallyInvoices(seed, first + done, Math.min(PIECE, count - done)));
}
