/** Which encryption keys were ever used here, so that a wrong or missing one is noticed at the start. */
import { sql } from 'kysely';
import { UsageError } from '../core/errors.ts';
import { assertCheck, type Sealed, sealCheck, type Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';

const KEYS_LOCK = 'ml-connector:keys';

/**
 * One process at a time decides which keys are in use: the first one of a new database, and those of a rotation. A
 * transaction of its own holds the lock, so that whoever dies lets go of it; `decide` works on other connections.
 */
export function withKeysLocked<T>(db: Db, decide: () => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext(${KEYS_LOCK}))`.execute(tx);
    return decide();
  });
}

export async function hasSecrets(db: Db): Promise<boolean> {
  return (await db.selectFrom('vault_keys').select('key_id').limit(1).executeTakeFirst()) !== undefined;
}

/** Remembers the active key; throws UsageError when a key that seals something here is not at hand. */
export async function assertVaultFits(db: Db, vault: Vault, now: Date): Promise<void> {
  const known = await db.selectFrom('vault_keys').selectAll().execute();
  for (const row of known) {
    if (!vault.keyIds.includes(row.key_id)) {
      throw new UsageError(
        `The secrets in this database were sealed with the encryption key ${row.key_id}, which is not at hand (here: ${vault.keyIds.join(', ')}).`,
        'Restore the key file from your backup, or set ML_ENCRYPTION_KEY to that key. Without it the credentials must be entered anew.',
      );
    }
    if (row.key_id === vault.activeKeyId) await assertCheck(vault, row.sealed as unknown as Sealed);
  }
  await db
    .insertInto('vault_keys')
    .values({ key_id: vault.activeKeyId, sealed: JSON.stringify(await sealCheck(vault)), created_at: now })
    .onConflict((oc) => oc.column('key_id').doNothing())
    .execute();
}

/** After everything was sealed anew: only the active key is needed from now on. */
export async function forgetOldKeys(db: Db, vault: Vault): Promise<void> {
  await db.deleteFrom('vault_keys').where('key_id', '<>', vault.activeKeyId).execute();
}
