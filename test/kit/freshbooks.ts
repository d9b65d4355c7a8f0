/** The engine between a FreshBooks simulator and the example destination, over a real database; several at once if wanted. */
import { pino } from 'pino';
import { createExampleWorld } from '../../src/connectors/example/index.ts';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import type { SourceManifest } from '../../src/core/ports.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import { createKnownSecretsFor } from '../../src/engine/parts.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { type Clock, systemClock, systemRandom } from '../../src/platform/clock.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createVault } from '../../src/platform/vault.ts';
import type { DB } from '../../src/store/schema.ts';
import { withSigner } from '../../src/store/signer.ts';
import { ADMIN, createRecordingQueue, PUBLIC_URL } from './engine.ts';
import { TEST_SIGNER } from './test-signer.ts';

export type FreshBooksProcess = { parts: OperationParts; close(): Promise<void> };

/** One process of the service, as far as tokens and reading are concerned: a pool and a runtime of its own. */
export async function openFreshBooksProcess(
  databaseUrl: string,
  options: { source?: SourceManifest; poolSize?: number; clock?: Clock } = {},
): Promise<FreshBooksProcess> {
  const log = pino({ level: 'silent' });
  const clock = options.clock ?? systemClock;
  const database = await openDatabase<DB>({ url: databaseUrl, log, max: options.poolSize ?? 5 });
  const stopping = new AbortController();
  const registry = {
    sources: [options.source ?? freshbooks],
    destinations: [createExampleWorld('BOOKS', clock.now).destination],
  };
  const engine = {
    db: withSigner(database.db, TEST_SIGNER),
    queue: createRecordingQueue(),
    vault: createVault([new Uint8Array(32).fill(7)], createKnownSecretsFor(registry, clock)),
    clock,
    random: systemRandom,
    log,
    metrics: createMetrics(),
    registry,
    instance: `freshbooks-kit-${process.pid}`,
    stopping: stopping.signal,
    announce: () => {},
  };
  const runtime = createConnectionRuntime(engine);
  const parts = {
    ...engine,
    runtime,
    publicUrl: PUBLIC_URL,
    version: '0.0.0',
    startedAt: new Date(clock.now()),
  };
  return {
    parts,
    async close() {
      stopping.abort();
      await runtime.close();
      await database.close();
    },
  };
}

/** A port where nobody listens. */
const NOBODY_URL = 'http://127.0.0.1:9';
export const REDIRECT_URI = 'https://connector.test/oauth/freshbooks/callback';

/** A connection of the simulator, with working tokens; `webhooks` and polling are off unless told. */
export async function connectFreshBooks(
  parts: OperationParts,
  simulatorUrl: string,
  options: { name?: string; webhooks?: boolean; secrets?: Record<string, string> } = {},
): Promise<string> {
  const given = await freshbooks.simulator?.connect(simulatorUrl, REDIRECT_URI);
  if (!given) throw new Error('the manifest has no simulator');
  const request = {
    name: options.name ?? 'books',
    source: {
      connector: freshbooks.id,
      values: given.settings,
      secrets: { ...given.secrets, ...options.secrets },
    },
    destination: {
      connector: parts.registry.destinations[0]?.id ?? '',
      values: {},
      secrets: { password: 'billing-password' },
    },
    webhooksEnabled: options.webhooks ?? false,
    pollIntervalSeconds: 0,
  };
  // Where nobody listens counts as a simulator, too.
  const { id } = await addConnection(parts, ADMIN, request, { simulators: [simulatorUrl, NOBODY_URL] });
  return id;
}
