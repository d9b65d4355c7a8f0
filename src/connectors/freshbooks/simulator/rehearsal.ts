/** The simulated FreshBooks in the hands of a rehearsal: its users act step by step, its calls fail as ordered. */
import type {
  CallFault,
  HistoryOrder,
  SimulatedSource,
  SimulatedSystem,
  WebhookFaults,
} from '../../../core/rehearsal.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { Act } from './act.ts';
import { type FaultsPatch, noFaults } from './faults.ts';
import { stepwise } from './histories.ts';
import { toLedger } from './ledger-view.ts';
import { startFreshBooksSimulator } from './server.ts';
import type { Simulator } from './simulator.ts';

const PLENTY_PER_MINUTE = 1_000_000;

export async function rehearseFreshBooks(options: {
  seed: number;
  clock: Clock;
  history: HistoryOrder;
}): Promise<SimulatedSource> {
  const { seed, clock } = options;
  const { url, simulator, close } = await startFreshBooksSimulator({
    seed,
    clock,
    rateLimitPerMinute: PLENTY_PER_MINUTE,
  });
  const history = stepwise(simulator.books, options.history);
  return {
    ...system(simulator),
    url,
    close,
    act: (count) => history.next(count),
    touched: () => countTouches(history.acts()),
    rows: () => history.rows(),
    webhooks(faults: Partial<WebhookFaults>) {
      const { duplicates, shuffled, dropped, delayMs } = faults;
      Object.assign(simulator.faults, {
        ...(duplicates === undefined ? {} : { webhookDuplicate: duplicates }),
        ...(shuffled === undefined ? {} : { webhookShuffle: shuffled }),
        ...(dropped === undefined ? {} : { webhookDropRate: dropped }),
        ...(delayMs === undefined ? {} : { webhookDelayMs: delayMs }),
      } satisfies FaultsPatch);
    },
    deliveriesUnderWay: () => simulator.deliveries.underWay(),
    revokeGrant: () => simulator.oauth.revokeGrant(),
  };
}

function system(simulator: Simulator): Omit<SimulatedSystem, 'url' | 'close'> {
  let ordered = 0;
  return {
    ledger: () => toLedger(simulator),
    order(fault, times) {
      const { faults } = simulator;
      const known = orderOf(fault, times);
      if (known === undefined) return false;
      ordered += times;
      if ('failNext' in known) faults.failNext.push(...known.failNext);
      else Object.assign(faults, known);
      return true;
    },
    slow: (latencyMs) => void (simulator.faults.latencyMs = latencyMs),
    expireTokens: () => simulator.oauth.expireAccessTokens(),
    calm() {
      const { failNext, loseAnswer, truncateBody, errorsWith200, neverAnswer } = simulator.faults;
      const unmet = [...failNext, loseAnswer, truncateBody, errorsWith200, neverAnswer];
      const met = ordered - unmet.reduce((sum, { times }) => sum + times, 0);
      ordered = 0;
      simulator.faults = noFaults();
      return Math.max(0, met);
    },
  };
}

type Order = Pick<Simulator['faults'], 'failNext'> | Partial<Simulator['faults']>;

/** Only reads and token calls come here, so all orders are for any call. */
function orderOf(fault: CallFault, times: number): Order | undefined {
  const any = { match: '*', times };
  switch (fault) {
    case 'request lost':
      return { failNext: [{ ...any, status: 0 }] };
    case 'answer lost after the effect':
      return { loseAnswer: any };
    case 'answer cut after the effect':
      return { truncateBody: any };
    case 'never answered':
      return { neverAnswer: any };
    case 'internal error':
      return { failNext: [{ ...any, status: 500 }] };
    case 'bad gateway':
      return { failNext: [{ ...any, status: 502 }] };
    case 'rate limited, with a time':
      return { failNext: [{ ...any, status: 429, retryAfter: 7 }] };
    case 'rate limited, without a time':
      return { failNext: [{ ...any, status: 429 }] };
    case 'refused under HTTP 200':
    case 'time-out after the effect':
    case 'effect after the time-out':
    case 'too many at once':
    case 'lock contention':
      return undefined;
  }
}

function countTouches(acts: readonly Act[]): ReadonlyMap<string, number> {
  const touches = new Map<string, number>();
  for (const act of acts) {
    const key = 'id' in act ? `${kindOf(act)}/${act.id}` : undefined;
    if (key !== undefined) touches.set(key, (touches.get(key) ?? 0) + 1);
  }
  return touches;
}

function kindOf({ verb }: Act): string {
  if (verb.endsWith('credit-note')) return 'credit';
  return verb.slice(verb.lastIndexOf('-') + 1);
}
