/** A database as commit 87cf2a5 left it, with everything in it that the upgrade from there has to see to; written by SQL alone. */
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { createKeyFile, createVault, type Vault } from '../../src/platform/vault.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
/** That commit's newest one. */
const NEWEST_THEN = '0008';

export type OldCallback = { topic: string; path: string; remoteId: string; verifier: string };

export type OldInstallation = {
  database: TestDatabase<DB>;
  vault: Vault;
  run(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  addConnection(connection: {
    id: string;
    name: string;
    settings: { source: object; destination: object };
    secrets: { source: object; destination: object };
    /** By hand. */
    paused?: boolean;
    callbacks?: OldCallback[];
    /** Of whose webhook a stranger's offer was taken before it was confirmed. */
    poisoned?: string;
    alertUrl?: string;
  }): Promise<void>;
  /** Told of by a webhook and not looked at yet; in a lane of its own, as what was never read. */
  addUnsettled(connectionId: string, kind: string, sourceId: string): Promise<string>;
  /** Looked at and at its end, with a chain of three entries. */
  addSettled(connectionId: string, kind: string, sourceId: string, accountId?: string): Promise<string>;
  addToken(name: string, createdBy: string, scopes: string, day: number): Promise<string>;
};

/** `folder` gets the migrations of then, and is the data folder with the key file. */
export async function createOldInstallation(folder: string): Promise<OldInstallation> {
  const database = await createTestDatabase<DB>({ empty: true });
  const dir = join(folder, 'migrations-of-then');
  mkdirSync(dir);
  for (const file of readdirSync(MIGRATIONS))
    if (file.slice(0, 4) <= NEWEST_THEN) copyFileSync(join(MIGRATIONS, file), join(dir, file));
  await migrate({ connection: database.connection, dir, log: pino({ level: 'silent' }) });
  const keys = (await createKeyFile(join(folder, 'encryption.key'))) ?? [];
  const vault = createVault(keys);
  const run = async (text: string, values: unknown[] = []) =>
    (await database.pool.query<Record<string, unknown>>(text, values)).rows;
  const seal = async (value: Parameters<Vault['seal']>[0], identity: string) =>
    JSON.stringify(await vault.seal(value, identity));
  const tell = (subject: string, connectionId: string, actor: string, entry: string, summary: string) =>
    run('select append_trail($1, $2, now(), $3, $4, $5)', [
      subject,
      connectionId,
      actor,
      entry,
      JSON.stringify({ summary }),
    ]);

  const addCallbacks = async (connectionId: string, callbacks: OldCallback[], poisoned?: string) => {
    for (const { topic, path, remoteId, verifier } of callbacks) {
      const id = randomUUID();
      const isPoisoned = topic === poisoned;
      await run(
        `insert into callbacks (id, connection_id, topic, path, remote_id, verifier, offered, verified_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, now(), now())`,
        [
          id,
          connectionId,
          topic,
          path,
          remoteId,
          await seal(isPoisoned ? 'a stranger’s' : verifier, `callbacks/${id}`),
          isPoisoned ? await seal({ remoteId, verifier: 'a stranger’s' }, `callbacks/${id}`) : null,
        ],
      );
    }
  };

  const addDocument = async (connectionId: string, kind: string, sourceId: string, state: string) => {
    const id = randomUUID();
    await run(
      `insert into documents (id, connection_id, kind, source_id, lane, state, label, first_seen_at, changed_at)
       values ($1, $2, $3, $4, $3 || '/' || $4, $5, $4, now(), now())`,
      [id, connectionId, kind, sourceId, state],
    );
    return id;
  };

  return {
    database,
    vault,
    run,
    async addConnection({ id, name, settings, secrets, paused = false, callbacks, poisoned, alertUrl }) {
      await run(
        `insert into connections (id, name, source, destination, state, pause_reason, paused_by, source_settings,
           destination_settings, webhooks_enabled, poll_interval_seconds, alert_url, created_at, updated_at)
         values ($1, $2, 'freshbooks', 'zuora', $3, $4, $5, $6, $7, $8, 0, $9, now(), now())`,
        [
          id,
          name,
          paused ? 'paused' : 'active',
          paused ? 'month end' : null,
          paused ? 'user:ada@example.com' : null,
          JSON.stringify(settings.source),
          JSON.stringify(settings.destination),
          callbacks !== undefined,
          alertUrl ?? null,
        ],
      );
      for (const side of ['source', 'destination'] as const) {
        const sealed = await seal({ ...secrets[side] }, `credentials/${id}/${side}`);
        await run(
          'insert into credentials (connection_id, side, sealed, updated_at) values ($1, $2, $3, now())',
          [id, side, sealed],
        );
      }
      await addCallbacks(id, callbacks ?? [], poisoned);
      await tell(`connection:${id}`, id, 'cli:root', 'decision', 'added');
    },
    async addUnsettled(connectionId, kind, sourceId) {
      const id = await addDocument(connectionId, kind, sourceId, 'pending');
      await run(
        `insert into events (connection_id, document_id, origin, topic, received_at) values ($1, $2, 'webhook', $3, now())`,
        [connectionId, id, `${kind}.create`],
      );
      return id;
    },
    async addSettled(connectionId, kind, sourceId, accountId) {
      const id = await addDocument(connectionId, kind, sourceId, 'synced');
      for (const entry of ['event', 'plan', 'state'])
        await tell(`document:${id}`, connectionId, 'system', entry, `${entry} of ${sourceId}`);
      if (accountId !== undefined)
        await run(
          `insert into links (connection_id, kind, source_id, currency, counterpart_id, counterpart_number, stage, fingerprint, created_at)
           values ($1, $2, $3, 'USD', $4, $4, 'active', '', now())`,
          [connectionId, kind, sourceId, accountId],
        );
      return id;
    },
    async addToken(name, createdBy, scopes, day) {
      const shown = `mlc_${name}`;
      await run(
        `insert into api_tokens (id, name, hash, scopes, created_by, created_at)
         values (gen_random_uuid(), $1, sha256($2::bytea), $3, $4, timestamptz '2026-01-01' + $5 * interval '1 day')`,
        [name, shown, scopes.split(','), createdBy, day],
      );
      return shown;
    },
  };
}
