/** Secrets at rest: each value a JWE bound to the row it belongs to, under keys that only the operator holds. */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FlattenedEncrypt, type FlattenedJWE, flattenedDecrypt } from 'jose';
import { UsageError } from '../core/errors.ts';
import type { JsonValue } from '../core/json.ts';
import { type KnownSecrets, NOTHING_KNOWN } from './known-secrets.ts';

export type Sealed = FlattenedJWE;

export interface Vault {
  /** The key that seals from now on. */
  readonly activeKeyId: string;
  readonly keyIds: readonly string[];
  /** Everything that it seals or opens is known from then on, so that it can be cut out of texts. */
  readonly known: KnownSecrets;
  /** `identity` names the row ("credentials/<id>/source"); a sealed value moved to another row does not open. */
  seal(value: JsonValue, identity: string): Promise<Sealed>;
  /** Throws UsageError when the key is not at hand or the value does not belong to `identity`. */
  unseal(sealed: Sealed, identity: string): Promise<JsonValue>;
}

const KEY_BYTES = 32;
const CHECK_IDENTITY = 'vault_keys/check';
const CHECK_VALUE = 'ml-connector';

/** `keys`: 32 bytes each, the active one first. */
export function createVault(keys: readonly Uint8Array[], known: KnownSecrets = NOTHING_KNOWN): Vault {
  const ring = new Map(keys.map((key) => [keyIdOf(key), key]));
  const [activeKeyId] = ring.keys();
  const activeKey = keys[0];
  if (activeKeyId === undefined || activeKey === undefined) throw new Error('a vault needs a key');
  const encoder = new TextEncoder();
  return {
    activeKeyId,
    keyIds: [...ring.keys()],
    known,
    seal(value, identity) {
      if (identity !== CHECK_IDENTITY) known.learn(value);
      return new FlattenedEncrypt(encoder.encode(JSON.stringify(value)))
        .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: activeKeyId })
        .setAdditionalAuthenticatedData(encoder.encode(identity))
        .encrypt(activeKey);
    },
    async unseal(sealed, identity) {
      try {
        const { plaintext } = await flattenedDecrypt(
          { ...sealed, aad: Buffer.from(identity).toString('base64url') },
          (header) => {
            const key = ring.get(header?.kid ?? '');
            if (!key) throw new UsageError(`the encryption key ${header?.kid ?? '(unnamed)'} is not at hand`);
            return key;
          },
        );
        const value = JSON.parse(new TextDecoder().decode(plaintext)) as JsonValue;
        if (identity !== CHECK_IDENTITY) known.learn(value);
        return value;
      } catch (cause) {
        if (cause instanceof UsageError) throw cause;
        throw new UsageError(`the secret of ${identity} does not open with the encryption key at hand`);
      }
    },
  };
}

function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}

/** Parses "base64,base64": the active key first, older ones after it. Throws UsageError. */
export function parseKeys(text: string, where: string): Uint8Array[] {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new UsageError(
      `${where} must hold keys of ${KEY_BYTES} bytes in base64.`,
      'Make one with: openssl rand -base64 32',
    );
  }
  return keys;
}

/** Reads the key file; undefined when there is none. Refuses one that others may read. */
export async function readKeyFile(path: string): Promise<Uint8Array[] | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return undefined;
  if ((info.mode & 0o077) !== 0) {
    throw new UsageError(
      `${path} can be read by others (mode ${(info.mode & 0o777).toString(8)}).`,
      `chmod 600 ${path}`,
    );
  }
  return parseKeys(await readFile(path, 'utf8'), path);
}

/** Makes a new key file with mode 0600; the key is on disk before this returns. Undefined when there is one already. */
export async function createKeyFile(path: string): Promise<Uint8Array[] | undefined> {
  const key = randomBytes(KEY_BYTES);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeKeyFile(path, [key], 'wx');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
  return [key];
}

/** Replaces the ring, active key first: the new file takes the old one's place only when it is whole and on disk. */
export async function writeKeyFile(
  path: string,
  keys: readonly Uint8Array[],
  flag: 'w' | 'wx' = 'w',
): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${keys.map((key) => Buffer.from(key).toString('base64')).join('\n')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link never replaces what is there.
    if (flag === 'wx') await link(draft, path);
    else await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}

export function sealCheck(vault: Vault): Promise<Sealed> {
  return vault.seal(CHECK_VALUE, CHECK_IDENTITY);
}

/** Throws UsageError unless `sealed` was made by `sealCheck` with a key of this vault. */
export async function assertCheck(vault: Vault, sealed: Sealed): Promise<void> {
  await vault.unseal(sealed, CHECK_IDENTITY);
}

/** A secret for another purpose, from the active key; changes when the key is rotated. */
export function deriveSecret(keys: readonly Uint8Array[], purpose: string): string {
  const [key] = keys;
  if (!key) throw new Error('a vault needs a key');
  return Buffer.from(
    hkdfSync('sha256', key, new Uint8Array(), `ml-connector ${purpose}`, KEY_BYTES),
  ).toString('base64url');
}

/** Another process, over another database, may have made the file at the same moment: then that one counts. */
async function createFirstKey(
  keyFile: string,
): Promise<{ keys: Uint8Array[]; newKeyFile: string | undefined }> {
  const made = await createKeyFile(keyFile);
  if (made) return { keys: made, newKeyFile: keyFile };
  const theirs = await readKeyFile(keyFile);
  if (theirs) return { keys: theirs, newKeyFile: undefined };
  throw new UsageError(`${keyFile} was made and taken away again by another program.`, 'Start once more.');
}

/** Those of the configuration, or of the key file, which is made where nothing is sealed yet. */
export async function openKeys(
  config: { encryptionKey?: string | undefined; keyFile: string },
  secretsExist: () => Promise<boolean>,
): Promise<{ keys: Uint8Array[]; newKeyFile: string | undefined }> {
  if (config.encryptionKey !== undefined) {
    return { keys: parseKeys(config.encryptionKey, 'ML_ENCRYPTION_KEY'), newKeyFile: undefined };
  }
  const stored = await readKeyFile(config.keyFile);
  if (stored) return { keys: stored, newKeyFile: undefined };
  if (await secretsExist()) {
    throw new UsageError(
      `The database holds secrets, but there is no encryption key: ${config.keyFile} is missing and ML_ENCRYPTION_KEY is not set.`,
      'Restore the key file from your backup. Without it the credentials must be entered anew into an empty database.',
    );
  }
  return createFirstKey(config.keyFile);
}
