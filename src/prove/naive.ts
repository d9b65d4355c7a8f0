/** A seed with the naive flow instead of the connector: the same users, the same faults of both systems, the same auditor. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registry } from '../app.ts';
import { originOf } from '../core/addresses.ts';
import type { Ledger } from '../core/ledger.ts';
import type { ConnectorContext, Secrets, SourceManifest } from '../core/ports.ts';
import type { SimulatedDestination, SimulatedSource } from '../core/rehearsal.ts';
import { createAddressRules } from '../platform/addresses.ts';
import { type Random, seededRandom, systemClock } from '../platform/clock.ts';
import { createHttp } from '../platform/http.ts';
import { NOTHING_KNOWN } from '../platform/known-secrets.ts';
import { audit, type Finding } from './auditor.ts';
import type { ProofClock } from './clock.ts';
import type { FaultName } from './fault-class.ts';
import { Killed } from './mortal-pool.ts';
import { createNaiveFlow, type NaiveEvent, type NaiveFlow, type NaiveMemory } from './naive-flow.ts';
import { waitFor } from './patience.ts';
import {
  answerLost,
  outages,
  rateLimits,
  requestLost,
  type SystemsStrike,
  webhooks,
} from './strikes-outside.ts';
import { between, createSystems, pickOne, REDIRECT_URI } from './world.ts';

/** An execution that has failed so often is left in the error list, as flow builders do. */
const TRIES = 5;
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000];
const DAY_MS = 24 * 3_600_000;
const MOST_LOOKS = 100_000;

const AT_THE_SYSTEMS: Partial<Record<FaultName, SystemsStrike>> = {
  'answer-lost': answerLost,
  'request-lost': requestLost,
  'rate-limits': rateLimits,
  'keys-forgotten': answerLost,
  outages,
  webhooks,
};

export type NaiveVerdict = {
  seed: number;
  /** Documents that users made and never changed: only these are judged. */
  documents: number;
  lost: Finding[];
  doubled: Finding[];
  wrong: Finding[];
  /** Executions that ended in its error list. */
  givenUp: number;
};

type Waiting = { event: Pick<NaiveEvent, 'kind' | 'sourceId'>; tries: number; notBefore: number };

export async function runNaive(options: {
  seed: number;
  acts: number;
  faults: readonly FaultName[];
}): Promise<NaiveVerdict> {
  const { clock, source, destination } = await createSystems(options.seed, options.acts);
  const closers: (() => Promise<void>)[] = [];
  try {
    const runner = await startRunner({ clock, source, destination, closers, seed: options.seed });
    await runner.rest();
    const usable = options.faults.filter(
      (name) => name === 'crash' || name === 'restore' || AT_THE_SYSTEMS[name],
    );
    for (let left = 1; left > 0; ) {
      const name = usable.length === 0 ? undefined : pickOne(runner.random, usable);
      const over = name === undefined ? undefined : await runner.strike(name);
      left = source.act(between(runner.random, 2, 7));
      await runner.rest();
      over?.();
      clock.advance(60_000);
    }
    source.calm();
    destination.calm();
    clock.advance(8 * DAY_MS);
    await runner.rest();
    return {
      seed: options.seed,
      givenUp: runner.givenUp(),
      ...judgeNaive(source, destination, runner.prefix),
    };
  } finally {
    clock.close();
    for (const close of closers) await close();
    await source.close();
    await destination.close();
  }
}

type RunnerParts = {
  seed: number;
  clock: ProofClock;
  source: SimulatedSource;
  destination: SimulatedDestination;
  closers: (() => Promise<void>)[];
};

async function startRunner({ seed, clock, source, destination, closers }: RunnerParts) {
  const random = seededRandom(seed * 7919 + 29);
  let memory: NaiveMemory = new Map();
  let killIn: number | undefined;
  const manifests = { source: registry.sources[0], destination: registry.destinations[0] };
  if (!manifests.source?.simulator || !manifests.destination?.simulator) throw new Error('no simulators');
  let calls = 0;
  const step = () => {
    calls += 1;
    if (killIn === undefined || --killIn > 0) return;
    killIn = undefined;
    throw new Killed('the flow was killed');
  };
  const given = await manifests.source.simulator.connect(source.url, REDIRECT_URI);
  const from = manifests.source.create(
    contextOf({ ...given, url: source.url, clock, random, step, closers }),
  );
  const to = manifests.destination.create(
    contextOf({
      ...(await manifests.destination.simulator.connect(destination.url, REDIRECT_URI)),
      url: destination.url,
      clock,
      random,
      step,
      closers,
    }),
  );
  const flow = createNaiveFlow(from, to, () => memory);
  const queue = createQueue(flow, clock, () => calls);
  await subscribe(manifests.source, from, queue.push, closers, source);
  return {
    random,
    prefix: from.identity.prefix,
    givenUp: queue.givenUp,
    async rest(): Promise<void> {
      await queue.rest(() => source.deliveriesUnderWay() > 0);
    },
    async strike(name: FaultName): Promise<() => void> {
      if (name === 'crash') {
        killIn = between(random, 1, 25);
        return () => void (killIn = undefined);
      }
      if (name === 'restore') {
        const backup = new Map(memory);
        return () => void (memory = backup);
      }
      const over = AT_THE_SYSTEMS[name]?.({ random, source, destination });
      return () => void over?.();
    },
  };
}

/** Takes the events, answers the handshakes. */
async function subscribe(
  manifest: SourceManifest,
  from: ReturnType<SourceManifest['create']>,
  push: (event: NaiveEvent) => void,
  closers: (() => Promise<void>)[],
  source: SimulatedSource,
): Promise<void> {
  const offered: { remoteId: string; verifier: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = manifest.webhooks.parse(Buffer.concat(chunks));
      if (message?.type === 'handshake') offered.push(message);
      if (message?.type === 'event') push(message);
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => void server.close(() => resolve()));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const topic of from.callbacks.topics) await from.callbacks.register(topic, `${url}/${topic}`);
  while (source.deliveriesUnderWay() > 0) await systemClock.sleep(2);
  for (const { remoteId, verifier } of offered) await from.callbacks.confirm(remoteId, verifier);
}

/** Durable in effect: what was under way when the flow was killed is started again. */
function createQueue(flow: NaiveFlow, clock: ProofClock, calls: () => number) {
  const waiting: Waiting[] = [];
  let givenUp = 0;
  async function execute(one: Waiting): Promise<void> {
    try {
      await flow.handle(one.event);
    } catch (error) {
      const tries = error instanceof Killed ? one.tries : one.tries + 1;
      const pause = PAUSES_MS[tries - 1] ?? 0;
      if (tries < TRIES) waiting.push({ ...one, tries, notBefore: clock.now() + pause });
      else givenUp += 1;
    }
  }
  const isDue = ({ notBefore }: Waiting) => notBefore <= clock.now();
  return {
    push: (event: NaiveEvent) => void waiting.push({ event, tries: 0, notBefore: 0 }),
    givenUp: () => givenUp,
    /** Two executions at once, as flow builders run them, until nothing is left. */
    async rest(isComing: () => boolean): Promise<void> {
      for (let looks = 0; looks < MOST_LOOKS && (waiting.length > 0 || isComing()); looks += 1) {
        const [first, second] = waiting.filter(isDue);
        const taken = [first, second].filter((one) => one !== undefined);
        for (const one of taken) waiting.splice(waiting.indexOf(one), 1);
        const running = Promise.all(taken.map(execute));
        await waitFor(clock, running, calls);
        if (taken.length > 0) continue;
        const next = Math.min(...waiting.map(({ notBefore }) => notBefore), clock.now() + 60_000);
        if (waiting.length > 0) clock.advance(next - clock.now());
        else await systemClock.sleep(2);
      }
    },
  };
}

function contextOf(options: {
  /** The simulator's. */
  url: string;
  settings: Record<string, string>;
  secrets: Secrets;
  clock: ProofClock;
  random: Random;
  step: () => void;
  closers: (() => Promise<void>)[];
}): ConnectorContext {
  const { clock, random, step } = options;
  const settings = { ...options.settings };
  let secrets = options.secrets;
  const { http, close } = createHttp({
    clock,
    addresses: createAddressRules().of([originOf(options.url)]),
    takeTurn: async () => () => {},
    record: async () => {},
    known: NOTHING_KNOWN,
    timeout: clock.timeout,
  });
  options.closers.push(close);
  return {
    async http(request) {
      step();
      const answer = await http(request);
      step();
      return answer;
    },
    settings,
    credentials: {
      load: async () => secrets,
      renew: async (renew) => (secrets = (await renew(secrets)) ?? secrets),
    },
    now: clock.now,
    random: () => random.next(),
    sleep: (ms) => clock.sleep(ms),
    learnRate: async () => {},
    rememberSetting: async (name, value) => void (settings[name] = value),
  };
}

/** Only what such a flow is made for: what nobody changed after it was made, invoice and payments alike. */
function judgeNaive(source: SimulatedSource, destination: SimulatedDestination, prefix: string) {
  const books = source.ledger();
  const touched = source.touched();
  const { findings } = audit(books, destination.ledger(), prefix, new Map());
  const plain = listPlain(books, touched);
  const judged = findings.filter(({ document }) => plain.has(document));
  const of = (verdict: Finding['verdict']) => judged.filter((finding) => finding.verdict === verdict);
  return { documents: plain.size, lost: of('lost'), doubled: of('doubled'), wrong: of('wrong') };
}

function listPlain(
  { invoices, payments }: Ledger,
  touched: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  const plain = new Set<string>();
  for (const invoice of invoices) {
    const own = payments.filter(({ invoiceNumbers }) => invoiceNumbers[0] === invoice.number);
    const isOdd = own.some(
      ({ id, fromCredit, overpaymentId, amount }) =>
        touched.has(`payment/${id}`) ||
        fromCredit === true ||
        overpaymentId !== undefined ||
        /^[0.]+$/.test(amount),
    );
    if (isOdd || touched.has(`invoice/${invoice.id}`)) continue;
    for (const document of [`invoice/${invoice.id}`, ...own.map(({ id }) => `payment/${id}`)])
      plain.add(document);
  }
  return plain;
}
