/** One kill: the process that learns of users' acts dies at a durable step. */
import { sql } from 'kysely';
import type { StepKind } from '../../src/core/steps.ts';
import { runBackfill, startBackfill } from '../../src/engine/backfill.ts';
import type { Checkpoint, DurableStep } from '../../src/engine/checkpoints.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Replica } from '../../src/prove/replica.ts';
import { letThemWork, patiently } from '../../src/prove/work.ts';
import { findLanes, type ProofWorld } from '../../src/prove/world.ts';
import { control } from './kill-scenarios.ts';

const WRITE = /^(POST|PUT|DELETE) /;
const HOUR_MS = 3_600_000;
const LONGEST_WAIT_MS = 20_000;
const LOOK_MS = 2;
const MOST_CHUNKS = 40;
/** So long the calls of a dead process count as under way. */
const GONE_MS = 21_000;
const PUT_OFF_MS = 5_000;
const MOST_PUT_OFF = 12;

/** How the connector learns of the act where a webhook alone would never lead it to the durable step. */
type Way = 'webhook' | 'poll' | 'history' | 'renewal' | 'lost answer';
const WAYS: Partial<Record<DurableStep, Way>> = {
  page: 'poll',
  cursor: 'poll',
  history: 'history',
  token: 'renewal',
  doubt: 'lost answer',
};

export function wayTo(at: Checkpoint): Way {
  return WAYS[at.slice(at.indexOf(' ') + 1) as DurableStep] ?? 'webhook';
}

/** What is passed without a kill; `intent`: the how-manieth is that of the step, 0 where none is. */
type Walk = {
  reached: ReadonlySet<Checkpoint>;
  afterIntent: ReadonlySet<Checkpoint>;
  intent: number;
  /** I3: steps whose call the audit does not tell of, in words. */
  unrecorded: string[];
};

export async function walkInPeace(
  world: ProofWorld,
  kind: StepKind,
  act: () => Promise<unknown>,
): Promise<Walk> {
  const passed: Checkpoint[] = [];
  const known = new Set((await listDeliveries(world)).map(({ id }) => id));
  const off = world.onCheckpoint(async (_replica, at) => void passed.push(at));
  await act();
  await letThemWork(world, HOUR_MS);
  off();
  const taken = (await listDeliveries(world)).filter(({ id }) => !known.has(id));
  const intent = taken.findIndex(({ step }) => step === kind) + 1;
  let intents = 0;
  const from = passed.findIndex((at) => at === 'before intent' && ++intents === intent);
  return {
    reached: new Set(passed),
    afterIntent: new Set(from < 0 ? [] : passed.slice(from)),
    intent,
    unrecorded: taken
      .filter(({ isRecorded }) => !isRecorded)
      .map(({ step }) => `the audit does not tell of the call of ${step}`),
  };
}

type Taken = { id: string; step: string; isRecorded: boolean };

async function listDeliveries(world: ProofWorld): Promise<Taken[]> {
  const { rows } = await sql<Taken>`
    select v.id::text as id, v.step_kind as step, exists (
      select from trail t where t.subject = 'document:' || v.document_id and t.entry = 'call'
        and t.payload::jsonb ->> 'deliveryId' = v.id::text) as "isRecorded"
    from deliveries v order by v.intended_at, v.id`.execute(world.observer().db);
  return rows;
}

/**
 * Lets the one process there is look at the act until it dies: where the durable step comes up from the intent of the
 * kind's step on, at the first one from there on; else at the first of all. `lost`: what no later look can bring back.
 */
export async function killAt(
  world: ProofWorld,
  {
    at,
    way,
    walk,
    awayMs,
    from,
    act,
  }: {
    at: Checkpoint;
    way: Way;
    walk: Walk;
    awayMs: number;
    from: string | undefined;
    act: () => Promise<unknown>;
  },
): Promise<{ isDead: boolean; lost: string[] }> {
  const [victim = world.start()] = world.replicas();
  world.clock.advance(GONE_MS);
  await arrived(world);
  const others = new Set(await listBusyLanes(world));
  let isFar = from === undefined;
  const isFromIntent = walk.afterIntent.has(at) || way === 'lost answer';
  let intents = 0;
  let isDead = false;
  const off = world.onCheckpoint(async (_replica, reached, { call }) => {
    if (reached === 'before intent') intents += 1;
    isFar ||= call === from;
    if (way === 'lost answer' && reached === 'after intent' && intents === walk.intent)
      world.destination.order('answer lost after the effect', 1, 'writes');
    // The look-up before a write is a call, too, but not the one that something hangs on.
    if (isFromIntent && call !== undefined && !WRITE.test(call)) return;
    if (isDead || !isFar || reached !== at || (isFromIntent && intents < walk.intent)) return;
    isDead = true;
    world.kill(victim);
  });
  if (way === 'poll' || way === 'history') world.source.webhooks({ dropped: 1 });
  await act();
  await arrived(world);
  world.source.webhooks({ dropped: 0 });
  if (way === 'poll') world.clock.advance(awayMs);
  if (way === 'renewal') {
    world.source.expireTokens();
    world.destination.expireTokens();
  }
  if (way === 'poll') await patiently(world, world.poll());
  if (way === 'history') await listHistoryWith(world, victim);
  await drainOwn(world, victim, others);
  if (!isDead && way === 'webhook') {
    // On a slow machine the webhook may be late: it is not what is tested.
    await patiently(world, world.poll());
    await drainOwn(world, victim, others);
  }
  off();
  if (way === 'lost answer') await orderNothing(world);
  const lost = at === 'after token' ? await checkConsent(world) : [];
  return { isDead, lost };
}

/** I6: what a renewal gave is there for the next process. */
async function checkConsent(world: ProofWorld): Promise<string[]> {
  await patiently(world, world.poll());
  const { rows } = await sql<{ state: string }>`select state from connections`.execute(world.observer().db);
  return rows.every(({ state }) => state === 'active')
    ? []
    : ['lost: the renewed token, and with it the consent'];
}

export async function orderNothing(world: ProofWorld): Promise<void> {
  world.destination.calm();
  await control(world.destination.url, 'faults', { lockContentionChance: 0 });
}

export async function arrived({ source }: ProofWorld): Promise<void> {
  for (let waited = 0; source.deliveriesUnderWay() > 0 && waited < LONGEST_WAIT_MS; waited += LOOK_MS)
    await systemClock.sleep(LOOK_MS);
}

async function listHistoryWith(world: ProofWorld, victim: Replica): Promise<void> {
  const { connectionId } = world;
  const { parts } = victim;
  const request = { connectionId, changedSince: null, actor: 'proof' };
  const id = await victim.run(() => startBackfill(parts, parts.runtime, request));
  if (id === undefined) return;
  for (let chunk = 0; chunk < MOST_CHUNKS && victim.isAlive(); chunk += 1)
    await patiently(
      world,
      victim.run(() => runBackfill(parts, parts.runtime, id)),
    );
}

/** Only what is new: lanes of those killed before wait for a fresh process. */
async function drainOwn(world: ProofWorld, victim: Replica, others: ReadonlySet<string>): Promise<void> {
  for (let waits = 0; victim.isAlive() && waits < MOST_PUT_OFF; ) {
    const isOwn = (lane: string) => !others.has(lane);
    const due = (await findLanes(world)).due.filter(isOwn);
    for (const lane of due) await patiently(world, victim.drain({ connectionId: world.connectionId, lane }));
    if (due.length > 0) continue;
    if (!(await listBusyLanes(world)).some(isOwn)) return;
    world.clock.advance(PUT_OFF_MS);
    waits += 1;
  }
}

async function listBusyLanes(world: ProofWorld): Promise<string[]> {
  const { rows } = await sql<{ lane: string }>`
    select distinct d.lane from events e join documents d on d.id = e.document_id
    where e.settled_at is null`.execute(world.observer().db);
  return rows.map(({ lane }) => lane);
}
