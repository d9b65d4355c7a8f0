/** What comes in with the dependencies: licences that we may ship, whole and pinned packages, no foreign install scripts. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Locked = {
  version?: string;
  integrity?: string;
  license?: string;
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};
type Manifest = Record<
  'dependencies' | 'devDependencies' | 'optionalDependencies',
  Record<string, string>
> & {
  allowScripts: Record<string, boolean>;
};

const readJson = (file: string): unknown => JSON.parse(readFileSync(`${ROOT}/${file}`, 'utf8'));
const manifest = readJson('package.json') as Manifest;
const lock = readJson('package-lock.json') as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** Where `name` is found from the package at `path`, as Node looks for it; undefined for what is not installed. */
function resolve(path: string, name: string): string | undefined {
  const own = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
  if (own in lock.packages) return own;
  if (path === '') return undefined;
  const above = path.lastIndexOf('node_modules/');
  return resolve(path.slice(0, Math.max(0, above - 1)), name);
}

/** What the running service can load: the dependencies, and theirs. */
function reach(path: string, found = new Set<string>()): Set<string> {
  const { dependencies = {}, optionalDependencies = {} } = lock.packages[path] ?? {};
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const at = resolve(path, name);
    if (at === undefined || found.has(at)) continue;
    found.add(at);
    reach(at, found);
  }
  return found;
}
const shipped = reach('');

/** Ask for no more than to be named. */
const TO_SHIP = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'MIT OR Apache-2.0',
  '(MIT OR CC0-1.0)',
]);
/** Only tools of ours and parts of the page's build use these. */
const TO_WORK_WITH = new Set([
  ...TO_SHIP,
  // Changes to their own files would have to be published; we make none.
  'MPL-2.0',
  // The dashboard's font, as it is.
  'OFL-1.1',
  'Python-2.0',
  'Unlicense',
  '(MIT AND Zlib)',
]);

test('every package has a licence that fits its use', () => {
  const bad = packages.filter(
    ([path, { license = 'none' }]) => !(shipped.has(path) ? TO_SHIP : TO_WORK_WITH).has(license),
  );
  expect(shipped.size).toBeGreaterThan(100);
  expect(packages.length).toBeGreaterThan(shipped.size);
  expect(bad.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
});

test('every package is locked with the hash of its content, from the registry of whoever installs it', () => {
  const bad = packages.filter(([, { integrity, version }]) => !integrity?.startsWith('sha512-') || !version);
  expect(bad.map(([path]) => path)).toEqual([]);
});

test('every dependency is pinned to one version', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const named = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(named.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test('no package runs a script of its own when it is installed, besides those that were looked at', () => {
  // The database's binaries make links that our launcher does without.
  const looked = new Set(Object.keys(manifest.allowScripts).map((name) => name.replace(/\/[^/]+$/, '')));
  const bad = packages.filter(
    ([path, { hasInstallScript }]) =>
      hasInstallScript === true && !looked.has(path.replace('node_modules/', '').replace(/\/[^/]+$/, '')),
  );
  expect(bad.map(([path]) => path)).toEqual([]);
  expect(Object.values(manifest.allowScripts)).toEqual([false]);
});

test('the bill of materials names every package, with its licence and hash', () => {
  const text = execFileSync('npm', ['run', '-s', 'sbom'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const { components, bomFormat } = JSON.parse(text) as {
    bomFormat: string;
    components: { name: string; version: string; hashes?: unknown[]; licenses?: unknown[] }[];
  };
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = packages
    .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
    .filter((name) => !listed.has(name));
  expect(bomFormat).toBe('CycloneDX');
  expect(missing).toEqual([]);
  const bare = components.filter(
    ({ hashes = [], licenses = [] }) => hashes.length === 0 || licenses.length === 0,
  );
  expect(bare.map(({ name }) => name)).toEqual([]);
});
