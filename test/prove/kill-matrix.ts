/** Kills: a process dies at each durable step, in the course of each kind of step; a fresh one goes on, and the books must not show it. */
import { sql } from 'kysely';
import { STEP_KINDS, type StepKind } from '../../src/core/steps.ts';
import { CHECKPOINTS, type Checkpoint } from '../../src/engine/checkpoints.ts';
import { audit } from '../../src/prove/auditor.ts';
import { reconnect } from '../../src/prove/operator.ts';
import type { ProofServer } from '../../src/prove/server.ts';
import { readStandings, watchTrail } from '../../src/prove/trail-auditor.ts';
import { letThemWork, patiently } from '../../src/prove/work.ts';
import { createWorld, type ProofWorld } from '../../src/prove/world.ts';
import { type Books, differencesOf, linesOf } from './kill-books.ts';
import { killAt, orderNothing, walkInPeace, wayTo } from './kill-one.ts';
import { control, createUsers, type Ids, SCENARIOS, type Scenario, type Users } from './kill-scenarios.ts';
import { listBrokenPromises } from './promises.ts';

/** One whose simulated tenant has no hidden limits. */
const SEED = 5;
const HOUR_MS = 3_600_000;
/** Begins every mark of a copy. */
const PREFIX = 'FB';
/** Longer than a lease. */
const LEASE_OVER_MS = 16_000;

export type KillFigures = {
  steps: number;
  checkpoints: number;
  kills: number;
  lost: number;
  doubled: number;
  /** Checkpoints that no scenario reaches, steps that a scenario does not lead to, and whatever else was not as without a kill. */
  findings: string[];
};

type Options = {
  server: ProofServer;
  kinds?: readonly StepKind[];
  /** One of `share` cases, which one by `seed`; each durable step and each kind of step is among them. */
  share?: number;
  seed?: number;
  /** Only at these. */
  at?: readonly Checkpoint[];
  /** So much time passes between the act and the poll, where a poll is to find it. */
  awayMs?: number;
  /** Only from this call on. */
  from?: string;
  /** The destination forgets its idempotency keys before the fresh process goes on. */
  forgetful?: boolean;
  tell?: (line: string) => void;
};

export async function proveKills({ server, share = 1, seed = 0, tell, ...options }: Options) {
  const all = Object.keys(STEP_KINDS) as StepKind[];
  const kinds = options.kinds ?? all;
  const figures: KillFigures = { steps: 0, checkpoints: 0, kills: 0, lost: 0, doubled: 0, findings: [] };
  const reached = new Set<Checkpoint>();
  for (const kind of kinds) {
    const row = all.indexOf(kind);
    const isChosen = (at: Checkpoint) =>
      options.at?.includes(at) ?? (row + CHECKPOINTS.indexOf(at) + seed) % share === 0;
    const before = figures.findings.length;
    await proveKind({ ...options, server, kind, isChosen, reached, figures });
    const end = figures.findings.slice(before).map((finding) => `\n  ${finding}`);
    tell?.(`${kind}: ${figures.kills} kills so far${end.join('')}`);
  }
  if (kinds.length === all.length)
    for (const at of CHECKPOINTS) if (!reached.has(at)) figures.findings.push(`no scenario reaches "${at}"`);
  return { ...figures, checkpoints: reached.size };
}

type Case = { at: Checkpoint; ids: Ids };

async function proveKind(run: {
  server: ProofServer;
  kind: StepKind;
  isChosen: (at: Checkpoint) => boolean;
  reached: Set<Checkpoint>;
  figures: KillFigures;
  awayMs?: number;
  from?: string;
  forgetful?: boolean;
}): Promise<void> {
  const { kind, reached, figures, awayMs = 0 } = run;
  const find = (...found: readonly string[]) =>
    figures.findings.push(...found.map((finding) => `${kind}: ${finding}`));
  const scenario: Scenario | undefined = SCENARIOS[kind];
  if (!scenario) return void find('has no scenario');
  const world = await createWorld({ seed: SEED, acts: 0, server: run.server });
  try {
    const trail = watchTrail(world);
    const users = await furnish(world, scenario);
    const [model] = await prepare(world, users, scenario, 1);
    if (!model) throw new Error('nothing was prepared');
    const walk = await walkInPeace(world, kind, () => scenario.act(users, model as never));
    if (walk.intent > 0) figures.steps += 1;
    else find('its scenario does not lead to it');
    find(...walk.unrecorded);
    const cases: Case[] = [];
    const wanted = inOrder(CHECKPOINTS).filter(
      (at) => run.isChosen(at) && (wayTo(at) !== 'webhook' || walk.reached.has(at)),
    );
    const prepared = await prepare(world, users, scenario, wanted.length);
    for (const [index, at] of wanted.entries()) {
      const ids = prepared[index];
      if (!ids) throw new Error('too few were prepared');
      const act = () => scenario.act(users, ids as never);
      const { isDead, lost } = await killAt(world, { at, way: wayTo(at), walk, awayMs, from: run.from, act });
      cases.push({ at, ids });
      reached.add(at);
      if (isDead) figures.kills += 1;
      else find(`"${at}" was not reached`);
      find(...lost);
    }
    for (const at of walk.reached) reached.add(at);
    if (run.forgetful === true) world.destination.forgetKeys();
    if (!(await recover(world))) find('the work does not come to rest');
    find(...(await pollOnceMore(world)));
    await judge(world, { kind, model, cases, figures });
    find(...(await trail.judge()), ...(await listBrokenPromises(world)));
  } finally {
    await world.close();
  }
}

/** The one that may cost the connection its consent comes last. */
function inOrder(all: readonly Checkpoint[]): Checkpoint[] {
  const last: Checkpoint = 'before token';
  return [...all.filter((at) => at !== last), last];
}

export async function furnish(world: ProofWorld, { policies, tenant }: Scenario): Promise<Users> {
  await orderNothing(world);
  if (tenant) await control(world.destination.url, 'features', tenant);
  if (policies)
    await sql`update connections set policies = ${JSON.stringify(policies)}`.execute(world.observer().db);
  for (let turn = 0; turn < 3; turn += 1) {
    await patiently(world, world.tendCallbacks());
    await letThemWork(world, 0);
  }
  return createUsers(world.source.url);
}

async function prepare(world: ProofWorld, users: Users, scenario: Scenario, count: number): Promise<Ids[]> {
  const prepared: Ids[] = [];
  for (let done = 0; done < count; done += 1) prepared.push(await scenario.prepare(users));
  await letThemWork(world, HOUR_MS);
  if (!scenario.prepareMore) return prepared;
  for (const ids of prepared) await scenario.prepareMore(users, ids as never);
  await letThemWork(world, HOUR_MS);
  return prepared;
}

/** A fresh process, once the dead one's leases are over; what was missed is found by polling. */
async function recover(world: ProofWorld): Promise<boolean> {
  world.clock.advance(LEASE_OVER_MS);
  world.start();
  await patiently(world, world.poll());
  if (await reconnect(world)) await patiently(world, world.poll());
  return letThemWork(world, 3 * HOUR_MS);
}

/** What has been copied as it is tells nothing new. */
async function pollOnceMore(world: ProofWorld): Promise<string[]> {
  const events = async () => {
    const { rows } = await sql<{ count: bigint }>`select count(*) as count from events`.execute(
      world.observer().db,
    );
    return rows[0]?.count;
  };
  const before = await events();
  await patiently(world, world.poll());
  return (await events()) === before ? [] : ['polling does not come to rest: it tells the same again'];
}

async function judge(
  world: ProofWorld,
  {
    kind,
    model,
    cases,
    figures,
  }: { kind: StepKind; model: Ids; cases: readonly Case[]; figures: KillFigures },
): Promise<void> {
  const books = { ledger: world.destination.ledger(), standings: await readStandings(world) };
  const [prefix = ''] = books.ledger.customers.flatMap(({ number }) => /^.*-client-/.exec(number)?.[0] ?? []);
  const lines = (ids: Ids) => linesOf(books, prefix, ids.clients);
  const wanted = lines(model);
  const unsettled = wanted.filter((line) => / is (parked|pending|unknown)/.test(line));
  figures.findings.push(...unsettled.map((line) => `${kind}, without a kill: ${line}`));
  for (const { at, ids } of cases) {
    const { missing, extra } = differencesOf(wanted, lines(ids));
    if (missing.length > 0) figures.lost += 1;
    if (extra.length > 0) figures.doubled += 1;
    figures.findings.push(
      ...missing.map((line) => `${kind}, killed ${at}: missing ${line}`),
      ...extra.map((line) => `${kind}, killed ${at}: too much ${line}`),
    );
  }
  figures.findings.push(...compareLedgers(world, kind, books));
}

/** Both ledgers, document by document. Memos for edits leave the invoice as it was: no auditor of totals can judge them. */
function compareLedgers(world: ProofWorld, kind: StepKind, { ledger, standings }: Books): string[] {
  if (SCENARIOS[kind].policies?.edits === 'memo') return [];
  const { findings } = audit(world.source.ledger(), ledger, PREFIX, standings);
  return findings.map(({ verdict, document, text }) => `${kind}: ${verdict} ${document}: ${text}`);
}
