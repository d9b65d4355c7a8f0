/** Secrets at rest open only in their own row, with their own key, and untouched. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../core/errors.ts';
import {
  assertCheck,
  createKeyFile,
  createVault,
  deriveSecret,
  parseKeys,
  readKeyFile,
  sealCheck,
  writeKeyFile,
} from './vault.ts';

const ROW = 'credentials/1/source';
const SECRETS = { refreshToken: 'very secret' };
const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ml-connector-vault-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a sealed value opens in its own row and shows nothing of what is inside', async () => {
  const vault = createVault([oldKey]);
  const sealed = await vault.seal(SECRETS, ROW);
  expect(await vault.unseal(sealed, ROW)).toEqual(SECRETS);
  expect(JSON.stringify(sealed)).not.toContain('very');
  expect(await vault.seal(SECRETS, ROW)).not.toEqual(sealed);
});

test('a value that was moved to another row does not open', async () => {
  const vault = createVault([oldKey]);
  const sealed = await vault.seal(SECRETS, ROW);
  await expect(vault.unseal(sealed, 'credentials/2/source')).rejects.toThrow(UsageError);
});

test.each(['ciphertext', 'tag', 'iv', 'encrypted_key', 'protected'] as const)(
  'a changed %s is noticed',
  async (part) => {
    const vault = createVault([oldKey]);
    const sealed = await vault.seal(SECRETS, ROW);
    const text = sealed[part] ?? '';
    const changed = { ...sealed, [part]: (text.startsWith('A') ? 'B' : 'A') + text.slice(1) };
    await expect(vault.unseal(changed, ROW)).rejects.toThrow(UsageError);
  },
);

test('a key that is not at hand is named, never the secret', async () => {
  const sealed = await createVault([oldKey]).seal(SECRETS, ROW);
  const error = await createVault([newKey])
    .unseal(sealed, ROW)
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toContain(createVault([oldKey]).activeKeyId);
  expect(String(error)).not.toContain('very');
});

test('a ring opens what older keys have sealed, and seals with the first', async () => {
  const old = createVault([oldKey]);
  const both = createVault([newKey, oldKey]);
  expect(await both.unseal(await old.seal(SECRETS, ROW), ROW)).toEqual(SECRETS);
  await expect(old.unseal(await both.seal(SECRETS, ROW), ROW)).rejects.toThrow(UsageError);
  await assertCheck(both, await sealCheck(old));
});

test('derived secrets differ by purpose and key', () => {
  const made = [
    deriveSecret([oldKey], 'sign-in'),
    deriveSecret([oldKey], 'other'),
    deriveSecret([newKey], 'sign-in'),
  ];
  expect(new Set(made).size).toBe(3);
  expect(deriveSecret([oldKey, newKey], 'sign-in')).toBe(made[0]);
});

describe('keys', () => {
  test.each(['', 'c2hvcnQ=', `${oldKey.toString('base64')},c2hvcnQ=`])(
    '%j are refused with the way out',
    (text) => {
      expect(() => parseKeys(text, 'ML_ENCRYPTION_KEY')).toThrow(
        /ML_ENCRYPTION_KEY must hold keys of 32 bytes/,
      );
    },
  );

  test('may be separated by commas or lines', () => {
    const text = [oldKey, newKey].map((key) => key.toString('base64'));
    expect(parseKeys(text.join(','), '')).toEqual(parseKeys(`${text.join('\n')}\n`, ''));
  });
});

describe('a key file', () => {
  test('is made readable for its owner only, and never over an existing one', async () => {
    const path = join(folder, 'new', 'key');
    const [key] = (await createKeyFile(path)) ?? [];
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readKeyFile(path))?.map((each) => Buffer.from(each))).toEqual([key]);
    expect(await createKeyFile(path)).toBeUndefined();
  });

  test('that others may read is refused with the way out', async () => {
    const path = join(folder, 'open');
    await createKeyFile(path);
    await chmod(path, 0o640);
    await expect(readKeyFile(path)).rejects.toThrow(/can be read by others \(mode 640\)/);
  });

  test('that is missing is no error here: whoever starts decides what that means', async () => {
    expect(await readKeyFile(join(folder, 'nowhere'))).toBeUndefined();
  });

  test('is replaced as a whole: at no moment does a reader, or a power cut, meet half a ring', async () => {
    const path = join(folder, 'ring');
    await writeKeyFile(path, [oldKey]);
    const before = await stat(path);
    await writeKeyFile(path, [newKey, oldKey]);
    // Another file took its place; the old one was never emptied.
    expect((await stat(path)).ino).not.toBe(before.ino);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe(`${newKey.toString('base64')}\n${oldKey.toString('base64')}\n`);
  });
});
