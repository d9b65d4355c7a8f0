/** Hands out calls of shared budgets: one queue for each budget in this process, one row for all processes. */
import {
  type Ask,
  type BudgetHint,
  type CallBudget,
  inFlightOf,
  learnLimits,
  newCallBudget,
  shiftBudget,
  takeCalls,
} from '../core/call-budget.ts';
import { OperatingError } from '../core/errors.ts';
import { elapsedMs } from '../platform/clock.ts';
import { type BudgetKey, findBudget, type StoredBudget, swapBudget } from '../store/call-budgets.ts';
import { isAhead } from '../store/set-back.ts';
import type { EngineParts } from './parts.ts';

/** Longer than this nobody waits inside a call: the lane is put off instead. */
const LONGEST_WAIT_MS = 15_000;
/** Calls that have ended are told with the next turn that is taken, or by themselves after so long. */
const TELL_ENDED_MS = 50;
const CLOCK_SET_BACK =
  'The clock was set back: what was stored to wait for begins anew, with the length it had.';

export type CallRequest = {
  budget: BudgetKey;
  /** Limits to begin with, until answers tell better. */
  windows: readonly { limit: number; windowMs: number }[];
  /** Which limit of calls at once it counts against. */
  kind: string;
  /** Who shares the budget: the connection. */
  user: string;
  live: boolean;
};

export type Governor = {
  /** Resolves with the call's turn; what it gives must be called when the call has ended. Throws `rate_limited`. */
  take(request: CallRequest): Promise<() => void>;
  learn(budget: BudgetKey, hint: BudgetHint): Promise<void>;
};

type Parts = Pick<EngineParts, 'db' | 'clock' | 'log' | 'metrics' | 'instance' | 'stopping'>;
type Waiting = {
  ask: Ask;
  since: number;
  resolve: (end: () => void) => void;
  reject: (error: unknown) => void;
};

export function createGovernor(parts: Parts): Governor {
  const desks = new Map<string, Desk>();
  const deskOf = (budget: BudgetKey, windows: CallRequest['windows'] = []) => {
    const name = `${budget.name}\n${budget.pool}`;
    const desk = desks.get(name) ?? createDesk(parts, budget, windows);
    desks.set(name, desk);
    return desk;
  };
  return {
    take: ({ budget, windows, ...request }) => deskOf(budget, windows).take(request),
    learn: (budget, hint) => deskOf(budget).learn(hint),
  };
}

type Desk = {
  take(request: Pick<CallRequest, 'kind' | 'user' | 'live'>): Promise<() => void>;
  learn(hint: BudgetHint): Promise<void>;
};

function createDesk(parts: Parts, key: BudgetKey, windows: CallRequest['windows']): Desk {
  const { db, clock, log, metrics, instance, stopping } = parts;
  let waiting: Waiting[] = [];
  let ended: Record<string, number> = {};
  let seen: StoredBudget | undefined;
  let changing: Promise<unknown> = Promise.resolve();
  let isServing = false;
  let isAsked = false;
  let stir: (() => void) | undefined;

  /** Applies `change` to the newest state; a state that somebody else has changed in the meantime is read again. */
  function change<T extends { budget: CallBudget }>(make: (budget: CallBudget) => T): Promise<T> {
    const turn = changing.then(() => changeNow(make));
    changing = turn.catch(() => undefined);
    return turn;
  }

  async function changeNow<T extends { budget: CallBudget }>(make: (budget: CallBudget) => T): Promise<T> {
    for (;;) {
      const known = seen ?? (await findBudget(db, key));
      seen = undefined;
      const changedAt = new Date(clock.now());
      const aheadMs =
        known && isAhead(known.changedAt, changedAt.getTime())
          ? known.changedAt.getTime() - changedAt.getTime()
          : 0;
      const made = make(known ? shiftBudget(known.budget, -aheadMs) : newCallBudget(windows));
      if (!(await swapBudget(db, key, known, made.budget, changedAt))) continue;
      if (aheadMs > 0) log.warn({ budget: key.name, pool: key.pool, aheadMs }, CLOCK_SET_BACK);
      seen = { version: known === undefined ? 0n : known.version + 1n, budget: made.budget, changedAt };
      show(made.budget);
      return made;
    }
  }

  async function serveOnce(): Promise<number> {
    const now = clock.now();
    const turn = [...waiting];
    const released = ended;
    ended = {};
    const { granted, askAgainAt } = await change((budget) =>
      takeCalls(budget, { process: instance, released, asks: turn.map(({ ask }) => ask) }, now),
    ).catch((error: unknown) => {
      for (const [kind, count] of Object.entries(released)) ended[kind] = (ended[kind] ?? 0) + count;
      throw error;
    });
    const got = new Set(granted.map((index) => turn[index]));
    // Whoever has come since is not among those whose turn this was, and `askAgainAt` says nothing about them.
    const late = turn.filter(
      (one) =>
        !got.has(one) &&
        Math.max(askAgainAt - clock.now(), 0) + elapsedMs(clock) - one.since > LONGEST_WAIT_MS,
    );
    waiting = waiting.filter((one) => !got.has(one) && !late.includes(one));
    for (const one of got) if (one !== undefined) grant(one);
    for (const { reject } of late) {
      const until = Math.max(askAgainAt, clock.now() + 1_000);
      reject(new OperatingError('rate_limited', 'the call budget is used up for now', { until }));
    }
    return askAgainAt;
  }

  function grant({ ask, resolve, since }: Waiting): void {
    metrics.callWait.observe({ budget: key.name }, (elapsedMs(clock) - since) / 1000);
    metrics.callsGranted.inc({
      budget: key.name,
      connection: ask.user,
      priority: ask.live ? 'live' : 'backfill',
    });
    let isOver = false;
    resolve(() => {
      if (isOver) return;
      isOver = true;
      ended[ask.kind] = (ended[ask.kind] ?? 0) + 1;
      if (waiting.length > 0) wake();
      else void clock.sleep(TELL_ENDED_MS, stopping).then(wake);
    });
  }

  function wake(): void {
    isAsked = true;
    stir?.();
    if (isServing) return;
    isServing = true;
    void serve().finally(() => {
      isServing = false;
      if (waiting.length > 0) wake();
    });
  }

  async function serve(): Promise<void> {
    while (waiting.length > 0 || Object.keys(ended).length > 0) {
      isAsked = false;
      let askAgainAt: number;
      try {
        askAgainAt = await serveOnce();
      } catch (error) {
        seen = undefined;
        for (const { reject } of waiting.splice(0)) reject(error);
        return;
      }
      if (waiting.length === 0 || isAsked) continue;
      const nap = new AbortController();
      stir = () => nap.abort();
      const waitMs = Math.max(1, askAgainAt - clock.now());
      await clock.sleep(Math.min(waitMs, LONGEST_WAIT_MS), AbortSignal.any([nap.signal, stopping]));
      stir = undefined;
    }
  }

  function show(budget: CallBudget): void {
    const labels = { budget: key.name, pool: key.pool };
    metrics.callsBlocked.set(labels, Math.max(0, budget.blockedUntil - clock.now()) / 1000);
    for (const [windowMs, { limit }] of Object.entries(budget.windows))
      metrics.callLimit.set({ ...labels, seconds: String(Number(windowMs) / 1000) }, limit);
    for (const [kind, { allowed }] of Object.entries(budget.concurrency)) {
      metrics.callsAtOnce.set({ ...labels, kind }, inFlightOf(budget, kind));
      metrics.callsAtOnceAllowed.set({ ...labels, kind }, Math.floor(allowed));
    }
  }

  return {
    take: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({
          ask: { ...request, startAt: clock.now() },
          since: elapsedMs(clock),
          resolve,
          reject,
        });
        wake();
      }),
    async learn(hint) {
      await change((budget) => ({ budget: learnLimits(budget, hint, clock.now()) }));
    },
  };
}
