/** Who goes next where turns are rare: a bounded room for each account, in which whoever has tried least goes first. */
import type { Clock, Random } from './clock.ts';

/** Longer than this nobody is kept; a turn comes about every 25 seconds. */
const LONGEST_WAIT_MS = 30_000;
/** Seats for one account, and for all of them in this process: each holds a connection open. */
export const SEATS_OF_ONE = 8;
const SEATS_OF_ALL = 200;

/** How much sooner than others they may go who have not tried before, in whatever process they wait; less by each try. */
export const SOONEST_MS = 2_000;
export const SOONER_BY_TRY_MS = 500;

export type Turns = {
  /**
   * Zero when it is one's turn, else after how long to come back. `seat`: whoever comes again while they wait takes the
   * place of their first try. `tried`: how often they tried lately.
   */
  wait(who: {
    account: string;
    seat: string;
    tried: number;
    /** Aborted when they have gone: their seat is free then. */
    gone?: AbortSignal | undefined;
  }): Promise<number>;
  waiting(): number;
};

type Waiter = {
  account: string;
  seat: string;
  tried: number;
  /** Among equals nobody knows whose turn is next, so nobody can keep the others from theirs by coming early. */
  lot: number;
  until: number;
  resolve: (waitMs: number) => void;
  reject: (error: unknown) => void;
};

export function createTurns(parts: {
  clock: Clock;
  random: Random;
  /** Takes the account's next turn: zero, or how long until there is one, which is later the more was `tried`. */
  claim: (account: string, tried: number) => Promise<number>;
  giveBack: (account: string) => Promise<void>;
  stopping?: AbortSignal | undefined;
}): Turns {
  const { clock, random, claim, giveBack, stopping } = parts;
  let seats: Waiter[] = [];
  const served = new Set<string>();
  const of = (account: string) => seats.filter((waiter) => waiter.account === account);

  const leave = (waiter: Waiter, waitMs: number) => {
    seats = seats.filter((other) => other !== waiter);
    waiter.resolve(waitMs);
  };

  /** Until nobody waits for this account any more. */
  const serve = async (account: string): Promise<void> => {
    try {
      while (of(account).length > 0) await serveOnce(account);
    } catch (error) {
      for (const waiter of of(account)) waiter.reject(error);
      seats = seats.filter((other) => other.account !== account);
    } finally {
      served.delete(account);
    }
  };

  const serveOnce = async (account: string): Promise<void> => {
    const [best] = of(account).sort(byTries);
    const waitMs = await claim(account, best?.tried ?? 0);
    const waiters = of(account).sort(byTries);
    const [next] = waiters;
    if (waitMs === 0) {
      if (next) leave(next, 0);
      else await giveBack(account);
      return;
    }
    const turnAt = clock.now() + waitMs;
    for (const waiter of waiters) if (waiter.until < turnAt) leave(waiter, waitMs);
    // First until whoever has tried least may go: they can come in meanwhile.
    if (of(account).length > 0)
      await clock.sleep(waitMs > SOONEST_MS ? waitMs - SOONEST_MS : waitMs, stopping);
    if (stopping?.aborted) for (const waiter of of(account)) leave(waiter, waitMs);
  };

  return {
    waiting: () => seats.length,
    wait: ({ account, seat, tried, gone }) =>
      new Promise((resolve, reject) => {
        if (gone?.aborted) return resolve(LONGEST_WAIT_MS);
        const until = clock.now() + LONGEST_WAIT_MS;
        const lot = random.next();
        const waiter = { account, seat, tried: Math.ceil(tried), lot, until, resolve, reject };
        const own = of(account);
        const before = own.find((other) => other.seat === seat);
        seats.push(waiter);
        gone?.addEventListener('abort', () => leave(waiter, LONGEST_WAIT_MS), { once: true });
        if (before) leave(before, LONGEST_WAIT_MS);
        else if (own.length >= SEATS_OF_ONE) leave(lastOf([waiter, ...own]), LONGEST_WAIT_MS);
        else if (seats.length > SEATS_OF_ALL) leave(lastOf([waiter, ...seats]), LONGEST_WAIT_MS);
        if (served.has(account)) return undefined;
        served.add(account);
        void serve(account);
        return undefined;
      }),
  };
}

const byTries = (left: Waiter, right: Waiter) => left.tried - right.tried || left.lot - right.lot;
const lastOf = (waiters: readonly [Waiter, ...Waiter[]]) =>
  waiters.reduce((last, waiter) => (byTries(last, waiter) < 0 ? waiter : last));
