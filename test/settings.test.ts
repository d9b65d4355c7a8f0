/** The reference of all settings against the code: none is missing, none is made up. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { VARIABLES } from '../src/config.ts';

const page = readFileSync(fileURLToPath(new URL('../docs/operations.md', import.meta.url)), 'utf8');
const section = page.slice(
  page.indexOf('## Settings'),
  page.indexOf('\n## ', page.indexOf('## Settings') + 5),
);
const rows = section.split('\n').filter((line) => line.startsWith('| `'));
const cellsOf = (row: string) => row.split(/(?<!\\)\|/).map((cell) => cell.trim());
const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

test('every setting stands in the reference under both of its names, and no other does', () => {
  const told = rows.flatMap((row) => {
    const [, file = '', environment = ''] = cellsOf(row);
    const variables = namesIn(environment);
    return namesIn(file).map((name, index) => [name, variables[index]] as const);
  });
  expect(Object.fromEntries(told)).toEqual(VARIABLES);
  expect(told.length).toBe(Object.keys(VARIABLES).length);
});

test('every setting says what it does and what holds without it', () => {
  const bare = rows.filter((row) =>
    cellsOf(row)
      .slice(3, 5)
      .some((cell) => cell.length < 2),
  );
  expect(bare).toEqual([]);
});

test('no example shows a secret on a command line, where whoever lists processes sees it', () => {
  const files = ['README.md', 'SECURITY.md', 'docs/operations.md', 'docs/dashboard.md', 'src/cli/program.ts'];
  const shown = files.flatMap((file) => {
    const text = readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
    const secrets =
      /--set\s+\w+\.(?:client)?(?:secret|password|refreshToken|token)\w*=|\bpostgres:\/\/\w+:(?!password)\w+@/gi;
    return [...text.matchAll(secrets)].map(([found]) => `${file}: ${found}`);
  });
  expect(shown).toEqual([]);
});
