/** The trail's own keys, the upgrade to them, and the two roles of the built-in database. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openInstallation } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { sealTrail } from '../../src/engine/seal-trail.ts';
import { rotateKeys, rotateSigningKey, showKeys } from '../../src/operations/keys.ts';
import { verifyAudit } from '../../src/operations/verify-audit.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { startQueue } from '../../src/platform/queue.ts';
import { createSigner, newSigningKey } from '../../src/platform/signing.ts';
import { createKeyFile, createVault, readKeyFile } from '../../src/platform/vault.ts';
import type { Db } from '../../src/store/db.ts';
import type { DB } from '../../src/store/schema.ts';
import { withSigner } from '../../src/store/signer.ts';
import { openSigner } from '../../src/store/signing-keys.ts';
import { appendTrail, documentSubject, listTrail } from '../../src/store/trail.ts';
import { checkChain, listBrokenTrails } from '../../src/store/trail-chains.ts';
import { listOpenNotices } from '../../src/store/upgrade-notices.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit } from '../kit/engine.ts';
import { asOwner } from '../kit/tamper.ts';

const log = pino({ level: 'silent' });
const now = new Date(Date.UTC(2026, 10, 29, 9, 0, 0, 5));
const databases: TestDatabase<DB>[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function makeDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase<DB>> {
  const database = await createTestDatabase<DB>(options);
  databases.push(database);
  return database;
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ml-connector-trail-'));
  folders.push(folder);
  return folder;
}

/** Only the migrations of before the upgrade. */
function oldMigrations(): string {
  const dir = join(makeFolder(), 'migrations');
  mkdirSync(dir);
  for (const name of readdirSync('migrations').filter((file) => /^000\d_/.test(file)))
    copyFileSync(join('migrations', name), join(dir, name));
  return dir;
}

const sealing = (db: Db) => ({
  db,
  clock: { ...systemClock, now: () => now.getTime() },
  log,
  stopping: new AbortController().signal,
});

describe('the signing key', () => {
  test('is made once, however many processes start together, and opens with its vault only', async () => {
    const { db } = await makeDatabase();
    const vault = createVault([new Uint8Array(32).fill(3)]);
    const signers = await Promise.all(Array.from({ length: 6 }, () => openSigner(db, vault, now)));
    const signed = signers.map((signer) => signer.sign('test', Buffer.from('x')).signature.toString('hex'));
    expect(new Set(signed).size).toBe(1);
    await expect(openSigner(db, createVault([new Uint8Array(32).fill(4)]), now)).rejects.toThrow(
      'not at hand',
    );
  });

  test('signs for one purpose only, and nobody else’s signature passes', () => {
    const [ours, theirs] = [createSigner([newSigningKey(1)]), createSigner([newSigningKey(1)])];
    const signed = ours.sign('certificate', Buffer.from('x'));
    expect(ours.verify('certificate', Buffer.from('x'), signed)).toBe(true);
    expect(ours.verify('trail batch', Buffer.from('x'), signed)).toBe(false);
    expect(ours.verify('certificate', Buffer.from('y'), signed)).toBe(false);
    expect(theirs.verify('certificate', Buffer.from('x'), signed)).toBe(false);
    expect(ours.verify('certificate', Buffer.from('x'), { ...signed, keyId: 2 })).toBe(false);
  });

  test('survives a change of the encryption key, and a change of its own leaves all before it checkable', async () => {
    const database = await makeDatabase();
    const keyFile = join(makeFolder(), 'encryption.key');
    const keys = (await createKeyFile(keyFile)) ?? [];
    const kit = await createEngineKit(database, { webhooks: false, clock: systemClock });
    const first = await openSigner(database.db, createVault(keys), now);
    const parts = { ...kit.parts, vault: createVault(keys), db: withSigner(database.db, first) };
    await asOwner(database.db, (tx) => sql`truncate trail, trail_heads`.execute(tx));
    const entry = {
      subject: `connection:${kit.connectionId}`,
      connectionId: kit.connectionId,
      actor: 'test',
      entry: 'decision' as const,
    };
    await appendTrail(parts.db, { ...entry, data: { summary: 'under the first key' } }, now);
    await sealTrail(parts);
    const before = await showKeys(parts, ADMIN);
    await database.db.deleteFrom('credentials').execute();
    await database.db.deleteFrom('vault_keys').execute();
    await rotateKeys(parts, ADMIN, { keyFile });
    const vault = createVault((await readKeyFile(keyFile)) ?? []);
    expect(vault.activeKeyId).not.toBe(parts.vault.activeKeyId);
    await expect(openSigner(database.db, parts.vault, now)).rejects.toThrow('not at hand');
    const same = { ...parts, vault, db: withSigner(database.db, await openSigner(database.db, vault, now)) };
    expect((await showKeys(same, ADMIN)).signing).toEqual(before.signing);
    expect((await verifyAudit(same, ADMIN)).faults).toEqual([]);

    const { fingerprint } = await rotateSigningKey(same, ADMIN);
    const shown = (await showKeys(same, ADMIN)).signing;
    expect(shown.map(({ until }) => until === null)).toEqual([false, true]);
    expect(shown.map((key) => key.fingerprint)).toEqual([before.signing[0]?.fingerprint, fingerprint]);
    const next = { ...same, db: withSigner(database.db, await openSigner(database.db, vault, now)) };
    await appendTrail(next.db, { ...entry, data: { summary: 'under the second key' } }, now);
    await sealTrail(next);
    expect((await verifyAudit(next, ADMIN)).faults).toEqual([]);
    // Whoever kept the old key forges nothing with it: refused by the function, and seen where it was got round.
    const late = { ...entry, data: { summary: 'forged' } };
    await expect(appendTrail(same.db, late, now)).rejects.toThrow('the signing key 1 was replaced');
    await asOwner(database.db, async (tx) => {
      // Hidden from the function for a moment.
      await sql`update signing_keys set id = 7 where id = 1`.execute(tx);
      await appendTrail(withSigner(tx, first), late, now);
      await sql`update signing_keys set id = 1 where id = 7`.execute(tx);
    });
    expect(await checkChain(next.db, entry.subject)).toMatchObject({
      fault: { position: 3, why: 'was not written by this service' },
    });
  });
});

describe('the upgrade', () => {
  async function oldDatabase(chains: number) {
    const database = await makeDatabase({ empty: true });
    await migrate({ connection: database.connection, log, dir: oldMigrations() });
    await sql`
      insert into connections (id, name, source, destination, state, created_at, updated_at)
      select '01938f3a-0000-7000-8000-000000000001', 'acme', 'example', 'example', 'active', now(), now()`.execute(
      database.db,
    );
    await sql`
      insert into documents (id, connection_id, kind, source_id, lane, state, first_seen_at, changed_at)
      select ('01938f3a-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, c.id, 'invoice', n::text, 'client/7', 'synced', now(), now()
      from connections c, generate_series(1000, 999 + ${chains}::integer) n`.execute(database.db);
    await sql`
      select append_trail('document:' || d.id, d.connection_id, '2026-01-05 09:00:00.123Z'::timestamptz + n * interval '7 microseconds',
        'system', 'state', '{"summary":"ünïcode ' || n || '"}')
      from documents d, generate_series(1, 4) n`.execute(database.db);
    await sql`select append_trail('connection:' || id, id, now(), 'cli:ada', 'decision', '{"summary":"added"}') from connections`.execute(
      database.db,
    );
    return database;
  }
  const idOf = (n: number) => `01938f3a-0000-7000-8000-${String(n).padStart(12, '0')}`;

  test('verifies each chain in its old format and enters its end; what was broken is named and not vouched for', async () => {
    const database = await oldDatabase(450);
    const { db } = database;
    const hashes = async () =>
      (
        await sql<{
          all: string;
        }>`select md5(string_agg(hash::text, '' order by subject, position)) as all from trail where position <= 4`.execute(
          db,
        )
      ).rows[0]?.all;
    await sql`update trail set actor = 'x' where subject = ${documentSubject(idOf(1001))} and position = 3`.execute(
      db,
    );
    await sql`update trail set connection_id = gen_random_uuid() where subject = ${documentSubject(idOf(1002))} and position = 2`.execute(
      db,
    );
    await sql`delete from trail where subject = ${documentSubject(idOf(1003))}`.execute(db);
    await sql`delete from trail_heads where subject = ${documentSubject(idOf(1003))}`.execute(db);
    const before = await hashes();
    expect((await migrate({ connection: database.connection, log })).length).toBeGreaterThan(0);
    expect((await listOpenNotices(db)).filter(({ code }) => code === 'trail-upgrade')).toHaveLength(1);

    // The door is open meanwhile: new entries follow the old ones before anything is verified.
    const good = documentSubject(idOf(1000));
    const entry = { subject: good, connectionId: idOf(1), actor: 'system', entry: 'plan' as const };
    await appendTrail(db, { ...entry, data: { summary: 'after the upgrade' } }, now);
    expect(await checkChain(db, good)).toMatchObject({ entries: 5, sealed: 0, fault: undefined });

    const { broken, chains } = await sealTrail(sealing(db));
    expect(chains).toBe(450);
    expect(broken.map(({ subject, brokenAt }) => [subject, brokenAt])).toEqual([
      [documentSubject(idOf(1001)), 3],
      [documentSubject(idOf(1002)), 2],
    ]);
    expect(await hashes()).toBe(before);
    expect(await checkChain(db, good)).toMatchObject({ entries: 5, sealed: 5, fault: undefined });
    expect((await listTrail(db, good)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
    const open = await listOpenNotices(db);
    expect(
      open
        .filter(({ code }) => code.startsWith('trail-'))
        .map(({ code, subject }) => `${code} ${subject}`)
        .toSorted(),
    ).toEqual([1001, 1002, 1003].map((n) => `trail-broken ${documentSubject(idOf(n))}`));
    expect((await listBrokenTrails(db, '')).map(({ position }) => position)).toEqual([3, 2]);

    // The connection of old entries, which their own hash leaves out, is bound by the sealed end from now on.
    await asOwner(db, async (tx) => {
      await sql`update trail set connection_id = null where subject = ${good} and position <= 4`.execute(tx);
      await sql`delete from documents where id = ${idOf(1000)}`.execute(tx);
    });
    expect((await checkChain(db, good)).fault).toEqual({ position: 1, why: 'belongs to another connection' });
  });
});

describe('the built-in database', () => {
  let dataDir: string;
  let installation: Awaited<ReturnType<typeof openInstallation>>;

  /** As an older version left it: one role, a superuser, owns everything, the jobs too. */
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ml-connector-trail-'));
    const server = await startEmbeddedPostgres({ dataDir, log });
    await migrate({ connection: server.connection, log, dir: oldMigrations() });
    await (await startQueue(server.connection, log, { working: false })).stop();
    await server.stop();
    const config = await loadConfig({ dataDir, logLevel: 'silent' }, {});
    installation = await openInstallation(config, { working: true, attach: false, log });
  }, 60_000);
  afterAll(async () => {
    await installation.close();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  test('is changed at the start: the application works with a role of its own that owns its jobs', async () => {
    const { db } = installation.parts;
    const { rows } = await sql<{ role: string; super: boolean; jobs: string[] }>`
      select current_user::text as role, r.rolsuper as super,
        (select array_agg(distinct tableowner::text) from pg_tables where schemaname = 'jobs') as jobs
      from pg_roles r where r.rolname = current_user`.execute(db);
    expect(rows).toEqual([{ role: 'ml_connector_app', super: false, jobs: ['ml_connector_app'] }]);
    const entry = {
      subject: 'installation',
      connectionId: undefined,
      actor: 'test',
      entry: 'decision' as const,
    };
    await appendTrail(db, { ...entry, data: { summary: 'it still writes' } }, now);
    await sealTrail(installation.parts);
    expect((await verifyAudit(installation.parts, ADMIN)).faults).toEqual([]);
    const looked = new Promise<string>((resolve) => {
      void installation.parts.queue.work('poll', 1, async (key) => resolve(key));
    });
    await installation.parts.queue.wake('poll', [{ key: 'k' }], async (text, values) => {
      const client = new pg.Client(
        'connection' in installation.address ? installation.address.connection : {},
      );
      await client.connect();
      const result = await client.query(text, [...values]);
      await client.end();
      return result;
    });
    expect(await looked).toBe('k');
  });

  test.each([
    'update trail set actor = actor',
    'delete from trail',
    'truncate trail',
    `insert into trail select * from trail`,
    'update trail_heads set position = 0',
    'delete from trail_heads',
    'update trail_ends set position = 0',
    'delete from trail_ends',
    'delete from trail_batches',
    `insert into trail_batches select * from trail_batches`,
    'delete from signing_keys',
    'delete from schema_migration',
    'alter table trail disable trigger all',
    'drop trigger trail_stays on trail',
    'drop table trail',
    `set session_replication_role = replica`,
    'set role ml_connector',
    'create table public.trail_copy (id int)',
    'create temporary table trail_heads (id int)',
    `create or replace function public.trail_field(value text) returns text language sql return ''`,
    'alter role ml_connector_app superuser',
    `copy trail to program 'cat'`,
  ])('refuses its application: %s', async (statement) => {
    await expect(sql.raw(statement).execute(installation.parts.db)).rejects.toThrow(
      /permission denied|must be owner|must be able to|is refused/,
    );
  });
});
