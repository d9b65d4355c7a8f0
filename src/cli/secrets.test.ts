/** Secrets come from a file, standard input or a prompt, and never stand on a command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSecrets } from './secrets.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ml-connector-secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a file gives its content without the line end', async () => {
  const file = join(folder, 'secret.txt');
  await writeFile(file, 's3cret of the vendor\n');
  expect(await readSecrets([`source.clientSecret=@${file}`])).toEqual({
    source: { clientSecret: 's3cret of the vendor' },
    destination: {},
  });
});

test('an empty file, a value on the line, and no terminal to ask at are refused in words that do not repeat it', async () => {
  const file = join(folder, 'empty.txt');
  await writeFile(file, '\n');
  await expect(readSecrets([`source.clientSecret=@${file}`])).rejects.toThrow('is empty');
  const onTheLine = readSecrets(['source.clientSecret=hunter2hunter2']);
  await expect(onTheLine).rejects.toThrow('--secret source.clientSecret names no place');
  await expect(onTheLine).rejects.not.toThrow('hunter2');
  await expect(readSecrets(['source.clientSecret'])).rejects.toThrow('no terminal');
});
