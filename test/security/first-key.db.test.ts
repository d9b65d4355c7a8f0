/** The first encryption key of a database, and each change of it, is one process's decision: nobody seals what nobody can open. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Installation, openInstallation } from '../../src/app.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { UsageError } from '../../src/core/errors.ts';
import type { Actor } from '../../src/operations/context.ts';
import { rotateKeys } from '../../src/operations/keys.ts';
import { createKeyFile } from '../../src/platform/vault.ts';
import { keepSpent, learnFormer } from '../../src/store/former-secrets.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';

const ADMIN: Actor = { name: 'test:ada', role: 'admin' };
const ROUNDS = 5;

let database: TestDatabase<DB>;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await forgetKeys(database.db);
  folder = await mkdtemp(join(tmpdir(), 'ml-first-key-'));
  return () => rm(folder, { recursive: true, force: true });
});

/** As in a new database; what is signed with stays otherwise. */
async function forgetKeys(db: TestDatabase<DB>['db']): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx);
    await tx.deleteFrom('signing_keys').execute();
    await tx.deleteFrom('vault_keys').execute();
  });
}

async function configOf(name: string, more: Partial<Config> = {}): Promise<Config> {
  const config = await loadConfig(
    { databaseUrl: database.url, dataDir: join(folder, name), logLevel: 'silent' },
    {},
  );
  return { ...config, instance: name, ...more };
}

const open = (config: Config) => openInstallation(config, { working: false, attach: true });

/** Nobody sees which keys there are until all want to know. */
async function race(configs: readonly Config[]): Promise<{ ready: Installation[]; refused: unknown[] }> {
  const starting = await database.db.transaction().execute(async (tx) => {
    await sql`lock table vault_keys in access exclusive mode`.execute(tx);
    const all = configs.map((config) => open(config));
    void Promise.allSettled(all);
    await waitFor(async () => (await countWaiting()) >= configs.length);
    return all;
  });
  const ends = await Promise.allSettled(starting);
  const ready = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  for (const installation of ready) await installation.close();
  return { ready, refused };
}

async function countWaiting(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from pg_locks l
    join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`.execute(
    database.db,
  );
  return rows[0]?.count ?? 0;
}

async function waitFor(reached: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(10)) if (await reached()) return;
  throw new Error('not reached');
}

test.each([
  ['key files', () => ({})],
  ['keys in the environment', () => ({ encryptionKey: randomBytes(32).toString('base64') })],
])(
  'two processes with different %s on a new database: one is ready, the other ends with a sentence',
  async (_, key) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await forgetKeys(database.db);
      const configs = [await configOf(`a${round}`, key()), await configOf(`b${round}`, key())];
      const { ready, refused } = await race(configs);
      expect(ready).toHaveLength(1);
      expect(refused).toHaveLength(1);
      expect(refused[0]).toBeInstanceOf(UsageError);
      expect(String(refused[0])).toMatch(
        /sealed with the encryption key|holds secrets, but there is no encryption key/,
      );
      const rows = await database.db.selectFrom('vault_keys').select('key_id').execute();
      expect(rows.map(({ key_id }) => key_id)).toEqual([ready[0]?.parts.vault.activeKeyId]);
    }
  },
);

test('of many that make a key file at the same moment one has made it, and it is whole', async () => {
  const path = join(folder, 'shared', 'key');
  const made = await Promise.all(Array.from({ length: 20 }, () => createKeyFile(path)));
  const [key] = made.flatMap((keys) => keys ?? []);
  expect(made.filter((keys) => keys !== undefined)).toHaveLength(1);
  expect((await readFile(path, 'utf8')).trim()).toBe(Buffer.from(key ?? []).toString('base64'));
});

test('two databases that start with one key file at the same moment share its key', async () => {
  const other = await createTestDatabase<DB>();
  try {
    for (let round = 0; round < 2; round += 1) {
      await forgetKeys(database.db);
      await forgetKeys(other.db);
      const keyFile = join(folder, `key${round}`);
      const configs = [
        await configOf(`a${round}`, { keyFile }),
        await configOf(`b${round}`, { keyFile, databaseUrl: other.url }),
      ];
      const ready = await Promise.all(configs.map((config) => open(config)));
      for (const installation of ready) await installation.close();
      expect(new Set(ready.map(({ parts }) => parts.vault.activeKeyId)).size).toBe(1);
      expect(ready.filter(({ newKeyFile }) => newKeyFile !== undefined)).toHaveLength(1);
    }
  } finally {
    await other.drop();
  }
});

test('a process that starts during a change of keys works with the new one, or the change is refused', async () => {
  const keyFile = join(folder, 'ring');
  const admin = await open(await configOf('admin', { keyFile }));
  try {
    for (let round = 0; round < 3; round += 1) {
      const [rotated, started] = await Promise.allSettled([
        rotateKeys(admin.parts, ADMIN, { keyFile }),
        open(await configOf(`service${round}`, { keyFile })),
      ]);
      if (rotated.status === 'rejected') expect(rotated.reason).toBeInstanceOf(UsageError);
      if (started.status === 'rejected') throw started.reason;
      const { parts, close } = started.value;
      await keepSpent(parts.db, parts.vault, `sealed in round ${round}`, new Date());
      await close();
      const again = await open(await configOf(`again${round}`, { keyFile }));
      expect(await learnFormer(again.parts.db, again.parts.vault, new Date(0))).toBe(round + 1);
      await again.close();
    }
  } finally {
    await admin.close();
  }
});
