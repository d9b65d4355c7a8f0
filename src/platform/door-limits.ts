/** How often each door that anybody reaches may be tried: by whom, by address, in total; and whose guess is checked next. */
import type { Pool } from 'pg';
import type { Clock, Random } from './clock.ts';
import type { Metrics } from './metrics.ts';
import { type Asked, createTryLimits, type Limit, networkOf } from './try-limits.ts';
import { createTurns, SOONER_BY_TRY_MS, SOONEST_MS } from './turns.ts';

/** Ten a minute. */
const PAIR: Limit = { kind: 1, burst: 10, everyMs: 6_000 };
/** Over all accounts: an office behind one address has several people. Thirty a minute. */
const ADDRESS: Limit = { kind: 2, burst: 30, everyMs: 2_000 };
/** Who goes first where guesses wait: a pair's tries are forgotten one an hour. */
const LATELY: Limit = { kind: 3, burst: null, everyMs: 3_600_000 };
/** Wrong guesses at one account from devices that nobody knows: 10 + 3600 / 25 = 154 in any hour, wherever they come from. */
const ACCOUNT = { kind: 4, burst: 10, everyMs: 25_000 } satisfies Limit;
/** Passwords that are checked for devices that nobody knows, over all accounts: each takes some hundredths of a second. */
const CHECKS: Limit = { kind: 5, burst: 120, everyMs: 500 };

/** Tries at the other doors; `all` is over all addresses. Who is right there is never counted, so nobody can shut them. */
const DOORS = {
  'set-up': { each: { kind: 6, burst: 10, everyMs: 30_000 }, all: { kind: 7, burst: 60, everyMs: 1_000 } },
  consent: { each: { kind: 8, burst: 20, everyMs: 3_000 }, all: { kind: 9, burst: 120, everyMs: 500 } },
  /** The present password, asked for a new one: by person, who is signed in. */
  password: { each: { kind: 10, burst: 10, everyMs: 60_000 }, all: undefined },
} as const satisfies Record<string, { each: Limit; all: Limit | undefined }>;

export type Door = keyof typeof DOORS;

/** Why a guess is not checked: too many of this pair, of this address, at this account just now, or in all. */
export type TooManyCause = 'pair' | 'address' | 'busy' | 'total';
export type TooMany = { cause: TooManyCause; retryAfterSeconds: number };

export type Guess = {
  account: string;
  address: string;
  /** A known device counts as an address of its own, and waits for nobody. */
  deviceId: string | undefined;
  /** Aborted when whoever guesses has hung up. */
  gone?: AbortSignal | undefined;
};

export type DoorLimits = {
  /** Comes back once the guess may be checked, which may take half a minute; or says why it is not. */
  admit(guess: Guess): Promise<TooMany | undefined>;
  /** The guess was right: it was no guess. */
  wasRight(guess: Guess): Promise<void>;
  /** Counts a try at another door that `who` (an address, or a person) was refused at; undefined while it is not too many. */
  tooMany(door: Door, who: string): Promise<TooMany | undefined>;
};

type Parts = {
  pool: Pool;
  clock: Clock;
  random: Random;
  secret: string;
  metrics?: Pick<Metrics, 'doorsLimited' | 'signInsWaiting'> | undefined;
  stopping?: AbortSignal | undefined;
};

const toSeconds = (waitMs: number) => Math.max(1, Math.ceil(waitMs / 1000));

export function createDoorLimits(parts: Parts): DoorLimits {
  const { metrics } = parts;
  const limits = createTryLimits(parts);
  const turns = createTurns({
    ...parts,
    claim: async (account, tried) => {
      const soonerMs = Math.max(0, SOONEST_MS - tried * SOONER_BY_TRY_MS);
      const limit = { ...ACCOUNT, burst: ACCOUNT.burst + soonerMs / ACCOUNT.everyMs };
      return (await limits.take([{ limit, of: account }]))[0]?.waitMs ?? 0;
    },
    giveBack: (account) => limits.giveBack({ limit: ACCOUNT, of: account }),
  });

  const refuse = (door: Door | 'sign-in', cause: TooManyCause, waitMs: number): TooMany => {
    metrics?.doorsLimited.inc({ door, cause });
    return { cause, retryAfterSeconds: toSeconds(waitMs) };
  };

  /** In the order of what is asked, with the cause to be told for each. */
  const take = async (
    door: Door | 'sign-in',
    asked: readonly (Asked & { cause: TooManyCause })[],
  ): Promise<{ refused: TooMany | undefined; used: number[] }> => {
    const told = await limits.take(asked);
    const waits = asked.map(({ cause }, index) => ({ cause, waitMs: told[index]?.waitMs ?? 0 }));
    const longest = waits.reduce((left, right) => (right.waitMs > left.waitMs ? right : left));
    const refused = longest.waitMs > 0 ? refuse(door, longest.cause, longest.waitMs) : undefined;
    return { refused, used: told.map(({ used }) => used) };
  };

  return {
    async admit({ account, address, deviceId, gone }) {
      if (deviceId !== undefined) {
        const pair = { limit: PAIR, of: `${account}\ndevice ${deviceId}`, cause: 'pair' } as const;
        return (await take('sign-in', [pair])).refused;
      }
      const network = networkOf(address);
      const seat = `${account}\n${network}`;
      const { refused, used } = await take('sign-in', [
        { limit: PAIR, of: seat, cause: 'pair' },
        { limit: ADDRESS, of: network, cause: 'address' },
        { limit: LATELY, of: seat, cause: 'pair' },
      ]);
      if (refused) return refused;
      const turn = turns.wait({ account, seat, tried: used[2] ?? 0, gone });
      metrics?.signInsWaiting.set(turns.waiting());
      const waitMs = await turn.finally(() => metrics?.signInsWaiting.set(turns.waiting()));
      if (waitMs > 0) return refuse('sign-in', 'busy', waitMs);
      const total = await take('sign-in', [{ limit: CHECKS, of: '', cause: 'total' }]);
      if (total.refused) await limits.giveBack({ limit: ACCOUNT, of: account });
      return total.refused;
    },

    async wasRight({ account, deviceId }) {
      if (deviceId === undefined) await limits.giveBack({ limit: ACCOUNT, of: account });
    },

    async tooMany(door, who) {
      const { each, all } = DOORS[door];
      const own = { limit: each, of: networkOf(who), cause: 'address' } as const;
      const { refused } = await take(
        door,
        all === undefined ? [own] : [own, { limit: all, of: '', cause: 'total' }],
      );
      return refused;
    },
  };
}
