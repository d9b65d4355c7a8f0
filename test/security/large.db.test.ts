/** Every verb that shows a document or a list, against large records and long lists: the work grows with them and no faster, and nobody waits. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VERBS, type Verb } from '../../src/api/contract-verbs.ts';
import { type LargeWorld, type Method, openLargeWorld, type Work } from './large-world.ts';

/** Five times as much of everything. */
const SMALL = { lines: 1000, entries: 2000, rows: 1000 };
const LARGE = { lines: 5000, entries: 10_000, rows: 5000 };
const MOST_TIMES = 6;
/** Below that a ratio says nothing. */
const LEAST = { rows: 20, bytes: 2000, cpuMs: 8 };
/** Of several rounds the fastest counts: the garbage of others is not the verb's fault. */
const MOST_ROUNDS = 6;
/** Longer than nobody's turn may be kept waiting, in time on the processor. */
const LONGEST_MS = 100;

type Ask = readonly [method: Method, path: string, body?: object];

/** Each with every page of it that costs more. */
const TRIED: Partial<Record<Verb, (world: LargeWorld) => readonly Ask[]>> = {
  listUsers: () => [['GET', '/users']],
  listTokens: () => [['GET', '/tokens']],
  listAudit: ({ ids }) => [['GET', `/audit?limit=500&connection=${ids.connectionId}`]],
  verifyAudit: () => [['POST', '/audit/checks']],
  showAuditCheck: () => [['GET', '/audit/check']],
  listConnections: () => [['GET', '/connections']],
  showConnection: ({ ids }) => [['GET', `/connections/${ids.connectionId}`]],
  previewConnection: ({ ids }) => [['POST', `/connections/${ids.connectionId}/preview`, { limit: 50 }]],
  listRecords: () => [
    ['GET', '/records?limit=200'],
    ['GET', '/records?limit=200&search=Client%201'],
  ],
  countRecords: () => [['GET', '/record-counts']],
  listParked: () => [['GET', '/parked']],
  showRecord: ({ ids, size }) => [
    ['GET', `/records/${ids.recordId}`],
    ['GET', `/records/${ids.recordId}?fieldsFrom=${size.lines}`],
    ['GET', `/records/${ids.recordId}?before=20`],
  ],
  dryRunRecord: ({ ids }) => [
    ['POST', `/records/${ids.pendingId}/dry-run`],
    ['POST', `/records/${ids.recordId}/dry-run`],
  ],
  listSharedAccounts: () => [['GET', '/shared-accounts']],
  listReplays: () => [['GET', '/replays']],
  showReplay: ({ ids }) => [['GET', `/replays/${ids.replayId}`]],
  startReplay: () => [['POST', '/replays', { filter: { kind: 'invoice' } }]],
  showStatus: () => [['GET', '/status']],
  showOverview: () => [['GET', '/overview?window=month']],
  listNotices: () => [['GET', '/notices']],
  listRejections: () => [['GET', '/rejections?limit=200']],
};

const ONE_ROW = 'shows one row of fixed size';
const NO_LIST = 'shows what was asked for, no document and no list';
const NOT_TRIED: Partial<Record<Verb, string>> = {
  showSetup: NO_LIST,
  setUp: NO_LIST,
  showSession: ONE_ROW,
  signIn: ONE_ROW,
  signOut: NO_LIST,
  signOutEverywhere: NO_LIST,
  changePassword: NO_LIST,
  addUser: ONE_ROW,
  setUserRole: 'lists the tokens that one person made, which listTokens does for all',
  removeUser: 'lists the tokens that one person made, which listTokens does for all',
  signOutUser: NO_LIST,
  resetPassword: ONE_ROW,
  addToken: ONE_ROW,
  revokeToken: ONE_ROW,
  listConnectors: 'shows what the program knows, whatever is in the database',
  addConnection: ONE_ROW,
  addSandboxConnection: ONE_ROW,
  setConnection: ONE_ROW,
  removeConnection: 'shows counts, and the callbacks of one connection',
  rotatePaths: ONE_ROW,
  pauseConnection: 'shows one connection, as listConnections does',
  resumeConnection: 'shows one connection, as listConnections does',
  startConsent: ONE_ROW,
  finishConsent: ONE_ROW,
  pingConnection: 'shows checks of a fixed number',
  testAlert: ONE_ROW,
  startBackfill: ONE_ROW,
  showBackfill: 'shows counts of one backfill',
  resolveRecord: ONE_ROW,
  resolveRecords: 'shows the ids that it was given, 500 at most',
  linkAccount: ONE_ROW,
  setAccountOwner: ONE_ROW,
  finishNotice: ONE_ROW,
  watchLive: 'is a stream of ids',
};

let small: LargeWorld;
let large: LargeWorld;

beforeAll(async () => {
  small = await openLargeWorld(SMALL);
  large = await openLargeWorld(LARGE);
}, 60_000);
afterAll(async () => {
  await small.close();
  await large.close();
});

const verbs = Object.keys(TRIED) as Verb[];

async function workOf(world: LargeWorld, [method, path, body]: Ask): Promise<Work> {
  return world.work(async () => {
    const answer = await world.ask(method, path, body);
    if (path === '/audit/checks') await checked(world);
    return answer;
  });
}

/** In the background of the process: what is asked for first only begins it. */
async function checked(world: LargeWorld): Promise<void> {
  for (;;) {
    const { body } = await world.ask('GET', '/audit/check');
    if ((body as { check: { state: string } }).check.state !== 'running') return;
  }
}

/** The least of each over the rounds. */
function least(a: Work | undefined, b: Work): Work {
  if (!a) return b;
  return { ...b, cpuMs: Math.min(a.cpuMs, b.cpuMs), stretchMs: Math.min(a.stretchMs, b.stretchMs) };
}

const allowed = (what: keyof typeof LEAST, of: Work) => MOST_TIMES * Math.max(LEAST[what], of[what]);

describe('work', () => {
  test('every verb is tried, or said why not', () => {
    const told = [...verbs, ...Object.keys(NOT_TRIED)];
    expect(told.toSorted()).toEqual(Object.keys(VERBS).toSorted());
  });

  test.each(verbs)(
    '%s costs at most six times as much for five times as much, and gives way',
    async (verb) => {
      const asks = TRIED[verb];
      const pairs = (asks?.(small) ?? []).map((ask, index) => [ask, asks?.(large)[index] ?? ask] as const);
      for (const [one, five] of pairs) {
        let [less, more]: [Work | undefined, Work | undefined] = [undefined, undefined];
        for (let round = 0; round < MOST_ROUNDS; round += 1) {
          less = least(less, await workOf(small, one));
          more = least(more, await workOf(large, five));
          if (more.cpuMs <= allowed('cpuMs', less) && more.stretchMs <= LONGEST_MS) break;
        }
        if (!less || !more) throw new Error('nothing was asked for');
        if (process.env['LARGE_FIGURES'])
          console.log(
            five[1],
            JSON.stringify({ ...less, body: 0 }),
            JSON.stringify({ ...more, body: JSON.stringify(more.body).slice(0, 600) }),
          );
        expect(
          [less.status, more.status].every((status) => status === 200 || status === 202),
          five[1],
        ).toBe(true);
        expect(more.rows, `rows of ${five[1]}`).toBeLessThanOrEqual(allowed('rows', less));
        expect(more.bytes, `bytes of ${five[1]}`).toBeLessThanOrEqual(allowed('bytes', less));
        expect(more.cpuMs, `processor of ${five[1]}`).toBeLessThanOrEqual(allowed('cpuMs', less));
        expect(more.stretchMs, `one stretch of ${five[1]}`).toBeLessThanOrEqual(LONGEST_MS);
      }
    },
    60_000,
  );
});

describe('/healthz over HTTP', () => {
  const slow: Verb[] = [
    'showRecord',
    'dryRunRecord',
    'previewConnection',
    'verifyAudit',
    'listSharedAccounts',
  ];

  test.each(slow)('is answered again and again while %s is at work', async (verb) => {
    const [ask] = TRIED[verb]?.(large) ?? [];
    if (!ask) throw new Error(`nothing is asked for by ${verb}`);
    let [answered, longestMs] = [0, 0];
    const probe = { running: true };
    const probing = (async () => {
      while (probe.running) {
        const before = process.threadCpuUsage();
        const answer = await fetch(`${large.url}/healthz`);
        expect(await answer.json()).toEqual({ status: 'ok' });
        const { user, system } = process.threadCpuUsage(before);
        longestMs = Math.max(longestMs, (user + system) / 1000);
        answered += 1;
      }
    })();
    const { cpuMs } = await workOf(large, ask);
    probe.running = false;
    await probing;
    // An answer takes some turns of the event loop: it comes in, it is answered, it is read.
    expect(longestMs).toBeLessThan(4 * LONGEST_MS);
    expect(answered).toBeGreaterThan(cpuMs / (2 * LONGEST_MS));
  });
});
