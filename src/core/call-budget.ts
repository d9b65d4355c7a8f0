/** How many calls a vendor lets one tenant make, and who makes the next one. Pure: a state, a request, a new state. */
import {
  type Concurrency,
  isFull,
  learnConcurrency,
  newConcurrency,
  noteFull,
  type Refused,
} from './concurrency.ts';

/** A window may run ahead by this part of itself: with nineteen twentieths of a limit it stays within the whole. */
const BURST_PART = 25;
/** A guessed limit is lowered by so much with each refusal, and raised by it after so long without one. */
const GUESS_STEP = 0.97;
const GUESS_RAISE_MS = 600_000;
/** Less than this part left of a window that others use too: the rest is left to them until it ends. */
const LEAVE_PART = 0.01;
/** Who asked and got nothing counts as waiting for so long; it asks again sooner. */
const WAITING_MS = 500;
const ASK_AGAIN_MS = 50;
const MINUTE_MS = 60_000;
/** Of fewer calls nothing is guessed: it was not they that used the limit up. */
const LEAST_COUNTED = 10;

/**
 * A process that asks for nothing for so long counts as gone, and its calls as ended: after a kill -9 the others must
 * not wait for slots that nobody will give back. A single call that takes longer is then no longer counted.
 */
export const LEASE_MS = 20_000;

type Window = { limit: number; nextFree: number; guessed?: { at: number } };
type User = { turn: number; liveUntil: number; backfillUntil: number };
type Process = { expires: number; inFlight: Record<string, number> };

export type CallBudget = {
  blockedUntil: number;
  /** By length in milliseconds. */
  windows: Record<string, Window>;
  concurrency: Record<string, Concurrency>;
  /** Connections: each has had so many turns; the one with the fewest is next. */
  users: Record<string, User>;
  processes: Record<string, Process>;
  turn: number;
  /** Our own calls of the last minute by second, from which a limit that nobody announces is guessed. */
  counted: Record<string, number>;
};

export type Ask = { user: string; live: boolean; kind: string; startAt: number };
export type Turn = { process: string; released: Readonly<Record<string, number>>; asks: readonly Ask[] };
/** Which asks (by index) may call now; the others ask again at `askAgainAt`. */
export type Taken = { budget: CallBudget; granted: number[]; askAgainAt: number };

export function newCallBudget(windows: readonly { limit: number; windowMs: number }[] = []): CallBudget {
  const budget: CallBudget = {
    blockedUntil: 0,
    windows: {},
    concurrency: {},
    users: {},
    processes: {},
    turn: 0,
    counted: {},
  };
  return learnLimits(budget, { windows });
}

export function takeCalls(before: CallBudget, { process, released, asks }: Turn, now: number): Taken {
  const budget = structuredClone(before);
  const own = (budget.processes[process] ??= { expires: 0, inFlight: {} });
  own.expires = now + LEASE_MS;
  for (const [kind, ended] of Object.entries(released))
    own.inFlight[kind] = Math.max(0, (own.inFlight[kind] ?? 0) - ended);
  for (const [name, { expires }] of Object.entries(budget.processes))
    if (expires <= now) delete budget.processes[name];
  for (const { user, live } of asks) markWaiting(budget, user, live, now);

  const granted: number[] = [];
  const open = asks.map((ask, index) => ({ ask, index }));
  for (;;) {
    if (freeAt(budget, now) > now) break;
    const next = open
      .filter(({ ask }) => hasRoom(budget, ask) && !mustYield(budget, ask, now))
      .sort((a, b) => rank(budget, a.ask, b.ask))[0];
    if (!next) break;
    open.splice(open.indexOf(next), 1);
    granted.push(next.index);
    own.inFlight[next.ask.kind] = (own.inFlight[next.ask.kind] ?? 0) + 1;
    noteFull(budget.concurrency, next.ask.kind, inFlightOf(budget, next.ask.kind), now);
    book(budget, next.ask.user, now);
    const { user, live } = next.ask;
    if (!open.some(({ ask }) => ask.user === user && ask.live === live)) markServed(budget, user, live, now);
  }
  const askAgainAt = open.length === 0 ? Infinity : Math.max(freeAt(budget, now), now + ASK_AGAIN_MS);
  return { budget, granted, askAgainAt };
}

/** What an answer told: what we may use of each window, what is left of one, and refusals for load. */
export type BudgetHint = {
  windows?: readonly { limit: number; windowMs: number }[] | undefined;
  left?: { part: number; until: number } | undefined;
  blockedUntil?: number | undefined;
  /** Refused for the rate, although no window is known: it is guessed from our own count. */
  rateRefused?: boolean | undefined;
  concurrency?: { kind: string; announced?: number | undefined; refused?: Refused | undefined } | undefined;
};

export function learnLimits(before: CallBudget, hint: BudgetHint, now = 0): CallBudget {
  const budget = structuredClone(before);
  for (const { limit, windowMs } of hint.windows ?? []) {
    const nextFree = budget.windows[windowMs]?.nextFree ?? 0;
    budget.windows[windowMs] = { limit: Math.max(1, limit), nextFree };
  }
  if (hint.left !== undefined && hint.left.part < LEAVE_PART) {
    budget.blockedUntil = Math.max(budget.blockedUntil, hint.left.until);
  }
  if (hint.blockedUntil !== undefined) budget.blockedUntil = Math.max(budget.blockedUntil, hint.blockedUntil);
  if (hint.rateRefused === true) guessMinute(budget, hint.blockedUntil, now);
  if (hint.concurrency !== undefined) {
    const { kind, announced, refused } = hint.concurrency;
    const known = (budget.concurrency[kind] ??= newConcurrency());
    budget.concurrency[kind] = learnConcurrency(known, { announced, refused }, inFlightOf(budget, kind), now);
  }
  return budget;
}

/** The same waits, written at another time: after a clock was set back, each begins anew with the length it had. */
export function shiftBudget(before: CallBudget, byMs: number): CallBudget {
  if (byMs === 0) return before;
  const budget = structuredClone(before);
  // What stands at 0 was never written.
  const shifted = (at: number) => (at === 0 ? 0 : Math.max(0, at + byMs));
  budget.blockedUntil = shifted(budget.blockedUntil);
  for (const window of Object.values(budget.windows)) {
    window.nextFree = shifted(window.nextFree);
    if (window.guessed) window.guessed.at = shifted(window.guessed.at);
  }
  for (const known of Object.values(budget.concurrency)) {
    known.refusedAt = shifted(known.refusedAt);
    known.tryAgainAt = shifted(known.tryAgainAt);
  }
  for (const user of Object.values(budget.users)) {
    user.liveUntil = shifted(user.liveUntil);
    user.backfillUntil = shifted(user.backfillUntil);
  }
  for (const process of Object.values(budget.processes)) process.expires = shifted(process.expires);
  budget.counted = Object.fromEntries(
    Object.entries(budget.counted).map(([second, calls]) => [
      String(Number(second) + Math.round(byMs / 1000)),
      calls,
    ]),
  );
  return budget;
}

export function inFlightOf({ processes }: CallBudget, kind: string): number {
  return Object.values(processes).reduce((sum, { inFlight }) => sum + (inFlight[kind] ?? 0), 0);
}

function hasRoom(budget: CallBudget, { kind }: Ask): boolean {
  const known = (budget.concurrency[kind] ??= newConcurrency());
  return !isFull(known, inFlightOf(budget, kind));
}

/** Earliest time at which every window has a turn left. */
function freeAt({ blockedUntil, windows }: CallBudget, now: number): number {
  const times = Object.entries(windows).map(
    ([length, { nextFree }]) => nextFree - Number(length) / BURST_PART,
  );
  return Math.ceil(Math.max(now, blockedUntil, ...times));
}

function book(budget: CallBudget, user: string, now: number): void {
  for (const [length, window] of Object.entries(budget.windows)) {
    if (window.guessed !== undefined && now - window.guessed.at > GUESS_RAISE_MS) {
      window.limit /= GUESS_STEP;
      window.guessed.at = now;
    }
    window.nextFree = Math.max(window.nextFree, now) + Number(length) / window.limit;
  }
  const entry = userOf(budget, user);
  // Whoever was away comes back at the present turn: idle time is not saved up.
  entry.turn = Math.max(entry.turn, budget.turn) + 1;
  const waiting = Object.values(budget.users).filter(
    (one) => Math.max(one.liveUntil, one.backfillUntil) > now,
  );
  budget.turn = Math.max(budget.turn, Math.min(...waiting.map(({ turn }) => turn), entry.turn - 1));
  count(budget, now);
}

function count({ windows, counted }: CallBudget, now: number): void {
  if (windows[MINUTE_MS] !== undefined && windows[MINUTE_MS].guessed === undefined) return;
  const second = Math.floor(now / 1000);
  if (counted[second] === undefined)
    for (const old of Object.keys(counted)) if (Number(old) < second - 60) delete counted[old];
  counted[second] = (counted[second] ?? 0) + 1;
}

/**
 * The vendor's window ends when it lets us in again, so it began a minute before that: what we called since then is
 * what it allows us. Calls that were on their way together are refused together, and make one finding.
 */
function guessMinute(budget: CallBudget, blockedUntil: number | undefined, now: number): void {
  const window = budget.windows[MINUTE_MS];
  if (window !== undefined && window.guessed === undefined) return;
  if (window?.guessed !== undefined && now < Math.max(window.guessed.at, window.nextFree)) return;
  const until = blockedUntil !== undefined && blockedUntil <= now + MINUTE_MS ? blockedUntil : now;
  const since = (until - MINUTE_MS) / 1000;
  const used = Object.entries(budget.counted).reduce(
    (sum, [second, calls]) => (Number(second) >= since ? sum + calls : sum),
    0,
  );
  if (used < LEAST_COUNTED) return;
  const limit = Math.max(1, Math.min(window?.limit ?? Infinity, used) * GUESS_STEP);
  budget.windows[MINUTE_MS] = { limit, nextFree: until, guessed: { at: until } };
}

/** Live work goes before backfill; then the connection that has had fewer turns; then who has waited longer. */
function rank(budget: CallBudget, a: Ask, b: Ask): number {
  return (
    Number(b.live) - Number(a.live) ||
    turnOf(budget, a.user) - turnOf(budget, b.user) ||
    a.startAt - b.startAt
  );
}

/** Somebody who is waiting elsewhere, in another process perhaps, is to be served first. */
function mustYield(budget: CallBudget, ask: Ask, now: number): boolean {
  return Object.entries(budget.users).some(([name, other]) => {
    if (name === ask.user) return !ask.live && other.liveUntil > now;
    if (!ask.live && other.liveUntil > now) return true;
    const isEqual = ask.live ? other.liveUntil > now : other.backfillUntil > now;
    return isEqual && Math.max(other.turn, budget.turn) < turnOf(budget, ask.user) - 1;
  });
}

function turnOf(budget: CallBudget, user: string): number {
  return Math.max(budget.users[user]?.turn ?? 0, budget.turn);
}

function userOf(budget: CallBudget, user: string): User {
  return (budget.users[user] ??= { turn: budget.turn, liveUntil: 0, backfillUntil: 0 });
}

function markWaiting(budget: CallBudget, user: string, live: boolean, now: number): void {
  const entry = userOf(budget, user);
  if (entry.liveUntil <= now && entry.backfillUntil <= now) entry.turn = Math.max(entry.turn, budget.turn);
  entry[live ? 'liveUntil' : 'backfillUntil'] = now + WAITING_MS;
}

function markServed(budget: CallBudget, user: string, live: boolean, now: number): void {
  userOf(budget, user)[live ? 'liveUntil' : 'backfillUntil'] = now;
}
