/** The programs of the npm package become runnable wherever, and however, the package was installed. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { locateBinariesPackage, prepareBinaries } from './binaries.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
let folder: string;
let packageDir: string;
let dataDir: string;

/** As `npm ci --ignore-scripts` leaves it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ml-connector-binaries-'));
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'data');
  packageDir = join(folder, 'installed', 'package');
  mkdirSync(dataDir, { mode: 0o755 });
  cpSync(locateBinariesPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
  const links: { target: string }[] = JSON.parse(
    readFileSync(join(packageDir, 'native/pg-symlinks.json'), 'utf8'),
  );
  for (const { target } of links) rmSync(join(packageDir, target), { force: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function versionOf(program: string, user?: { uid: number; gid: number }): string {
  return execFileSync(program, ['--version'], { ...user, cwd: '/', encoding: 'utf8' });
}

test('missing library links are made in place', async () => {
  const binaries = await prepareBinaries(packageDir, dataDir, undefined);
  expect(binaries.postgres).toBe(join(packageDir, 'native/bin/postgres'));
  expect(versionOf(binaries.postgres)).toContain('PostgreSQL) 18');
  expect(versionOf(binaries.initdb)).toContain('PostgreSQL) 18');
});

test.runIf(isRoot)('a package that the database user cannot reach is copied once, whole', async () => {
  chmodSync(join(folder, 'installed'), 0o700);
  const [binaries, same] = await Promise.all([
    prepareBinaries(packageDir, dataDir, NOBODY),
    prepareBinaries(packageDir, dataDir, NOBODY),
  ]);
  expect(same).toEqual(binaries);
  expect(binaries.postgres.startsWith(dataDir)).toBe(true);
  expect(versionOf(binaries.initdb, NOBODY)).toContain('PostgreSQL) 18');
  expect(readdirSync(dataDir)).toHaveLength(1);
  expect(existsSync(join(binaries.postgres, '../../lib/libpq.a'))).toBe(false);
});

test('a platform without binaries gets a sentence with the way out', () => {
  expect(() => locateBinariesPackage('sunos-sparc')).toThrow(
    expect.objectContaining({
      message: 'There is no built-in PostgreSQL for sunos-sparc.',
      hint: expect.stringContaining('DATABASE_URL'),
    }),
  );
});
