/** The simulated Zuora in the hands of a rehearsal: its calls fail as ordered, and every write is told. */
import type { CallFault, SeenWrite, SimulatedDestination } from '../../../core/rehearsal.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Exchange } from './exchange.ts';
import type { FaultOrder } from './faults.ts';
import { ledgerOf } from './ledger.ts';
import { startZuoraSimulator } from './server.ts';

const WRITES = ['POST', 'PUT', 'DELETE'] as const;
const SAYS_YES = /"success"\s*:\s*true/;
const SAYS_NO = /"success"\s*:\s*false/;
const LATEST_COMMIT_MS = 600_000;

export async function rehearseZuora(options: {
  seed: number;
  clock: Clock;
  /** Calls at once that are served; the answers announce more than that when it is hidden. */
  concurrency?: number;
}): Promise<SimulatedDestination> {
  const { seed, clock, concurrency } = options;
  const listeners: ((write: SeenWrite) => void)[] = [];
  const simulator = await startZuoraSimulator({
    seed,
    clock,
    lockContentionChance: 0.1,
    replayStyle: seed % 2 === 0 ? 'stored' : '409-with-result',
    ...(concurrency === undefined ? {} : { concurrency: { default: concurrency, objectQuery: concurrency } }),
    onExchange: (exchange) => tell(listeners, exchange),
  });
  const { url, tenant, log, faults, tokens } = simulator;
  let ordered = 0;
  const unmet = () => {
    const { lockContentionNext = 0, ...orders } = faults.orders();
    const lists = Object.values(orders).filter((value) => Array.isArray(value));
    return lists.flat().reduce((sum, { times }) => sum + times, lockContentionNext);
  };
  return {
    url,
    ledger: () => ledgerOf(tenant, log),
    order(fault, times, which) {
      const orders = toOrders(fault, times, which === 'any' ? ['*'] : WRITES, tenant.random.next());
      if (orders === undefined) return false;
      const present: Record<string, unknown> = faults.orders();
      const before = unmet();
      for (const [name, more] of Object.entries(orders)) {
        const old = present[name];
        faults.set({ [name]: Array.isArray(old) && Array.isArray(more) ? [...old, ...more] : more });
      }
      ordered += unmet() - before;
      return true;
    },
    slow: (latencyMs) => faults.set({ latencyMs }),
    expireTokens: () => tokens.revokeAll(),
    calm() {
      const met = ordered - unmet();
      ordered = 0;
      faults.clear();
      return Math.max(0, met);
    },
    forgetKeys: simulator.forgetKeys,
    onWrite: (listener) => void listeners.push(listener),
    close: simulator.close,
  };
}

function tell(listeners: readonly ((write: SeenWrite) => void)[], exchange: Exchange): void {
  const { method, path, headers, answer } = exchange;
  const isWrite = method !== 'GET' && !path.endsWith('/oauth/token') && !path.includes('/query/');
  if (!isWrite) return;
  const write = {
    call: `${method} ${path}`,
    trackId: headers['zuora-track-id'] ?? '',
    // A member of a batch may have failed inside an answer that worked.
    ok:
      answer !== undefined && answer.status < 400 && SAYS_YES.test(answer.body) && !SAYS_NO.test(answer.body),
  };
  for (const listener of listeners) listener(write);
}

function toOrders(
  fault: CallFault,
  times: number,
  matches: readonly string[],
  chance: number,
): FaultOrder | undefined {
  const each = matches.map((match) => ({ match, times }));
  const failing = (failure: {
    status: number;
    code?: number;
    body: 'json' | 'html';
    retryAfter?: number;
  }) => ({
    failNext: each.map((one) => ({ ...one, ...failure })),
  });
  switch (fault) {
    case 'request lost':
      return { loseRequestBefore: each };
    case 'answer lost after the effect':
      return { loseAnswerAfter: each };
    case 'answer cut after the effect':
      return { truncateBody: each };
    case 'never answered':
      return { neverAnswer: each };
    case 'time-out after the effect':
      return { gatewayTimeoutWithWriteDone: each.map((one) => ({ ...one, afterMs: 0 })) };
    case 'effect after the time-out': {
      const commitAfterMs = 1_000 + Math.floor(chance * LATEST_COMMIT_MS);
      return { lateCommit: each.map((one) => ({ ...one, commitAfterMs, gatewayTimeout: chance < 0.5 })) };
    }
    case 'internal error':
      return failing({ status: 500, code: 53_810_060, body: 'json' });
    case 'bad gateway':
      return failing({ status: 502, body: 'html' });
    case 'refused under HTTP 200':
      return { successFalseWith200: true };
    case 'rate limited, with a time':
      return failing({ status: 429, code: 70, body: 'json', retryAfter: 120 });
    case 'rate limited, without a time':
      return failing({ status: 429, code: 70, body: 'json' });
    case 'too many at once':
      return failing({ status: 429, code: 50_000_070, body: 'json', retryAfter: 120 });
    case 'lock contention':
      return { lockContentionNext: times };
  }
}
