/** A vendor with limits that it does not tell, and processes full of workers that share one budget: in virtual time. */
import {
  type Ask,
  type BudgetHint,
  type CallBudget,
  learnLimits,
  newCallBudget,
  takeCalls,
} from '../../src/core/call-budget.ts';
import { type Random, seededRandom } from '../../src/platform/clock.ts';

const MINUTE_MS = 60_000;
/** What a database round trip costs before a call may start. */
const TURN_MS = 3;

export type WorkerGroup = { process: string; user: string; live: boolean; workers: number; restMs: number };
export type Scene = {
  seed: number;
  calls: number;
  perMinute: number;
  atOnce: number;
  /** Headers tell of the rate; of calls at once they never do. */
  tellsRate: boolean;
  groups: readonly WorkerGroup[];
};
export type Played = {
  calls: number;
  refused: number;
  refusedLater: number;
  laterCalls: number;
  minutes: number;
  /** Of what the limit allowed, from start to end. */
  usedPercent: number;
  byUser: Record<string, number>;
  byProcess: Record<string, number>;
  waitsOfLive: number[];
};

type Worker = { group: WorkerGroup; askedAt: number; state: 'asking' | 'calling' | 'resting' };

export function playScene({ seed, calls, perMinute, atOnce, tellsRate, groups }: Scene): Played {
  const random: Random = seededRandom(seed);
  const offsetMs = Math.floor(random.next() * MINUTE_MS);
  let budget: CallBudget = newCallBudget();
  let now = 1_000 * MINUTE_MS;
  const startedAt = now;
  const events: { at: number; run: () => void }[] = [];
  const later = (ms: number, run: () => void) => events.push({ at: now + ms, run });
  const server = { slot: -1, used: 0, inFlight: 0 };
  const ended = new Map<string, Record<string, number>>();
  const nextLook = new Map<string, number>();
  const played: Played = {
    calls: 0,
    refused: 0,
    refusedLater: 0,
    laterCalls: 0,
    minutes: 0,
    usedPercent: 0,
    byUser: {},
    byProcess: {},
    waitsOfLive: [],
  };
  const workers = groups.flatMap((group) =>
    Array.from({ length: group.workers }, (): Worker => ({ group, askedAt: now, state: 'asking' })),
  );
  const learn = (hint: BudgetHint) => {
    budget = learnLimits(budget, hint, now);
  };

  function look(process: string): void {
    const asking = workers.filter(({ group, state }) => group.process === process && state === 'asking');
    const released = ended.get(process) ?? {};
    if (asking.length === 0 && Object.keys(released).length === 0) return;
    ended.set(process, {});
    const asks = asking.map(
      ({ group, askedAt }): Ask => ({
        user: group.user,
        live: group.live,
        kind: 'default',
        startAt: askedAt,
      }),
    );
    const taken = takeCalls(budget, { process, released, asks }, now);
    budget = taken.budget;
    for (const index of taken.granted) {
      const worker = asking[index];
      if (worker === undefined) throw new Error('granted to nobody');
      worker.state = 'calling';
      if (worker.group.live) played.waitsOfLive.push(now - worker.askedAt);
      later(TURN_MS, () => arrive(worker));
    }
    if (Number.isFinite(taken.askAgainAt)) lookAt(process, taken.askAgainAt);
  }

  function lookAt(process: string, at: number): void {
    const known = nextLook.get(process) ?? 0;
    if (known > now && known <= at) return;
    nextLook.set(process, at);
    later(Math.max(0, at - now), () => {
      if (nextLook.get(process) === now) nextLook.delete(process);
      look(process);
    });
  }

  function arrive(worker: Worker): void {
    const slot = Math.floor((now + offsetMs) / MINUTE_MS);
    if (slot !== server.slot) Object.assign(server, { slot, used: 0 });
    server.used += 1;
    server.inFlight += 1;
    played.calls += 1;
    const { user, process } = worker.group;
    const isLater = now - startedAt > MINUTE_MS;
    if (isLater) played.laterCalls += 1;
    const isOverRate = server.used > perMinute;
    const isOverAtOnce = server.inFlight > atOnce;
    const isRefused = isOverRate || isOverAtOnce;
    if (isRefused) {
      played.refused += 1;
      if (isLater) played.refusedLater += 1;
    } else {
      played.byUser[user] = (played.byUser[user] ?? 0) + 1;
      played.byProcess[process] = (played.byProcess[process] ?? 0) + 1;
    }
    const durationMs = isRefused ? 20 : 80 + Math.floor(random.next() * 140);
    later(durationMs, () => {
      server.inFlight -= 1;
      const resetMs = (slot + 1) * MINUTE_MS - offsetMs - now;
      const windows = [{ limit: Math.floor(perMinute * 0.95), windowMs: MINUTE_MS }];
      if (tellsRate) learn({ windows });
      if (isOverRate) learn({ blockedUntil: now + Math.max(0, resetMs), rateRefused: true });
      else if (isOverAtOnce) learn({ concurrency: { kind: 'default', refused: true } });
      const mine = ended.get(process) ?? {};
      ended.set(process, { ...mine, default: (mine['default'] ?? 0) + 1 });
      worker.state = 'resting';
      // A refused lane is put off as the answer says; the others go on.
      const restMs = isOverRate ? Math.max(0, resetMs) : isOverAtOnce ? 120_000 : worker.group.restMs;
      later(restMs, () => {
        Object.assign(worker, { state: 'asking', askedAt: now });
        look(process);
      });
      look(process);
    });
  }

  for (const process of new Set(groups.map((group) => group.process))) later(0, () => look(process));
  while (played.calls < calls) {
    events.sort((a, b) => b.at - a.at);
    const next = events.pop();
    if (next === undefined) throw new Error('everybody sleeps for ever');
    now = next.at;
    next.run();
  }
  played.minutes = (now - startedAt) / MINUTE_MS;
  played.usedPercent = ((played.calls - played.refused) / (played.minutes * perMinute)) * 100;
  return played;
}
