/** What every class of faults is: it strikes while the world works, and says how often it was met. */
import type { ProofWorld } from './world.ts';

export const FAULT_CLASSES = {
  crash: 'kill -9 at a named durable step, before or after',
  database: 'PostgreSQL restarted, connections cut, none left, aborts, disk full',
  'answer-lost': 'the answer is lost after the effect',
  'request-lost': 'the request is lost',
  webhooks: 'webhooks duplicated, reordered, delayed up to 7 days, dropped',
  forged: 'forged and replayed webhooks',
  'rate-limits': '429 with and without a time, a hidden limit of calls at once',
  outages: '5xx storms, slow, never answered and cut answers, refusals under HTTP 200',
  tokens: 'tokens expire, are renewed by two at once, the grant is withdrawn',
  'moving-source': 'the source is edited while it is copied, pages shift',
  clocks: 'clock skew, nights of daylight saving, jumps of days',
  'two-workers': 'two workers in one lane, one paused for longer than its lease',
  'keys-forgotten': 'idempotency keys are forgotten before a retry',
  restore: 'the database is restored from an old backup',
  upgrade: 'a new version starts while the old one runs',
} as const;
export type FaultName = keyof typeof FAULT_CLASSES;

export const FAULT_NAMES = Object.keys(FAULT_CLASSES) as FaultName[];

/** Ends the strike; gives how many faults were met. */
export type Over = () => number | Promise<number>;

/** Arms the fault, while users act and lanes are worked. */
export type Strike = (world: ProofWorld) => Over | Promise<Over>;
