/** The composition root: the only file that knows every part. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { consentAnswer, metricsText, readiness, toOperations } from './api/from-operations.ts';
import type { ApiParts } from './api/parts.ts';
import { createMetricsServer } from './api/routes/probes.ts';
import { createApiServer } from './api/server.ts';
import { type Config, inheritedEnvironment, secretsOf } from './config.ts';
import { destinations, sources } from './connectors/index.ts';
import { UsageError } from './core/errors.ts';
import { createConnectionRuntime } from './engine/connection-runtime.ts';
import { startWorker } from './engine/engine.ts';
import { fillFaces } from './engine/fill-faces.ts';
import { startLearningSecrets } from './engine/learn-secrets.ts';
import { createKnownSecretsFor, type Registry } from './engine/parts.ts';
import { createReceiver } from './engine/receive.ts';
import { checkAddresses } from './operations/check-addresses.ts';
import type { OperationParts } from './operations/parts.ts';
import { watchProxies } from './operations/proxy-hint.ts';
import { continueReplays } from './operations/replay-runs.ts';
import { sealPathsOfBefore } from './operations/seal-callbacks.ts';
import { findToken } from './operations/tokens.ts';
import type { PeopleParts } from './operations/users.ts';
import { createAddressRules } from './platform/addresses.ts';
import { systemClock, systemRandom } from './platform/clock.ts';
import { type DatabaseAddress, openDatabase, toClientConfig } from './platform/database.ts';
import { createSilence, type Silence } from './platform/database-client.ts';
import { createAnnouncer, type LiveFeed, startLiveFeed, startSweptFeed } from './platform/live.ts';
import { createLog, type Log } from './platform/log.ts';
import { createMetrics } from './platform/metrics.ts';
import { findPackageRoot } from './platform/package-root.ts';
import {
  assertSameDatabase,
  givenUp,
  openDirect,
  poolingText,
  toQueueConfig,
} from './platform/postgres/around-pooler.ts';
import { type DatabaseVersion, versionText } from './platform/postgres/known-version.ts';
import { startEmbeddedPostgres } from './platform/postgres/launcher.ts';
import { migrate } from './platform/postgres/migrate.ts';
import { findRunningPostgres } from './platform/postgres/owner-record.ts';
import {
  asApplication,
  grantApplication,
  knowsApplication,
  olderServiceError,
} from './platform/postgres/roles.ts';
import { startQueue } from './platform/queue.ts';
import { freeError } from './platform/redact.ts';
import { createSandbox } from './platform/sandbox.ts';
import { createSignIn, type SignIn } from './platform/sign-in.ts';
import { createVault, deriveSecret, openKeys } from './platform/vault.ts';
import { noteAccountOwners } from './store/account-owners.ts';
import { forgetCallsUnderWay } from './store/call-budgets.ts';
import type { Db } from './store/db.ts';
import { listChangedAfter } from './store/documents.ts';
import { freeAllLeases } from './store/lanes.ts';
import type { DB } from './store/schema.ts';
import { readServer } from './store/server.ts';
import { sessionName } from './store/sessions.ts';
import { withSigner } from './store/signer.ts';
import { openSigner } from './store/signing-keys.ts';
import { listOpenNotices, type UpgradeNotice } from './store/upgrade-notices.ts';
import { assertVaultFits, hasSecrets, withKeysLocked } from './store/vault-keys.ts';
import { findWebAddress, saveWebAddress } from './store/web-address.ts';

const ROOT = findPackageRoot();

const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

export const registry: Registry = { sources, destinations };

/** Both simulated systems inside this process; loaded only where something is rehearsed. */
export const loadRehearsals = () => import('./connectors/rehearsals.ts');

/** 144 bits, the same for every process of the installation; worth nothing once there is an account. */
const SETUP_CODE_LENGTH = 24;

const WEB_ROOT = join(ROOT, 'web/dist');

export type Installation = {
  parts: PeopleParts;
  signIn: SignIn;
  /** Path of a key file that this start has made. */
  newKeyFile: string | undefined;
  address: DatabaseAddress;
  /** Where sessions are ours alone; undefined behind a pooler that lends them for a transaction at a time. */
  listening: DatabaseAddress | undefined;
  /** What a pooler in front changes, in one sentence. */
  pooling: string | undefined;
  silence: Silence;
  /** Asks everything that waits or loops to come to an end. */
  stopping: AbortController;
  close(): Promise<void>;
};

/** `attach` uses the database of a running service where there is one; otherwise the data directory is ours alone. */
export async function openInstallation(
  config: Config,
  options: { working: boolean; attach: boolean; log?: Log },
): Promise<Installation> {
  const known = createKnownSecretsFor(registry, systemClock);
  for (const secret of secretsOf(config)) known.keep(secret);
  const log = options.log ?? createLog({ level: config.logLevel, pretty: config.logPretty, known });
  const addresses = createAddressRules({ allowed: config.allowPrivateAddresses });
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const metrics = createMetrics();
    const silence = createSilence({ log, onSilent: () => metrics.databaseSilent.inc() });
    const { owner, owned } = await openAddress(config, options.attach, log, closers);
    const direct = config.databaseUrl === undefined ? undefined : await openDirect(config.databaseDirectUrl);
    const migrated = await migrate({ ...(direct ?? owner), log });
    const address = await toApplicationAddress(owner, owned || migrated.length > 0);
    const database = await openDatabase<DB>({
      ...address,
      log,
      silence,
      max: options.working ? config.lanes + 12 : 4,
      applicationName: sessionName(config.instance),
    });
    closers.push(() => database.close());
    const { pool } = database;
    if (direct) await assertSameDatabase(database);
    const listening = database.pooling === 'transaction' ? direct : (direct ?? address);
    const pooling = poolingText(database.pooling, listening !== undefined);
    if (pooling !== undefined) log.warn(pooling);
    const { keys, newKeyFile, vault, signer } = await withKeysLocked(database.db, async () => {
      const opened = await openKeys(config, () => hasSecrets(database.db));
      for (const secret of opened.keys.flatMap(writtenKeys)) known.keep(secret);
      const ring = createVault(opened.keys, known);
      const now = new Date(systemClock.now());
      await assertVaultFits(database.db, ring, now);
      return { ...opened, vault: ring, signer: await openSigner(database.db, ring, now) };
    });
    const db = withSigner(database.db, signer);
    const publicUrl = options.attach ? await runningUrl(db, config) : config.publicUrl;
    await sealPathsOfBefore({ db, vault, clock: systemClock });
    if (owned && options.working) {
      await freeAllLeases(db);
      await forgetCallsUnderWay(db);
    }
    if (options.working) await noteAccountOwners(db, new Date(systemClock.now()));
    const queueAddress = listening ?? address;
    const queue = await startQueue(
      toQueueConfig(queueAddress, silence, listening === undefined ? database.pooling : 'session'),
      log,
      { working: options.working, listening: listening !== undefined },
    );
    closers.push(() => queue.stop());
    const announcer = createAnnouncer(pool, systemClock, log);
    closers.push(() => announcer.flush());
    const stopping = new AbortController();
    const engine = {
      db,
      queue,
      vault,
      clock: systemClock,
      random: systemRandom,
      log,
      metrics,
      registry,
      addresses,
      instance: config.instance,
      stopping: stopping.signal,
      announce: announcer.announce,
    };
    const runtime = createConnectionRuntime(engine);
    closers.push(() => runtime.close());
    closers.push(async () => stopping.abort());
    const signIn = await createSignIn({
      pool,
      baseUrl: publicUrl,
      secret: deriveSecret(keys, 'sign-in'),
      log: (level, message) => log[level]({ part: 'sign-in' }, message),
      clock: systemClock,
      random: systemRandom,
      metrics: engine.metrics,
      stopping: stopping.signal,
    });
    const parts: PeopleParts = {
      ...engine,
      accounts: signIn,
      setupCode: deriveSecret(keys, 'set-up').slice(0, SETUP_CODE_LENGTH),
      runtime,
      publicUrl,
      version: VERSION,
      startedAt: new Date(systemClock.now()),
    };
    return { parts, signIn, newKeyFile, address, listening, pooling, silence, stopping, close };
  } catch (error) {
    await close();
    freeError(error, known);
    throw error;
  }
}

/** For a command beside a service, which may listen elsewhere than the command's own settings say. */
async function runningUrl(db: Db, { publicUrl, isPublicUrlGiven }: Config): Promise<string> {
  return isPublicUrlGiven ? publicUrl : ((await findWebAddress(db)) ?? publicUrl);
}

async function openAddress(
  config: Config,
  attach: boolean,
  log: Log,
  closers: (() => Promise<void>)[],
): Promise<{ owner: DatabaseAddress; owned: boolean }> {
  if (config.databaseUrl !== undefined) return { owner: { url: config.databaseUrl }, owned: false };
  const running = attach ? await findRunningPostgres(config.dataDir) : undefined;
  if (running) {
    if (!(await knowsApplication(running))) throw olderServiceError();
    return { owner: { connection: running }, owned: false };
  }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  closers.push(() => postgres.stop());
  return { owner: { connection: postgres.connection }, owned: true };
}

/** The built-in database has a role of its own for everything but migrations; somebody else's has one for all. */
async function toApplicationAddress(owner: DatabaseAddress, isNew: boolean): Promise<DatabaseAddress> {
  if ('url' in owner) return owner;
  if (isNew) await grantApplication(owner.connection);
  return { connection: asApplication(owner.connection) };
}

function writtenKeys(key: Uint8Array): string[] {
  return [Buffer.from(key).toString('base64'), Buffer.from(key).toString('hex')];
}

export type Service = {
  url: string | undefined;
  /** Set when this start has made the owner account, with the password it was given. */
  owner: { email: string; password: string } | undefined;
  /** Where the first account is made, while there is none. */
  setupUrl: string | undefined;
  newKeyFile: string | undefined;
  /** What upgrades left for a person to do. */
  notices: UpgradeNotice[];
  database: DatabaseVersion;
  /** How a pooler in front of the database changes our ways; undefined where there is none that does. */
  pooling: string | undefined;
  parts: OperationParts;
  stop(): Promise<void>;
};

/** Starts what the role asks for. Throws UsageError with what to do. */
export async function startService(config: Config, log?: Log): Promise<Service> {
  const working = config.role !== 'web';
  const installation = await openInstallation(config, { working, attach: false, ...(log ? { log } : {}) });
  const { parts, signIn } = installation;
  const closers: (() => Promise<void>)[] = [() => installation.close()];
  const stop = async () => {
    installation.silence.hurry();
    const closing = (async () => {
      for (const closer of closers.splice(0).reverse()) await closer();
    })();
    await Promise.race([closing, givenUp({ log: parts.log, silence: installation.silence }, closing)]);
  };
  try {
    await checkAddresses(parts, 'written');
    const { stopped } = await startLearningSecrets(parts);
    closers.push(async () => {
      installation.stopping.abort();
      await stopped;
    });
    if (config.role !== 'worker') closers.push(await startWeb(config, installation));
    if (working) {
      const worker = await startWorker(parts, parts.runtime, {
        lanes: config.lanes,
        publicUrl: config.publicUrl,
      });
      closers.push(async () => {
        installation.stopping.abort();
        await worker.stop();
      });
      fillFaces(parts, parts.runtime).catch((error: unknown) =>
        parts.log.warn({ err: error }, 'days of old records not filled in; the next start goes on'),
      );
    }
    const notices = await listOpenNotices(parts.db);
    for (const { code, subject, message, action } of notices)
      parts.log.warn({ notice: code, subject }, `${message} ${action}`.trimEnd());
    // Names take their time, and every call looks for itself.
    checkAddresses(parts, 'resolved').catch((error: unknown) =>
      parts.log.warn({ err: error }, 'addresses not looked up'),
    );
    const owner = await makeOwner(config, signIn);
    const setUp = owner !== undefined || (await signIn.hasUsers());
    return {
      url: config.role === 'worker' ? undefined : config.publicUrl,
      owner,
      setupUrl: setUp ? undefined : `${config.publicUrl}/#setup=${parts.setupCode}`,
      newKeyFile: installation.newKeyFile,
      notices,
      database: await tellDatabase(parts),
      pooling: installation.pooling,
      parts,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function tellDatabase({ db, log }: OperationParts): Promise<DatabaseVersion> {
  const database = await readServer(db);
  log[database.behind ? 'warn' : 'info']({ database }, versionText(database));
  return database;
}

/** Only where the configuration says with what password; otherwise a person does it in the browser. */
async function makeOwner(config: Config, signIn: SignIn): Promise<Service['owner']> {
  const { ownerEmail: email, ownerPassword: password } = config;
  if (password === undefined) return undefined;
  const made = await signIn.ensureOwner({ email, password });
  return made.created ? { email: made.email, password: made.password } : undefined;
}

/** Returns how to close it. */
async function startWeb(
  config: Config,
  { parts, signIn, listening, silence }: Installation,
): Promise<() => Promise<void>> {
  const receiver = createReceiver(parts);
  const feed = startFeed(parts, listening, silence);
  const sandbox = createSandbox(inheritedEnvironment());
  continueReplays(parts).catch((error: unknown) => parts.log.warn({ err: error }, 'replays not continued'));
  const apiParts: ApiParts = {
    operations: toOperations({ ...parts, sandbox }),
    receive: receiver.receive,
    refuse: receiver.refuse,
    redact: parts.vault.known.redact,
    completeConsent: (answer) => consentAnswer(parts, answer),
    live: feed,
    health: { live: () => true, ready: () => readiness(parts) },
    metrics: () => metricsText(parts),
    ...(config.metricsToken === undefined ? {} : { metricsToken: config.metricsToken }),
    signIn,
    findToken: (authorization) => findToken(parts, authorization),
    webRoot: WEB_ROOT,
    publicUrl: config.publicUrl,
    ...(config.trustedProxies === undefined ? {} : { trustedProxies: config.trustedProxies }),
    openApiDocs: config.openApiDocs,
    proxies: watchProxies(parts),
    logger: parts.log,
    version: VERSION,
  };
  const server = await createApiServer(apiParts);
  const figures =
    config.metricsPort === undefined
      ? undefined
      : createMetricsServer(apiParts, { host: config.metricsHost });
  const close = async () => {
    await server.close();
    await figures?.close();
    await feed.close();
    await sandbox.close();
  };
  try {
    await listen(server, config.host, config.port, '--port or ML_PORT');
    if (figures) await listen(figures, config.metricsHost, config.metricsPort ?? 0, 'ML_METRICS_PORT');
    await saveWebAddress(parts.db, config.publicUrl, new Date(parts.clock.now())).catch((error: unknown) =>
      parts.log.warn({ err: error }, 'commands will not know where this service is'),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

function startFeed(
  { db, clock, log }: OperationParts,
  listening: DatabaseAddress | undefined,
  silence: Silence,
): LiveFeed {
  if (!listening) return startSweptFeed((after) => listChangedAfter(db, after), clock, log);
  return startLiveFeed({ ...toClientConfig(listening, 'ml-connector live'), silence }, clock, log);
}

async function listen(server: FastifyInstance, host: string, port: number, setting: string): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error;
    throw new UsageError(
      `Port ${port} on ${host} is taken by another program.`,
      `Stop that program, or choose another port: ${setting}.`,
    );
  }
}
