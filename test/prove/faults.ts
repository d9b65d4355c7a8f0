/** How the outcome of a call becomes unknown, and when it is tried again. */

import type { FaultOrder } from '../../src/connectors/zuora/simulator/faults.ts';
import type { Random } from '../../src/platform/clock.ts';

export const FAULTS = [
  'answer lost',
  'request lost',
  'connection closed, late commit',
  'gateway time-out, done',
  'gateway time-out, late commit',
  'gateway time-out, nothing done',
  'truncated answer',
  'internal error',
  'crash before the call',
  'crash after the call',
] as const;
export type Fault = (typeof FAULTS)[number];

const HOUR_MS = 3_600_000;
export const DELAYS_MS = {
  'at once': 0,
  'after 25 hours': 25 * HOUR_MS,
  'after 7 days': 7 * 24 * HOUR_MS,
  'after 90 days': 90 * 24 * HOUR_MS,
} as const;
export type Delay = keyof typeof DELAYS_MS;

const LATEST_COMMIT_MS = 600_000;

/** What the simulator is told; undefined for crashes, which are ours. */
export function orderOf(fault: Fault, match: string, random: Random): FaultOrder | undefined {
  const times = 1;
  const commitAfterMs = 1_000 + Math.floor(random.next() * LATEST_COMMIT_MS);
  switch (fault) {
    case 'answer lost':
      return { loseAnswerAfter: [{ match, times }] };
    case 'request lost':
      return { loseRequestBefore: [{ match, times }] };
    case 'connection closed, late commit':
      return { lateCommit: [{ match, times, commitAfterMs, gatewayTimeout: false }] };
    case 'gateway time-out, done':
      return { gatewayTimeoutWithWriteDone: [{ match, times, afterMs: 0 }] };
    case 'gateway time-out, late commit':
      return { lateCommit: [{ match, times, commitAfterMs, gatewayTimeout: true }] };
    case 'gateway time-out, nothing done':
      return { failNext: [{ match, times, status: 504, body: 'html' }] };
    case 'truncated answer':
      return { truncateBody: [{ match, times }] };
    case 'internal error':
      return { failNext: [{ match, times, status: 500, code: 53_810_060, body: 'json' }] };
    case 'crash before the call':
    case 'crash after the call':
      return undefined;
  }
}
