/** How long the real service's event loop is held up by large records, long trails and webhooks: node bench/event-loop.ts. */
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { startWorkload } from '../src/demo/run.ts';
import { startWorld, type World } from '../src/demo/world.ts';
import { appendTrail, documentSubject } from '../src/store/trail.ts';
import { percentile, printFigures, readWhole, round } from './figures.ts';

const TARGET_MS = 100;
const METRICS_TOKEN = 'a-token-for-the-bench-alone';
/** Limits out of the way: this measures us, not the vendors' quotas. */
const NO_LIMIT = '1000000';
const NOTES_BYTES = 64 * 1024;
const PROBE_EVERY_MS = 5;
const END_STATE_MS = 300_000;
/** As many items as the destination takes in one invoice; of longer ones it is told so. */
const MOST_COPIED = 1000;
const ROUNDS = 5;

type Delay = { p99Ms: number; maxMs: number };
type Phase = Delay & { healthMs: number };
type Ask = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<unknown>;

/** Scraping begins the next measure: what it tells is of the time since the scrape before. */
async function readDelay(world: World): Promise<Delay> {
  const answer = await fetch(`${world.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  });
  const text = await answer.text();
  const told = (name: string) => {
    const [, seconds] = new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(text) ?? [];
    if (seconds === undefined) throw new Error(`/metrics tells no ${name}: ${text.slice(0, 200)}`);
    return round(Number(seconds) * 1000, 1);
  };
  return { p99Ms: told('p99'), maxMs: told('max') };
}

async function measured(world: World, run: () => Promise<unknown>): Promise<Phase> {
  await readDelay(world);
  const waits: number[] = [];
  const probe = { running: true };
  const probing = (async () => {
    while (probe.running) {
      const started = performance.now();
      await (await fetch(`${world.url}/healthz`)).text();
      waits.push(performance.now() - started);
      await world.parts.clock.sleep(PROBE_EVERY_MS);
    }
  })();
  try {
    await run();
  } finally {
    probe.running = false;
    await probing;
  }
  return { ...(await readDelay(world)), healthMs: round(percentile(waits, 1), 1) };
}

async function signIn({ url, owner }: World): Promise<Ask> {
  const send = (method: string, path: string, cookie: string, body?: unknown) =>
    fetch(`${url}/api/v1${path}`, {
      method,
      headers: { cookie, origin: url, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const session = await send('POST', '/session', '', owner);
  if (!session.ok) throw new Error(`signing in: ${session.status} ${await session.text()}`);
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  return async (method, path, body) => {
    const answer = await send(method, path, cookie, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
}

/** An invoice of so many lines and long notes; returns its number in the source. */
async function billLarge(world: World, lines: number): Promise<string> {
  const { client } = (await world.askSource('POST', '/_control/clients', {
    organization: 'Large Ltd',
    email: 'large@example.com',
    currency: 'USD',
    country: 'Canada',
    province: 'Ontario',
  })) as { client: { id: number } };
  const { invoice } = (await world.askSource('POST', '/_control/invoices', {
    clientId: client.id,
    currency: 'USD',
    send: true,
    notes: 'A note for the record. '.repeat(NOTES_BYTES / 23),
    lines: Array.from({ length: lines }, (_, index) => ({
      name: `Line ${index}`,
      description: `Work of part ${index}`,
      qty: '2',
      unitCost: '10.50',
      taxes: [{ name: 'HST', percent: '13' }],
    })),
  })) as { invoice: { id: number } };
  return String(invoice.id);
}

/** `parked` is what becomes of more items than the destination takes. */
async function awaitState(world: World, sourceId: string, state: 'synced' | 'parked'): Promise<string> {
  const deadline = performance.now() + END_STATE_MS;
  for (;;) {
    const { rows } = await sql<{ id: string; state: string; reason: unknown }>`
      select id, state, reason from documents where kind = 'invoice' and source_id = ${sourceId}`.execute(
      world.parts.db,
    );
    const [row] = rows;
    if (row?.state === state) return row.id;
    if (performance.now() > deadline || (row !== undefined && row.state !== 'pending'))
      throw new Error(`the large invoice is ${row?.state ?? 'unknown'}: ${JSON.stringify(row?.reason)}`);
    await world.parts.clock.sleep(100);
  }
}

async function lengthenTrail(
  { parts, connectionId }: World,
  subject: string,
  entries: number,
): Promise<void> {
  const data = { summary: 'a call', note: 'x'.repeat(400) };
  for (let made = 0; made < entries; made += 500)
    await parts.db.transaction().execute(async (tx) => {
      for (let i = made; i < Math.min(entries, made + 500); i += 1)
        await appendTrail(tx, { subject, connectionId, actor: 'bench', entry: 'call', data }, new Date());
    });
}

async function checkAudit(world: World, ask: Ask): Promise<void> {
  await ask('POST', '/audit/checks');
  for (;;) {
    const { check } = (await ask('GET', '/audit/check')) as { check: { state: string } };
    if (check.state !== 'running') return;
    await world.parts.clock.sleep(100);
  }
}

async function repeated(rounds: number, run: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < rounds; turn += 1) await run();
}

async function measureAll(world: World, lines: number, entries: number): Promise<Record<string, Phase>> {
  const { connectionId } = world;
  const ask = await signIn(world);
  let [copiedId, recordId] = ['', ''];
  const phases: Record<string, () => Promise<unknown>> = {
    'webhooks alone': () => world.parts.clock.sleep(5_000),
    'copying a large invoice': async () => {
      copiedId = await awaitState(world, await billLarge(world, MOST_COPIED), 'synced');
    },
    'looking at a larger one': async () => {
      recordId = await awaitState(world, await billLarge(world, lines), 'parked');
    },
    'a longer trail': () => lengthenTrail(world, documentSubject(recordId), entries),
    'the record': () => repeated(ROUNDS, () => ask('GET', `/records/${recordId}`)),
    'its next values': () => repeated(ROUNDS, () => ask('GET', `/records/${recordId}?fieldsFrom=500`)),
    'its oldest entries': () => repeated(ROUNDS, () => ask('GET', `/records/${recordId}?before=100`)),
    'the copied record': () => repeated(ROUNDS, () => ask('GET', `/records/${copiedId}`)),
    'a dry run': () => repeated(ROUNDS, () => ask('POST', `/records/${recordId}/dry-run`)),
    'a dry run of the copy': () => repeated(ROUNDS, () => ask('POST', `/records/${copiedId}/dry-run`)),
    'a preview': () => repeated(2, () => ask('POST', `/connections/${connectionId}/preview`, { limit: 20 })),
    'the connection’s audit': () =>
      repeated(ROUNDS, () => ask('GET', `/audit?connection=${connectionId}&limit=500`)),
    'a check of the audit': () => checkAudit(world, ask),
    'lists and figures': () =>
      repeated(ROUNDS, async () => {
        for (const path of ['/records?limit=200', '/record-counts', '/overview', '/status', '/rejections'])
          await ask('GET', path);
      }),
    'a replay': async () => {
      await ask('POST', '/replays', { recordIds: [recordId, copiedId] });
      await world.parts.clock.sleep(5_000);
    },
  };
  const told: Record<string, Phase> = {};
  for (const [name, run] of Object.entries(phases)) told[name] = await measured(world, run);
  return told;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      lines: { type: 'string', default: '5000' },
      entries: { type: 'string', default: '10000' },
      rate: { type: 'string', default: '5' },
      'cpu-profile': { type: 'string' },
    },
  });
  const profiling = values['cpu-profile'];
  const world = await startWorld({
    seed: 1,
    poll: false,
    sourceArguments: ['--rate-limit', NO_LIMIT],
    environment: {
      ML_METRICS_TOKEN: METRICS_TOKEN,
      ...(profiling === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiling}` }),
    },
  });
  try {
    await startWorkload(world, { seed: 1, endless: true, ratePerSecond: readWhole('rate', values.rate) });
    const phases = await measureAll(
      world,
      readWhole('lines', values.lines),
      readWhole('entries', values.entries),
    );
    const maxMs = Math.max(...Object.values(phases).map((phase) => phase.maxMs));
    printFigures({ ...phases, maxMs, targetMs: TARGET_MS, good: maxMs < TARGET_MS }, values.json);
    process.exitCode = maxMs < TARGET_MS ? 0 : 1;
  } finally {
    await world.close();
  }
}

await main();
