/** One side's secrets, sealed; renewing them holds the row's lock across all processes (I6). */
import { setTimeout as sleep } from 'node:timers/promises';
import { NoResultError, sql } from 'kysely';
import { OperatingError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { Secrets } from '../core/ports.ts';
import { monotonicMs } from '../platform/clock.ts';
import { withPatience } from '../platform/database-client.ts';
import { isExhausted } from '../platform/database-errors.ts';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Side } from './connections.ts';
import type { Db } from './db.ts';
import { keepFormer } from './former-secrets.ts';

function identityOf(connectionId: string, side: Side): string {
  return `credentials/${connectionId}/${side}`;
}

/** What they replace is kept for a day, as others may still say it. */
export async function saveSecrets(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  secrets: Secrets,
  now: Date,
): Promise<void> {
  const present = await db
    .selectFrom('credentials')
    .select('sealed')
    .where('connection_id', '=', key.connectionId)
    .where('side', '=', key.side)
    .executeTakeFirst();
  if (present) await keepFormer(db, identityOf(key.connectionId, key.side), present.sealed, now);
  await storeSecrets(db, vault, key, secrets, now);
}

async function storeSecrets(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  secrets: Secrets,
  now: Date,
): Promise<void> {
  const sealed = JSON.stringify(await vault.seal(secrets, identityOf(key.connectionId, key.side)));
  await db
    .insertInto('credentials')
    .values({ connection_id: key.connectionId, side: key.side, sealed, updated_at: now })
    .onConflict((oc) => oc.columns(['connection_id', 'side']).doUpdateSet({ sealed, updated_at: now }))
    .execute();
}

export async function loadSecrets(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
): Promise<Secrets> {
  const row = await db
    .selectFrom('credentials')
    .select('sealed')
    .where('connection_id', '=', key.connectionId)
    .where('side', '=', key.side)
    .executeTakeFirst();
  return row ? unseal(vault, row.sealed, key) : {};
}

/** The same under the row's lock, for a change that keeps the rest: nobody renews in between. */
export async function lockSecrets(
  tx: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
): Promise<Secrets> {
  const row = await tx
    .selectFrom('credentials')
    .select('sealed')
    .where('connection_id', '=', key.connectionId)
    .where('side', '=', key.side)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return unseal(vault, row.sealed, key);
}

/** Longer than the vendor, and the search for where the credentials belong, may take. */
const RENEWAL_MS = 360_000;
/** So long a caller waits for a successor that cannot be stored; the storing goes on without it. */
const LONGEST_WAIT_MS = 15_000;
const STORE_AGAIN_MS = 250;

/** Successors in hand of this process that are not stored yet, since when (by the process's own time). */
const unstored = new Map<string, { since: number; reason: string }>();

/** Why new tokens cannot be stored, where there are any; undefined where all are. */
export function unstoredReason(): string | undefined {
  return [...unstored.values()][0]?.reason;
}

/**
 * Runs `renew` while holding the row's lock and commits what it returns before anybody can use it. A second caller,
 * on whatever machine, waits and then sees the successor. What `renew` returns cannot be had again, so it is held and
 * stored again and again until that succeeds or the process ends, whatever the database has said: lost, read-only, full.
 * Callers are told `transient` meanwhile.
 */
export async function renewSecrets(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  renew: (current: Secrets) => Promise<Secrets | undefined>,
  now: () => Date,
  { callerMs = LONGEST_WAIT_MS }: { callerMs?: number } = {},
): Promise<Secrets> {
  const name = identityOf(key.connectionId, key.side);
  let isOver = false;
  const turn = oneAtATime(db, name, () =>
    withPatience(RENEWAL_MS, () => renewOnce(db, vault, key, renew, now)),
  ).finally(() => {
    isOver = true;
  });
  turn.catch(() => {});
  return Promise.race([turn, whileUnstored(name, callerMs, () => isOver)]);
}

async function renewOnce(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  renew: (current: Secrets) => Promise<Secrets | undefined>,
  now: () => Date,
): Promise<Secrets> {
  let before: Secrets | undefined;
  let renewed: Secrets | undefined;
  try {
    return await db.transaction().execute(async (tx) => {
      before = await lockSecrets(tx, vault, key);
      renewed = await renew(before);
      if (!renewed) return before;
      await saveUnderLock(tx, vault, key, renewed, now);
      return renewed;
    });
  } catch (error) {
    if (!renewed || !before) throw error;
    return storeAtLast(db, vault, key, { before, renewed, error }, now);
  }
}

/** A full database leaves the row locked, so that no other process spends the old token while this one tries again. */
async function saveUnderLock(
  tx: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  renewed: Secrets,
  now: () => Date,
): Promise<void> {
  const name = identityOf(key.connectionId, key.side);
  const since = monotonicMs();
  try {
    for (;;) {
      await sql`savepoint storing`.execute(tx);
      try {
        return await saveSecrets(tx, vault, key, renewed, now());
      } catch (error) {
        if (!isExhausted(error)) throw error;
        unstored.set(name, { since, reason: String(error) });
        await sql`rollback to savepoint storing`.execute(tx);
        await sleep(STORE_AGAIN_MS);
      }
    }
  } finally {
    unstored.delete(name);
  }
}

/** Throws where the successor has been unstored for too long to wait here; never resolves. */
async function whileUnstored(name: string, longestMs: number, isOver: () => boolean): Promise<never> {
  while (!isOver()) {
    const { since, reason } = unstored.get(name) ?? {};
    if (since !== undefined && monotonicMs() - since > longestMs)
      throw new OperatingError('transient', `The new token is held and not stored yet: ${reason}`, {
        code: 'token-not-stored',
      });
    await sleep(STORE_AGAIN_MS);
  }
  return new Promise<never>(() => {});
}

/** Ends when it is stored, when the secrets are others by then (somebody has consented), or when the connection is gone. */
async function storeAtLast(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  { before, renewed, error }: { before: Secrets; renewed: Secrets; error: unknown },
  now: () => Date,
): Promise<Secrets> {
  const name = identityOf(key.connectionId, key.side);
  unstored.set(name, { since: monotonicMs(), reason: String(error) });
  try {
    for (;;) {
      try {
        return await db.transaction().execute(async (tx) => {
          const present = await lockSecrets(tx, vault, key);
          if (canonicalJson(present) !== canonicalJson(before)) return present;
          await saveSecrets(tx, vault, key, renewed, now());
          return renewed;
        });
      } catch (again) {
        if (again instanceof NoResultError) throw again;
        await sleep(STORE_AGAIN_MS);
      }
    }
  } finally {
    unstored.delete(name);
  }
}

const queues = new WeakMap<Db, Map<string, Promise<unknown>>>();

/**
 * Within this process the callers queue here: a crowd that waited for the row's lock would hold every connection of
 * the pool, and the one who has the lock needs another for its budget and its audit.
 */
async function oneAtATime<T>(db: Db, name: string, run: () => Promise<T>): Promise<T> {
  const waiting = queues.get(db) ?? new Map<string, Promise<unknown>>();
  queues.set(db, waiting);
  const turn = (waiting.get(name) ?? Promise.resolve()).then(run, run);
  waiting.set(name, turn);
  try {
    return await turn;
  } finally {
    if (waiting.get(name) === turn) waiting.delete(name);
  }
}

async function unseal(
  vault: Vault,
  sealed: unknown,
  key: { connectionId: string; side: Side },
): Promise<Secrets> {
  return (await vault.unseal(sealed as Sealed, identityOf(key.connectionId, key.side))) as Secrets;
}

/** Seals every secret again with the active key; for key rotation. Returns how many rows were sealed anew. */
export async function resealSecrets(db: Db, vault: Vault, now: Date): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const rows = await tx.selectFrom('credentials').selectAll().forUpdate().execute();
    for (const row of rows) {
      const key = { connectionId: row.connection_id, side: row.side as Side };
      await storeSecrets(tx, vault, key, await unseal(vault, row.sealed, key), now);
    }
    return rows.length;
  });
}
