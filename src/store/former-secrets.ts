/** Secrets that were replaced, sealed, for as long as somebody may still say them: a day. */
import { UsageError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { JsonValue } from '../core/json.ts';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';

const KEPT_MS = 86_400_000;

/** `sealed` as it stood in its own table, with the identity it is bound to. */
export async function keepFormer(db: Db, identity: string, sealed: unknown, now: Date): Promise<void> {
  await db
    .insertInto('former_secrets')
    .values({ id: newId(now.getTime()), identity, sealed: JSON.stringify(sealed), replaced_at: now })
    .execute();
}

/** For what was never stored by itself, such as the code of a consent. */
export async function keepSpent(db: Db, vault: Vault, value: JsonValue, now: Date): Promise<void> {
  const identity = `former_secrets/${newId(now.getTime())}`;
  await keepFormer(db, identity, await vault.seal(value, identity), now);
}

/** Opens those replaced since then, so that the vault knows them. Returns how many could be opened. */
export async function learnFormer(db: Db, vault: Vault, since: Date): Promise<number> {
  const rows = await db
    .selectFrom('former_secrets')
    .select(['identity', 'sealed'])
    .where('replaced_at', '>', since)
    .execute();
  const opened = await Promise.all(rows.map((row) => tryUnseal(vault, row)));
  return opened.filter((value) => value !== undefined).length;
}

export async function purgeFormer(db: Db, now: Date): Promise<void> {
  await db
    .deleteFrom('former_secrets')
    .where('replaced_at', '<', new Date(now.getTime() - KEPT_MS))
    .execute();
}

/** Seals each again with the active key; for key rotation. What does not open is worth nothing any more. */
export async function resealFormer(db: Db, vault: Vault): Promise<void> {
  for (const row of await db.selectFrom('former_secrets').select(['id', 'identity', 'sealed']).execute()) {
    const value = await tryUnseal(vault, row);
    if (value === undefined) {
      await db.deleteFrom('former_secrets').where('id', '=', row.id).execute();
    } else {
      const sealed = JSON.stringify(await vault.seal(value, row.identity));
      await db.updateTable('former_secrets').set({ sealed }).where('id', '=', row.id).execute();
    }
  }
}

async function tryUnseal(
  vault: Vault,
  { identity, sealed }: { identity: string; sealed: unknown },
): Promise<JsonValue | undefined> {
  try {
    return await vault.unseal(sealed as Sealed, identity);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
