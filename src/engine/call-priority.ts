/** Whether the calls of the present work are live or history: live ones go first in a shared budget. */
import { AsyncLocalStorage } from 'node:async_hooks';

export type CallPriority = 'live' | 'backfill';

const priority = new AsyncLocalStorage<CallPriority>();

export function withCallPriority<T>(value: CallPriority, run: () => Promise<T>): Promise<T> {
  return priority.run(value, run);
}

export function callPriority(): CallPriority {
  return priority.getStore() ?? 'live';
}
