/** What both forms of the demo share: the options, and driving the source's simulated people. */
import type { World } from './world.ts';

export type DemoOptions = {
  invoices: number;
  payments: number;
  seed: number;
  rate?: number | undefined;
  poll?: boolean | undefined;
  kill: number;
  port?: number | undefined;
  json?: boolean | undefined;
};

/** What people do in the source each second: as much as its own call limit lets a copier follow. */
export const DEFAULT_RATE = 5;

type WorkloadProgress = { done: boolean; invoicesMade: number; paymentsMade: number; error?: string };

export async function startWorkload(
  world: World,
  workload:
    | { seed: number; invoices: number; payments: number; ratePerSecond: number }
    | { seed: number; endless: true; ratePerSecond: number },
): Promise<void> {
  await world.askSource('POST', '/_control/workload', workload);
}

export async function workloadProgress(world: World): Promise<WorkloadProgress> {
  const progress = (await world.askSource('GET', '/_control/workload')) as WorkloadProgress;
  if (progress.error) throw new Error(`the simulated people stopped: ${progress.error}`);
  return progress;
}
