/** Encryption keys and signing keys: which are in use, and changing to new ones without losing anything. */
import { randomBytes } from 'node:crypto';
import { UsageError } from '../core/errors.ts';
import { nowOf } from '../engine/parts.ts';
import { sealTrail } from '../engine/seal-trail.ts';
import { fingerprintOfKey, publicKeyPem } from '../platform/signing.ts';
import { createVault, readKeyFile, writeKeyFile } from '../platform/vault.ts';
import { resealCallbacks } from '../store/callbacks.ts';
import { resealSecrets } from '../store/credentials.ts';
import { resealFormer } from '../store/former-secrets.ts';
import { listOtherSessions } from '../store/sessions.ts';
import { withSigner } from '../store/signer.ts';
import { listSigningKeys, replaceSigningKey, resealSigningKeys } from '../store/signing-keys.ts';
import { assertVaultFits, forgetOldKeys, withKeysLocked } from '../store/vault-keys.ts';
import { type Actor, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

export async function showKeys(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'admin');
  const rows = await parts.db
    .selectFrom('vault_keys')
    .select(['key_id', 'created_at'])
    .orderBy('created_at')
    .execute();
  return {
    active: parts.vault.activeKeyId,
    keys: rows.map((row) => ({
      id: row.key_id,
      since: row.created_at.toISOString(),
      atHand: parts.vault.keyIds.includes(row.key_id),
    })),
    signing: (await listSigningKeys(parts.db)).map((key) => ({
      id: key.id,
      fingerprint: fingerprintOfKey(key.publicKey),
      publicKey: publicKeyPem(key.publicKey),
      since: key.createdAt.toISOString(),
      until: key.retiredAt?.toISOString() ?? null,
    })),
  };
}

/**
 * A new signing key; the old one's public half stays, so that what it signed can still be checked. Every end is sealed
 * under the old key first: an entry that bears the old key's code later is then known to be forged.
 */
export async function rotateSigningKey(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'admin');
  await refuseBesideOthers(parts);
  await sealTrail(parts);
  const now = nowOf(parts);
  const db = withSigner(parts.db, await replaceSigningKey(parts.db, parts.vault, now));
  const keys = await listSigningKeys(db);
  const inForce = keys.find(({ retiredAt }) => retiredAt === null);
  if (!inForce) throw new Error('no signing key is in force');
  const fingerprint = fingerprintOfKey(inForce.publicKey);
  await auditInstallation(parts, db, actor, { summary: `new signing key ${inForce.id}`, fingerprint });
  return { id: inForce.id, fingerprint };
}

/**
 * Makes a new key, puts it first in the key file, seals everything anew, then drops the old ones. The old key stays
 * in the file until all is sealed, so a crash in between loses nothing. Refuses while other processes of ours are at
 * work: they would go on with the old key and seal what nobody could open after their restart.
 */
export async function rotateKeys(parts: OperationParts, actor: Actor, { keyFile }: { keyFile: string }) {
  requireRole(actor, 'admin');
  return alone(parts, async () => {
    const old = await readKeyFile(keyFile);
    if (!old) {
      throw new UsageError(
        `There is no key file at ${keyFile}: the key comes from the environment.`,
        'Put the new key first in ML_ENCRYPTION_KEY ("new,old"), restart, then run keys reseal.',
      );
    }
    const key = randomBytes(32);
    await writeKeyFile(keyFile, [key, ...old]);
    const resealed = await reseal({ ...parts, vault: createVault([key, ...old], parts.vault.known) });
    await writeKeyFile(keyFile, [key]);
    return resealed;
  });
}

export async function resealKeys(parts: OperationParts, actor: Actor) {
  requireRole(actor, 'admin');
  return alone(parts, () => reseal(parts));
}

/** Who starts meanwhile waits, and then reads the new key. */
function alone<T>(parts: OperationParts, change: () => Promise<T>): Promise<T> {
  return withKeysLocked(parts.db, async () => {
    await refuseBesideOthers(parts);
    return change();
  });
}

async function refuseBesideOthers({ db, instance }: OperationParts): Promise<void> {
  const others = await listOtherSessions(db, instance);
  if (others.length === 0) return;
  throw new UsageError(
    `${others.length} other process(es) work with the present key: ${others.join(', ')}.`,
    'Stop them, change the key, start them again.',
  );
}

async function reseal(parts: OperationParts): Promise<{ active: string; resealed: number }> {
  const now = nowOf(parts);
  await assertVaultFits(parts.db, parts.vault, now);
  const secrets = await resealSecrets(parts.db, parts.vault, now);
  const verifiers = await resealCallbacks(parts.db, parts.vault);
  const signing = await resealSigningKeys(parts.db, parts.vault);
  await resealFormer(parts.db, parts.vault);
  await forgetOldKeys(parts.db, parts.vault);
  return { active: parts.vault.activeKeyId, resealed: secrets + verifiers + signing };
}
