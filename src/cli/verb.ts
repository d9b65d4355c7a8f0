/** What all commands have in common: flags, examples, how they read numbers. */
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';

export const json = () => new Option('--json', 'one JSON value instead of tables');
const dataDir = () =>
  new Option('--data-dir <path>', 'where the built-in database and the key file live (ML_DATA_DIR)');
const databaseUrl = () =>
  new Option('--database-url <url>', 'PostgreSQL to use instead of the built-in one (DATABASE_URL)');

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ml-connector ${line}`).join('\n')}`;
}

export const collect = (value: string, previous: string[] | undefined) => [...(previous ?? []), value];
export const wholeNumber = (value: string) => {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It is not a whole number.');
  return Number.parseInt(value, 10);
};

/** For verbs of an installation. */
export function verb<const Name extends string>(program: Command, name: Name, description: string) {
  return program
    .command(name)
    .description(description)
    .addOption(json())
    .addOption(dataDir())
    .addOption(databaseUrl());
}
