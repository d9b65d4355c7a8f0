/** The help and the README tell of every fault there is, so that a stranger can reproduce each oddity. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { noFaults } from './faults.ts';

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

test('the help and the README name every fault', () => {
  const help = spawnSync(process.execPath, [fileOf('./main.ts'), '--help'], { encoding: 'utf8' }).stdout;
  const readme = readFileSync(fileOf('./README.md'), 'utf8');
  for (const name of Object.keys(noFaults())) {
    expect(help).toContain(`  ${name} `);
    expect(readme).toContain(name);
  }
});
