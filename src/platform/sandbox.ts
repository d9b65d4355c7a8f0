/** Simulators as child processes of the service, for whoever wants to try everything without credentials. */
import type { SimulatorManifest } from '../core/ports.ts';
import { type Child, startSimulator } from './children.ts';

export interface Sandbox {
  /** Where that simulator is; it is started first where it is not running. Its books live as long as the service. */
  urlOf(simulator: SimulatorManifest): Promise<string>;
  /** Lets simulated people write invoices and pay them. */
  work(sourceUrl: string, workload: { seed: number; invoices: number; payments: number }): Promise<void>;
  close(): Promise<void>;
}

const SEED = 1;
const PER_SECOND = 50;
const LOOK_MS = 100;
const LONGEST_MS = 20_000;

export function createSandbox(environment: Record<string, string>): Sandbox {
  const started = new Map<string, Promise<Child>>();
  return {
    async urlOf(simulator) {
      let child = started.get(simulator.program);
      if (!child) {
        child = startSimulator(simulator, { port: 0, seed: SEED, environment });
        started.set(simulator.program, child);
        // One that could not start, or has ended, is started anew the next time.
        const forget = () => started.delete(simulator.program);
        child.then(({ exited }) => exited.then(forget), forget);
      }
      return String((await child).ready['url']);
    },
    async work(sourceUrl, workload) {
      const address = new URL('/_control/workload', sourceUrl);
      const answer = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...workload, ratePerSecond: PER_SECOND }),
      });
      if (!answer.ok) throw new Error(`the simulator refused the workload with ${answer.status}`);
      for (let waitedMs = 0; waitedMs < LONGEST_MS; waitedMs += LOOK_MS) {
        const { done } = (await (await fetch(address)).json()) as { done: boolean };
        if (done) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    async close() {
      const children = await Promise.allSettled(started.values());
      await Promise.all(children.flatMap((one) => (one.status === 'fulfilled' ? [one.value.stop()] : [])));
    },
  };
}
