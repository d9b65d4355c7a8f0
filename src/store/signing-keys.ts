/** The signing keys of the installation: one in force, sealed in the vault; of those before it what checks old entries. */
import type { JsonValue } from '../core/json.ts';
import { createSigner, newSigningKey, type Signer, type SigningKey } from '../platform/signing.ts';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';

export type SigningKeyView = {
  id: number;
  publicKey: Buffer;
  createdAt: Date;
  retiredAt: Date | null;
};

/** Opens them; makes the first one where there is none, once, however many processes start together. */
export async function openSigner(db: Db, vault: Vault, now: Date): Promise<Signer> {
  const stored = await loadKeys(db, vault);
  if (stored.length > 0) return createSigner(stored);
  await insertKey(db, vault, newSigningKey(1), now);
  return createSigner(await loadKeys(db, vault));
}

/** The one in force signs no more; a new one takes its place. Call it when every end is sealed. */
export async function replaceSigningKey(db: Db, vault: Vault, now: Date): Promise<Signer> {
  await db.transaction().execute(async (tx) => {
    const stored = await loadKeys(tx, vault);
    for (const key of stored.filter(({ privateKey }) => privateKey !== undefined)) {
      await saveSealed(tx, vault, { ...key, privateKey: undefined });
      await tx.updateTable('signing_keys').set({ retired_at: now }).where('id', '=', key.id).execute();
    }
    const newest = Math.max(0, ...stored.map(({ id }) => id));
    await insertKey(tx, vault, newSigningKey(newest + 1), now);
  });
  return createSigner(await loadKeys(db, vault));
}

export async function listSigningKeys(db: Db): Promise<SigningKeyView[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .select(['id', 'public_key', 'created_at', 'retired_at'])
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    publicKey: row.public_key,
    createdAt: row.created_at,
    retiredAt: row.retired_at,
  }));
}

/** Seals them with the vault's active key; returns how many. */
export async function resealSigningKeys(db: Db, vault: Vault): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const keys = await loadKeys(tx, vault);
    for (const key of keys) await saveSealed(tx, vault, key);
    return keys.length;
  });
}

async function loadKeys(db: Db, vault: Vault): Promise<SigningKey[]> {
  const rows = await db.selectFrom('signing_keys').selectAll().orderBy('id').execute();
  return Promise.all(
    rows.map(async (row) => {
      const opened = (await vault.unseal(row.sealed as unknown as Sealed, identityOf(row.id))) as {
        privateKey?: string;
        macKey: string;
      };
      return {
        id: row.id,
        publicKey: row.public_key,
        privateKey: opened.privateKey === undefined ? undefined : Buffer.from(opened.privateKey, 'base64'),
        macKey: Buffer.from(opened.macKey, 'base64'),
      };
    }),
  );
}

async function insertKey(db: Db, vault: Vault, key: SigningKey, now: Date): Promise<void> {
  await db
    .insertInto('signing_keys')
    .values({
      id: key.id,
      public_key: key.publicKey,
      sealed: JSON.stringify(await seal(vault, key)),
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function saveSealed(db: Db, vault: Vault, key: SigningKey): Promise<void> {
  await db
    .updateTable('signing_keys')
    .set({ sealed: JSON.stringify(await seal(vault, key)) })
    .where('id', '=', key.id)
    .execute();
}

function seal(vault: Vault, { id, privateKey, macKey }: SigningKey): Promise<Sealed> {
  const value: JsonValue = {
    macKey: macKey.toString('base64'),
    ...(privateKey === undefined ? {} : { privateKey: privateKey.toString('base64') }),
  };
  return vault.seal(value, identityOf(id));
}

function identityOf(id: number): string {
  return `signing_keys/${id}`;
}
