/** One side's secrets, sealed; renewing them holds the row's lock across all processes (I6). */
import type { Secrets } from '../core/ports.ts';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Side } from './connections.ts';
import type { Db } from './db.ts';

function identityOf(connectionId: string, side: Side): string {
  return `credentials/${connectionId}/${side}`;
}

export async function saveSecrets(
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

/**
 * Runs `renew` while holding the row's lock and commits what it returns before anybody can use it. A second caller,
 * on whatever machine, waits and then sees the successor.
 */
export async function renewSecrets(
  db: Db,
  vault: Vault,
  key: { connectionId: string; side: Side },
  renew: (current: Secrets) => Promise<Secrets | undefined>,
  now: () => Date,
): Promise<Secrets> {
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('credentials')
      .select('sealed')
      .where('connection_id', '=', key.connectionId)
      .where('side', '=', key.side)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const current = await unseal(vault, row.sealed, key);
    const renewed = await renew(current);
    if (!renewed) return current;
    await saveSecrets(tx, vault, key, renewed, now());
    return renewed;
  });
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
      await saveSecrets(tx, vault, key, await unseal(vault, row.sealed, key), now);
    }
    return rows.length;
  });
}
