/** Secrets are sealed at rest, and a renewal happens once for all who need it (I6, I7). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import { createEngineKit, type EngineKit } from '../../test/kit/engine.ts';
import { readiness } from '../api/from-operations.ts';
import { UsageError } from '../core/errors.ts';
import type { Secrets } from '../core/ports.ts';
import { openDatabase } from '../platform/database.ts';
import { createVault } from '../platform/vault.ts';
import { insertConsent, takeConsent } from './consents.ts';
import { loadSecrets, renewSecrets, saveSecrets } from './credentials.ts';
import type { DB } from './schema.ts';
import { assertVaultFits, hasSecrets } from './vault-keys.ts';

const vault = createVault([new Uint8Array(32).fill(7)]);
const now = () => new Date(Date.UTC(2026, 0, 5));

let database: TestDatabase<DB>;
let kit: EngineKit;
let key: { connectionId: string; side: 'source' };

beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  kit = await createEngineKit(database);
  key = { connectionId: kit.connectionId, side: 'source' };
  await saveSecrets(database.db, vault, key, { refreshToken: 'token-0' }, now());
});

/** As a token endpoint does: a token works once, and a second use spoils everything. */
function createTokenEndpoint() {
  let current = 'token-0';
  let renewals = 0;
  return {
    renewals: () => renewals,
    async renew({ refreshToken }: Secrets): Promise<Secrets> {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (refreshToken !== current) throw new Error(`${refreshToken} was used already`);
      renewals += 1;
      current = `token-${renewals}`;
      return { refreshToken: current };
    },
  };
}

test('of 100 who need a new token at once over two pools, one renews and all get the successor (I6)', async () => {
  const endpoint = createTokenEndpoint();
  const other = await openDatabase<DB>({ connection: database.connection, log: kit.parts.log, max: 5 });
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      renewSecrets(
        n % 2 === 0 ? database.db : other.db,
        vault,
        key,
        async (current) => (current['refreshToken'] === 'token-0' ? endpoint.renew(current) : undefined),
        now,
      ),
    ),
  );
  await other.close();
  expect(endpoint.renewals()).toBe(1);
  expect(new Set(results.map(({ refreshToken }) => refreshToken))).toEqual(new Set(['token-1']));
});

test('one after the other, each token is used once and its successor is the next one’s start (I6)', async () => {
  const endpoint = createTokenEndpoint();
  await Promise.all(
    Array.from({ length: 20 }, () => renewSecrets(database.db, vault, key, endpoint.renew, now)),
  );
  expect(endpoint.renewals()).toBe(20);
  expect(await loadSecrets(database.db, vault, key)).toEqual({ refreshToken: 'token-20' });
});

test('a successor is stored before anybody may use it (I6)', async () => {
  const seen: unknown[] = [];
  const renewed = renewSecrets(
    database.db,
    vault,
    key,
    async () => {
      seen.push(await loadSecrets(database.db, vault, key));
      return { refreshToken: 'token-1' };
    },
    now,
  );
  await renewed.then(async () => seen.push(await loadSecrets(database.db, vault, key)));
  expect(seen).toEqual([{ refreshToken: 'token-0' }, { refreshToken: 'token-1' }]);
});

test('a renewal that fails changes nothing and does not hold up the next', async () => {
  const failing = renewSecrets(database.db, vault, key, () => Promise.reject(new Error('no answer')), now);
  await expect(failing).rejects.toThrow('no answer');
  const endpoint = createTokenEndpoint();
  expect(await renewSecrets(database.db, vault, key, endpoint.renew, now)).toEqual({
    refreshToken: 'token-1',
  });
});

test('no secret stands in clear in any table (I7)', async () => {
  await insertConsent(
    database.db,
    vault,
    'state-1',
    { connectionId: kit.connectionId, codeVerifier: 'token-0-verifier', redirectUri: 'x', actor: 'ada' },
    now(),
  );
  await kit.connectCallbacks();
  const secrets = ['token-0', 'books-key', 'billing-password', 'verifier-of'];
  const { rows } = await database.pool.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  expect(rows.length).toBeGreaterThan(15);
  for (const { name } of rows) {
    const found = await database.pool.query(`select 1 from ${name} t where t::text ~ $1`, [
      secrets.join('|'),
    ]);
    expect({ name, rows: found.rowCount }).toEqual({ name, rows: 0 });
  }
});

test('secrets that were copied into another row do not open (I7)', async () => {
  const other = await createEngineKit(database);
  await database.pool.query(
    `update credentials c set sealed = o.sealed from credentials o
     where c.connection_id = $1 and o.connection_id = $2 and c.side = 'source' and o.side = 'source'`,
    [other.connectionId, kit.connectionId],
  );
  await expect(
    loadSecrets(database.db, vault, { connectionId: other.connectionId, side: 'source' }),
  ).rejects.toThrow(UsageError);
});

describe('the vault of a database', () => {
  test('is refused when a key that seals something here is not at hand', async () => {
    expect(await hasSecrets(database.db)).toBe(false);
    await assertVaultFits(database.db, vault, now());
    expect(await hasSecrets(database.db)).toBe(true);
    await assertVaultFits(database.db, vault, now());
    const wrong = createVault([new Uint8Array(32).fill(9)]);
    await expect(assertVaultFits(database.db, wrong, now())).rejects.toThrow(/is not at hand/);
  });
});

test('a consent state works once, and not after its time', async () => {
  const consent = { connectionId: kit.connectionId, codeVerifier: 'v', redirectUri: 'x', actor: 'ada' };
  const expires = new Date(now().getTime() + 1_000);
  await insertConsent(database.db, vault, 'once', consent, expires);
  const both = await Promise.all([1, 2].map(() => takeConsent(database.db, vault, 'once', now())));
  expect(both.filter((taken) => taken !== undefined)).toEqual([consent]);
  await insertConsent(database.db, vault, 'late', consent, expires);
  expect(await takeConsent(database.db, vault, 'late', expires)).toBeUndefined();
  expect(await takeConsent(database.db, vault, 'never', now())).toBeUndefined();
});

describe('a successor that cannot be stored', () => {
  /** As PostgreSQL says it on a full disk; returns how to free some space. */
  async function fillDisk(code: string): Promise<() => Promise<void>> {
    // By a flag, since whoever stores holds the row locked.
    await database.pool.query(`
      create table if not exists disk (is_full boolean);
      delete from disk;
      insert into disk values (true);
      create or replace function full_disk() returns trigger language plpgsql as $$
        begin
          if (select is_full from disk) then
            raise exception 'could not extend file: No space left on device' using errcode = '${code}';
          end if;
          return new;
        end $$;
      create or replace trigger full_disk before update on credentials for each row execute function full_disk()`);
    return async () => {
      await database.pool.query('update disk set is_full = false');
    };
  }

  test.each(['53100', '53200', '25006', '57P01', 'XX000'])(
    'is held and stored once the database takes it again, whatever it says meanwhile: %s (I6)',
    async (code) => {
      const endpoint = createTokenEndpoint();
      const free = await fillDisk(code);
      const early = renewSecrets(database.db, vault, key, endpoint.renew, now);
      await new Promise((resolve) => setTimeout(resolve, 700));
      const second = renewSecrets(
        database.db,
        vault,
        key,
        async (current) => (current['refreshToken'] === 'token-0' ? endpoint.renew(current) : undefined),
        now,
      );
      expect(await readiness(kit.parts)).toMatchObject({
        ready: false,
        checks: { tokens: expect.stringContaining('not stored yet') },
      });
      expect(await loadSecrets(database.db, vault, key), 'not used before it is stored').toEqual({
        refreshToken: 'token-0',
      });
      await free();
      expect(await early).toEqual({ refreshToken: 'token-1' });
      expect(await second).toEqual({ refreshToken: 'token-1' });
      expect(endpoint.renewals()).toBe(1);
      expect(await readiness(kit.parts)).toMatchObject({ ready: true });
    },
  );

  test('keeps every other process from spending the old token while the disk is full (I6)', async () => {
    const endpoint = createTokenEndpoint();
    const other = await openDatabase<DB>({ connection: database.connection, log: kit.parts.log, max: 5 });
    const free = await fillDisk('53100');
    const renewIfOld = async (current: Secrets) =>
      current['refreshToken'] === 'token-0' ? endpoint.renew(current) : undefined;
    const first = renewSecrets(database.db, vault, key, renewIfOld, now);
    await expect.poll(() => endpoint.renewals()).toBe(1);
    const theirs = renewSecrets(other.db, vault, key, renewIfOld, now);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(endpoint.renewals()).toBe(1);
    await free();
    expect(await Promise.all([first, theirs])).toEqual([
      { refreshToken: 'token-1' },
      { refreshToken: 'token-1' },
    ]);
    expect(endpoint.renewals()).toBe(1);
    await other.close();
  });

  test('is waited for so long by each caller, who is told to come again; it is stored all the same', async () => {
    const endpoint = createTokenEndpoint();
    const free = await fillDisk('53100');
    const waits = { callerMs: 300 };
    const call = () => renewSecrets(database.db, vault, key, endpoint.renew, now, waits);
    await expect(call()).rejects.toMatchObject({ kind: 'transient', code: 'token-not-stored' });
    await expect(call()).rejects.toMatchObject({ kind: 'transient', code: 'token-not-stored' });
    await free();
    await expect
      .poll(() => loadSecrets(database.db, vault, key), { timeout: 5_000 })
      .toMatchObject({ refreshToken: expect.stringMatching(/^token-[12]$/) });
    const stored = await loadSecrets(database.db, vault, key);
    expect(await endpoint.renew(stored), 'the newest one is stored').toBeDefined();
  });

  test('a disk that is full is told by /readyz, which tries a small write', async () => {
    await database.pool.query(`
      create function full_probe() returns trigger language plpgsql as $$
        begin raise exception 'No space left on device' using errcode = '53100'; end $$;
      create trigger full_probe before insert or update on write_probe for each row execute function full_probe()`);
    expect(await readiness(kit.parts)).toMatchObject({ ready: false });
    await database.pool.query('drop function full_probe cascade');
    expect(await readiness(kit.parts)).toMatchObject({ ready: true });
  });
});
