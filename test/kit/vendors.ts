/** Operations over a real database with both vendors' connectors and nobody on the other side: for what must not be called. */
import { pino } from 'pino';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import type { Secrets, SourceManifest } from '../../src/core/ports.ts';
import { createConnectionRuntime } from '../../src/engine/connection-runtime.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { addConnection } from '../../src/operations/add-connection.ts';
import type { OperationParts } from '../../src/operations/parts.ts';
import { systemClock, systemRandom } from '../../src/platform/clock.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createVault } from '../../src/platform/vault.ts';
import type { Side } from '../../src/store/connections.ts';
import { loadSecrets } from '../../src/store/credentials.ts';
import type { DB } from '../../src/store/schema.ts';
import type { TestDatabase } from './database.ts';
import { ADMIN, createRecordingQueue, PUBLIC_URL } from './engine.ts';

export function vendorParts(
  database: TestDatabase<DB>,
  options: Partial<EngineParts> & { source?: SourceManifest } = {},
): OperationParts {
  const { source = freshbooks, ...more } = options;
  const engine: EngineParts = {
    db: database.db,
    queue: createRecordingQueue(),
    vault: createVault([new Uint8Array(32).fill(7)]),
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    registry: { sources: [source], destinations: [zuora] },
    instance: 'vendors',
    stopping: new AbortController().signal,
    announce: () => {},
    ...more,
  };
  const startedAt = new Date(systemClock.now());
  return {
    ...engine,
    runtime: createConnectionRuntime(engine),
    publicUrl: PUBLIC_URL,
    version: '0.0.0',
    startedAt,
  };
}

export const SOURCE_SECRETS: Secrets = {
  clientSecret: 'fb-client-secret',
  accessToken: 'fb-access-token',
  refreshToken: 'fb-refresh-token',
  expiresAt: '9999999999999',
};
export const DESTINATION_SECRETS: Secrets = {
  clientSecret: 'zr-client-secret',
  accessToken: 'zr-access-token',
  accessTokenBase: 'https://rest.zuora.com',
};

let made = 0;

/** With the vendors' own addresses unless told otherwise; returns its id. */
export async function addVendors(
  parts: OperationParts,
  values: Partial<Record<Side, Record<string, string>>> = {},
): Promise<string> {
  made += 1;
  const redirectUri = 'https://connector.test/oauth/freshbooks/callback';
  const { id } = await addConnection(parts, ADMIN, {
    name: `acme ${made}`,
    source: {
      connector: 'freshbooks',
      values: { clientId: 'fb-client', redirectUri, accountId: 'ACC', ...values.source },
      secrets: SOURCE_SECRETS,
    },
    destination: {
      connector: 'zuora',
      values: { clientId: 'zr-client', ...values.destination },
      secrets: DESTINATION_SECRETS,
    },
    webhooksEnabled: false,
    pollIntervalSeconds: 0,
  });
  return id;
}

export function secretsOf({ db, vault }: OperationParts, connectionId: string, side: Side): Promise<Secrets> {
  return loadSecrets(db, vault, { connectionId, side });
}
