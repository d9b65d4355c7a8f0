/** Secrets for a command, by prompt, file or standard input: whoever lists processes sees a command line. */
import { readFile } from 'node:fs/promises';
import { UsageError } from '../core/errors.ts';

export type Side = 'source' | 'destination';
export type SideValues = Record<Side, Record<string, string>>;

/** "source.clientSecret" is asked for, "…=@file" is read from a file, "…=-" from standard input. */
export async function readSecrets(texts: readonly string[]): Promise<SideValues> {
  const values: SideValues = { source: {}, destination: {} };
  for (const text of texts) {
    const [, side, field, from] = /^(source|destination)\.(\w+)(?:=(-|@.+))?$/s.exec(text) ?? [];
    if (side === undefined || field === undefined)
      throw new UsageError(
        `--secret ${text.split('=')[0]} names no place to read the secret from.`,
        'For example: --secret source.clientSecret, --secret source.clientSecret=@FILE, --secret source.clientSecret=-',
      );
    values[side as Side][field] = await readSecret(`${side}.${field}`, from);
  }
  return values;
}

async function readSecret(name: string, from: string | undefined): Promise<string> {
  if (from !== undefined) {
    const secret = (await readFile(from === '-' ? '/dev/stdin' : from.slice(1), 'utf8')).trim();
    if (secret === '') throw new UsageError(`The secret ${name} is empty.`, 'Nothing was changed.');
    return secret;
  }
  if (!process.stdin.isTTY)
    throw new UsageError(
      `There is no terminal to ask for ${name}.`,
      `--secret ${name}=@FILE or --secret ${name}=-`,
    );
  const prompts = await import('@clack/prompts');
  const entered = await prompts.password({ message: name });
  if (prompts.isCancel(entered) || entered === '') throw new UsageError('Cancelled; nothing was changed.');
  return entered;
}
