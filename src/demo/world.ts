/** A whole small world as processes of its own: both simulators, the service, and a way to look at all three. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Installation, openInstallation, registry } from '../app.ts';
import { type Child, startChild, startSimulator } from '../cli/children.ts';
import { localActor } from '../cli/output.ts';
import { loadConfig } from '../config.ts';
import { UsageError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import { addConnection, sandboxSides } from '../operations/add-connection.ts';
import type { OperationParts } from '../operations/parts.ts';
import { listCallbacks } from '../store/callbacks.ts';
import { type Comparison, compareLedgers } from './compare.ts';

// ".ts" from the sources, ".js" from a build.
const MAIN = fileURLToPath(new URL(`../main${import.meta.url.slice(-3)}`, import.meta.url));
const VERIFIED_MS = 30_000;
const POLL_SECONDS = 2;

export type WorldOptions = {
  seed: number;
  /** Polling only. */
  poll: boolean;
  port?: number | undefined;
  /** Extra arguments of each simulator. */
  sourceArguments?: readonly string[];
  destinationArguments?: readonly string[];
  /** Further settings of the service, as environment variables. */
  environment?: Record<string, string>;
  /** A PostgreSQL that the processes share, instead of the built-in one. */
  databaseUrl?: string;
  /** One process of the service for each; the first one serves the dashboard. */
  roles?: readonly Role[];
};

type Role = 'all' | 'web' | 'worker';

export type World = {
  url: string;
  owner: { email: string; password: string };
  /** Our own view on the running service's database. */
  parts: OperationParts;
  connectionId: string;
  /** As the configuration of the running service has it. */
  dataDir: string;
  /** Environment for commands that run beside the service. */
  environment: Record<string, string>;
  askSource(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  askDestination(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  compare(): Promise<Comparison & { calls: Record<string, Record<string, number>>; rateLimited: number }>;
  /** Process ids in the order of `roles`. */
  pids(): number[];
  /** kill -9 of one process. */
  kill(index?: number): Promise<void>;
  /** Asks one process to stop. */
  stop(index?: number): Promise<void>;
  /** Starts one process again, with the same settings. */
  start(index?: number): Promise<void>;
  /** kill -9, then start again. */
  crash(): Promise<void>;
  close(): Promise<void>;
};

export async function startWorld(options: WorldOptions): Promise<World> {
  const source = registry.sources.find((manifest) => manifest.simulator);
  const destination = registry.destinations.find((manifest) => manifest.simulator);
  if (!source?.simulator || !destination?.simulator)
    throw new UsageError('There is no pair of simulators to play with.');
  const closers: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= closeAll());
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-demo-'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const simulators = await Promise.all([
      startSimulator(source.simulator, { port: 0, seed: options.seed, more: options.sourceArguments ?? [] }),
      startSimulator(destination.simulator, {
        port: 0,
        seed: options.seed,
        more: options.destinationArguments ?? [],
      }),
    ]);
    for (const child of simulators) closers.push(() => child.stop());
    const [sourceUrl, destinationUrl] = simulators.map((child) => String(child.ready['url']));
    if (sourceUrl === undefined || destinationUrl === undefined)
      throw new Error('a simulator told no address');
    const config = await loadConfig(
      {
        dataDir,
        port: options.port ?? (await freePort()),
        logLevel: 'error',
        databaseUrl: options.databaseUrl,
      },
      {},
    );
    const owner = { email: config.ownerEmail, password: randomBytes(18).toString('base64url') };
    const roles = options.roles ?? ['all'];
    const environment = {
      ML_DATA_DIR: config.dataDir,
      ML_PORT: String(config.port),
      ML_LOG_LEVEL: 'error',
      ML_OWNER_EMAIL: owner.email,
      ML_OWNER_PASSWORD: owner.password,
      ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
      ...options.environment,
    };
    const startProcess = (role: Role) =>
      startChild([MAIN, 'start', '--json', '--exit-with-parent', '--role', role], environment);
    const services: Child[] = [];
    closers.push(() => Promise.all(services.map((service) => service.stop())));
    // One after the other: the first one makes the key file.
    for (const role of roles) services.push(await startProcess(role));
    const serviceAt = (index: number) => {
      const service = services[index];
      if (!service) throw new Error(`there is no process ${index}`);
      return service;
    };
    const start = async (index = 0) => {
      services[index] = await startProcess(roles[index] ?? 'all');
    };
    const kill = (index = 0) => serviceAt(index).kill();
    const installation = await openInstallation(config, { working: false, attach: true });
    closers.push(() => installation.close());
    const connectionId = await connect(
      installation,
      { source: source.id, destination: destination.id, sourceUrl, destinationUrl },
      options.poll,
    );
    const { source: opened } = await installation.parts.runtime.open(connectionId);
    return {
      url: config.publicUrl,
      owner,
      parts: installation.parts,
      connectionId,
      dataDir: config.dataDir,
      environment,
      askSource: (method, path, body) => ask(sourceUrl, method, path, body),
      askDestination: (method, path, body) => ask(destinationUrl, method, path, body),
      async compare() {
        const ledgers = (await Promise.all([
          ask(sourceUrl, 'GET', '/_control/ledger'),
          ask(destinationUrl, 'GET', '/_control/ledger'),
        ])) as [Ledger, Ledger];
        const [left, right] = ledgers;
        return {
          ...compareLedgers(left, right, opened.identity.prefix),
          calls: { [source.id]: left.calls, [destination.id]: right.calls },
          rateLimited: left.rateLimited + right.rateLimited,
        };
      },
      pids: () => services.map((service) => service.pid),
      kill,
      stop: (index = 0) => serviceAt(index).stop(),
      start,
      async crash() {
        await kill();
        await start();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A connection to both simulators, with its webhooks verified unless it polls. */
async function connect(
  { parts }: Installation,
  systems: { source: string; destination: string; sourceUrl: string; destinationUrl: string },
  poll: boolean,
): Promise<string> {
  const { simulators, ...sides } = await sandboxSides(parts, systems);
  const request = {
    name: 'sandbox',
    ...sides,
    webhooksEnabled: !poll,
    pollIntervalSeconds: poll ? POLL_SECONDS : 300,
  };
  const { id } = await addConnection(parts, localActor(), request, { simulators });
  if (!poll) await awaitVerified(parts, id);
  return id;
}

async function awaitVerified({ db, vault, clock }: OperationParts, id: string): Promise<void> {
  const deadline = clock.now() + VERIFIED_MS;
  for (;;) {
    const callbacks = await listCallbacks(db, vault, id);
    if (callbacks.length > 0 && callbacks.every((callback) => callback.verifiedAt !== null)) return;
    if (clock.now() > deadline) throw new UsageError('The webhooks were not verified in time.');
    await clock.sleep(100);
  }
}

async function ask(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
