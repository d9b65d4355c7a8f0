/** The real webhook door over a test database: FreshBooks connections with verified callbacks, nothing behind them. */
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createFakeParts } from '../../src/api/fake/parts.ts';
import { createApiServer } from '../../src/api/server.ts';
import { freshbooks } from '../../src/connectors/freshbooks/index.ts';
import { zuora } from '../../src/connectors/zuora/index.ts';
import { newId } from '../../src/core/ids.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { createReceiver, type Receiver } from '../../src/engine/receive.ts';
import { systemClock, systemRandom } from '../../src/platform/clock.ts';
import { createMetrics } from '../../src/platform/metrics.ts';
import { createVault } from '../../src/platform/vault.ts';
import { insertCallback, markVerified } from '../../src/store/callbacks.ts';
import { insertConnection } from '../../src/store/connections.ts';
import type { Db } from '../../src/store/db.ts';

export type KnownCallback = { path: string; verifier: string; account: string; topic: string };

export type Door = { parts: EngineParts; receiver: Receiver; url: string; close(): Promise<void> };

export async function openDoor(db: Db, callbacks: readonly KnownCallback[]): Promise<Door> {
  const stopping = new AbortController();
  const parts: EngineParts = {
    db,
    queue: { wake: async () => {}, work: async () => {}, stop: async () => {} },
    vault: createVault([new Uint8Array(32).fill(7)]),
    clock: systemClock,
    random: systemRandom,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    registry: { sources: [freshbooks], destinations: [zuora] },
    instance: 'door',
    stopping: stopping.signal,
    announce: () => {},
  };
  for (const callback of callbacks) await addCallback(parts, callback);
  const receiver = createReceiver(parts);
  const app = await createApiServer(createFakeParts({ receive: receiver.receive, refuse: receiver.refuse }));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    parts,
    receiver,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    async close() {
      stopping.abort();
      await app.close();
    },
  };
}

/** The first callback of an account brings its connection along. */
export async function addCallback(
  { db, vault, clock }: Pick<EngineParts, 'db' | 'vault' | 'clock'>,
  { path, verifier, account, topic }: KnownCallback,
): Promise<void> {
  const now = new Date(clock.now());
  const known = await db
    .selectFrom('connections')
    .select('id')
    .where('name', '=', account)
    .executeTakeFirst();
  const connectionId = known?.id ?? newId(now.getTime());
  if (!known) {
    const settings = { source: { accountId: account }, destination: {} };
    const systems = { source: 'freshbooks', destination: 'zuora' };
    const row = {
      id: connectionId,
      name: account,
      ...systems,
      settings,
      webhooksEnabled: true,
      pollIntervalSeconds: 0,
    };
    await insertConnection(db, row, now);
  }
  const id = newId(now.getTime());
  const callback = { id, connectionId, topic, path, role: 'current' as const };
  await insertCallback(db, vault, callback, now);
  await markVerified(db, vault, callback, verifier, now);
}
