/** For tests: a simulated tenant with a destination connected to it, and a person at work in it. */
import type { Destination, StepResult } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { createZuoraDestination } from './destination.ts';
import { zuora } from './index.ts';
import { ZUORA_REGIONS } from './regions.ts';
import type { ExchangeListener } from './simulator/exchange.ts';
import { ledgerOf } from './simulator/ledger.ts';
import { createRequestLog } from './simulator/request-log.ts';
import { startZuoraSimulator } from './simulator/server.ts';
import { testContext } from './test-context.ts';

const NOW = Date.parse('2026-11-10T20:00:00Z');
export type TestTenant = Awaited<ReturnType<typeof startTestTenant>>;

export async function startTestTenant(onExchange?: ExchangeListener) {
  const clock = { now: () => NOW, sleep: async () => {} };
  const simulator = await startZuoraSimulator({ port: 0, clock, lockContentionChance: 0, onExchange });
  let keys = 0;

  const control = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${simulator.url}/_control/${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };

  return {
    simulator,
    async connect(more: Record<string, string> = {}, regions = ZUORA_REGIONS) {
      const { settings, secrets } = (await zuora.simulator?.connect(simulator.url, '')) ?? {
        settings: {},
        secrets: {},
      };
      const context = testContext({ ...settings, ...more }, { secrets }, { now: () => NOW });
      return { context, destination: createZuoraDestination(context, regions) };
    },
    send(destination: Destination, step: Step, idempotencyKey = `key-${++keys}`): Promise<StepResult> {
      const request = destination.toRequest(step);
      if (!request.ok) throw new Error(JSON.stringify(request.problems));
      return destination.send(step, request.value, { idempotencyKey, trackId: `track-${keys}` });
    },
    order: (path: string, body: unknown) => control('PUT', path, body),
    byHand: (method: string, path: string, body: unknown = {}) =>
      control('POST', 'by-hand', { method, path, body }),
    ledger: () => ledgerOf(simulator.tenant, createRequestLog()),
    async close() {
      simulator.tenant.books.assertAll();
      await simulator.close();
    },
  };
}
