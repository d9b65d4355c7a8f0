/** The check that must see a seeded bug, in the process of a patched copy: exit code 0 when nothing was seen, 1 with what was seen, 2 when it could not judge. */
import { once } from 'node:events';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { audit } from '../../src/prove/auditor.ts';
import { findingsOf } from '../../src/prove/proof.ts';
import { runSeed } from '../../src/prove/run-seed.ts';
import { type ProofServer, startProofServer } from '../../src/prove/server.ts';
import { readStandings, watchTrail } from '../../src/prove/trail-auditor.ts';
import { letThemWork, patiently } from '../../src/prove/work.ts';
import { createWorld, type ProofWorld } from '../../src/prove/world.ts';
import type { Check } from './bug.ts';
import { furnish, proveKills } from './kill-matrix.ts';
import { arrived } from './kill-one.ts';
import { SCENARIOS, type Users } from './kill-scenarios.ts';
import { listBrokenPromises } from './promises.ts';

type InProcess = Exclude<Check, { by: 'test' } | { by: 'unknown' }>;

const check = JSON.parse(process.argv[2] ?? '') as InProcess;
const HOUR_MS = 3_600_000;
const SEED = 5;

try {
  const server = await startProofServer(createLog({ level: 'silent', pretty: false }));
  try {
    const seen = await run(server);
    process.stdout.write(`${JSON.stringify({ seen: seen.slice(0, 5) })}\n`);
    process.exitCode = seen.length > 0 ? 1 : 0;
  } finally {
    await server.stop();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 2;
}
// What a bug leaves running must not keep the process.
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
process.exit();

function run(server: ProofServer): Promise<string[]> {
  switch (check.by) {
    case 'kills':
      return proveKills({ server, ...check, kinds: [check.kind] }).then(({ findings }) =>
        verdictsIn(findings),
      );
    case 'prove':
      return playSeeds(server, check);
    case 'door':
      return inWorld(server, knockInVain);
    case 'midst':
      return inWorld(server, (world, users) => editInTheMidst(world, users, check.at));
    case 'renewal':
      return inWorld(server, renewTogether);
  }
}

/** That a scenario went another way is no verdict: somebody must have lost something by it. */
function verdictsIn(findings: readonly string[]): string[] {
  const verdicts = findings.filter((finding) => !/does not lead to it|was not reached/.test(finding));
  if (findings.length > 0 && verdicts.length === 0) throw new Error(`no verdict: ${findings.join('; ')}`);
  return verdicts;
}

async function playSeeds(
  server: ProofServer,
  { seeds, faults, acts }: Extract<Check, { by: 'prove' }>,
): Promise<string[]> {
  for (const seed of seeds) {
    try {
      // A database that was put back knows nothing of what it had promised since.
      const also = faults.includes('restore') ? {} : { also: listBrokenPromises };
      const verdict = await runSeed({ seed, faults, acts, server, ...also });
      if (!verdict.good) return findingsOf(verdict);
    } catch (error) {
      // The one verdict that is thrown.
      if (error instanceof Error && error.message === 'a forged delivery was accepted')
        return [error.message];
      throw error;
    }
  }
  return [];
}

async function inWorld(
  server: ProofServer,
  act: (world: ProofWorld, users: Users) => Promise<string[]>,
): Promise<string[]> {
  const world = await createWorld({ seed: SEED, acts: 0, server });
  try {
    const trail = watchTrail(world);
    const users = await furnish(world, SCENARIOS['create-invoice']);
    const seen = await act(world, users);
    const rests = await letThemWork(world, HOUR_MS);
    const { findings } = audit(
      world.source.ledger(),
      world.destination.ledger(),
      'FB',
      await readStandings(world),
    );
    return [
      ...seen,
      ...(rests ? [] : ['the work does not come to rest']),
      ...findings.map(({ verdict, document, text }) => `${verdict} ${document}: ${text}`),
      ...(await trail.judge()),
      ...(await listBrokenPromises(world)),
    ];
  } finally {
    await world.close();
  }
}

/** Several webhooks at once, twice: the first time the database is full. What is answered with 200 must be there. */
async function knockInVain(world: ProofWorld, users: Users): Promise<string[]> {
  const client = await users.client();
  await letThemWork(world, HOUR_MS);
  const [replica] = world.replicas();
  for (const isFull of [true, false]) {
    let commits = 0;
    const off = world.onCheckpoint(async (_replica, at) => {
      if (isFull && at === 'before event' && commits++ === 0) replica?.pool.failCommit('disk full', 0);
    });
    await Promise.all(['10', '20', '30', '40', '50'].map((amount) => users.invoice(client, amount)));
    await arrived(world);
    off();
  }
  return listBrokenPromises(world);
}

async function editInTheMidst(
  world: ProofWorld,
  users: Users,
  at: Extract<Check, { by: 'midst' }>['at'],
): Promise<string[]> {
  const invoice = await users.invoice(await users.client(), '100');
  await letThemWork(world, HOUR_MS);
  let isEdited = false;
  const off = world.onCheckpoint(async (_replica, reached) => {
    if (reached !== at || isEdited) return;
    isEdited = true;
    await users.reprice(invoice, '130');
    await arrived(world);
  });
  await users.reprice(invoice, '120');
  await letThemWork(world, HOUR_MS);
  off();
  return isEdited ? [] : [`"${at}" was not reached`];
}

/** I6: two processes need the same new token at the same moment. */
async function renewTogether(world: ProofWorld, users: Users): Promise<string[]> {
  const client = await users.client();
  await letThemWork(world, HOUR_MS);
  const pair = [...world.replicas(), world.start()];
  const seen: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    world.source.expireTokens();
    const reads = pair.map(({ parts }) =>
      parts.runtime.open(world.connectionId).then(({ source }) => source.read('client', String(client))),
    );
    const ended = await patiently(world, Promise.allSettled(reads));
    for (const one of ended)
      if (one.status === 'rejected') seen.push(`lost: the consent, in a race for a new token: ${one.reason}`);
    await systemClock.sleep(10);
  }
  return seen;
}
