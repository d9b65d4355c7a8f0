/** For tests: a simulated tenant that can be set up wrongly, connections to it, and proof that nothing was written. */
import { createZuoraDestination } from './destination.ts';
import { type Region, ZUORA_REGIONS } from './regions.ts';
import { startZuoraSimulator, type ZuoraSimulatorOptions } from './simulator/server.ts';
import { testContext } from './test-context.ts';

const NOW = Date.parse('2026-11-10T20:00:00Z');

export type PreflightBench = Awaited<ReturnType<typeof startPreflight>>;

export async function startPreflight(options: ZuoraSimulatorOptions = {}) {
  const writes: string[] = [];
  const simulator = await startZuoraSimulator({
    clock: { now: () => NOW, sleep: async () => {} },
    ...options,
    onExchange: ({ method, path }) => {
      if (method !== 'GET' && path !== '/oauth/token') writes.push(`${method} ${path}`);
    },
  });
  const order = async (path: string, body: unknown) => {
    const init = { method: 'PUT', body: JSON.stringify(body) };
    const answer = await fetch(`${simulator.url}/_control/${path}`, init);
    if (!answer.ok) throw new Error(await answer.text());
  };
  return {
    simulator,
    /** Calls that would change something. */
    writes,
    order,
    features: (change: Record<string, unknown>) => order('features', change),
    connect(
      more: Record<string, string> = {},
      clientSecret = simulator.clientSecret,
      move: (regions: readonly Region[]) => readonly Region[] = (regions) => regions,
    ) {
      const settings = {
        baseUrl: simulator.baseUrl,
        clientId: simulator.clientId,
        taxation: 'auto',
        ...more,
      };
      const context = testContext(settings, { secrets: { clientSecret } }, { now: () => NOW });
      const regions = ZUORA_REGIONS.map((one) => ({ ...one, baseUrl: `${simulator.url}/regions/${one.id}` }));
      return { context, destination: createZuoraDestination(context, move(regions)) };
    },
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}
