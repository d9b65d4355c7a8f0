/** Decides which operating-system user runs PostgreSQL, which refuses root, and what that user can reach. */
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  lchownSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';

export type OperatingUser = { uid: number; gid: number };

/** `nobody` is last: it may run other things too, which could then read the cluster's files. */
const CANDIDATES = ['ml-connector', 'postgres', 'nobody'];
const LAST_RESORT: OperatingUser = { uid: 65_534, gid: 65_534 };

/**
 * `undefined` means: as ourselves. As root, the owner of an existing cluster stays its owner; a new one goes to the
 * first of `ml-connector`, `postgres` and `nobody` that exists. A cluster that root owns (a restored copy) is handed over.
 * Throws `UsageError` when the cluster belongs to somebody else.
 */
export function chooseOperatingUser(clusterDir: string): OperatingUser | undefined {
  const self = process.getuid?.() ?? 0;
  const existing = statSync(clusterDir, { throwIfNoEntry: false });
  if (self !== 0) {
    if (existing && existing.uid !== self) {
      throw new UsageError(
        `The database in ${clusterDir} belongs to user id ${existing.uid}, but this process runs as user id ${self}.`,
        `Start it as root or as that user, or hand the directory over: chown -R ${self} ${clusterDir}`,
      );
    }
    return undefined;
  }
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  const user = CANDIDATES.map(findUser).find((found) => found !== undefined) ?? LAST_RESORT;
  if (existing) handOver(clusterDir, user);
  return user;
}

function findUser(name: string): OperatingUser | undefined {
  try {
    const ask = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    const user = { uid: ask('-u'), gid: ask('-g') };
    return user.uid > 0 ? user : undefined;
  } catch {
    return undefined;
  }
}

function handOver(directory: string, user: OperatingUser): void {
  lchownSync(directory, user.uid, user.gid);
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    lchownSync(join(directory, name), user.uid, user.gid);
  }
}

/** Whether the user may pass through every directory down to `path`. Looks at modes, not at access control lists. */
export function canReach(path: string, user: OperatingUser | undefined): boolean {
  if (!user) {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats || !mayPass(stats, user)) return false;
  return dirname(path) === path || canReach(dirname(path), user);
}

function mayPass(stats: Stats, user: OperatingUser): boolean {
  if (stats.uid === user.uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === user.gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

/** A directory as a child process of that user should name it, with the descriptor it must inherit as number 3. */
export type DirectoryArgument = { path: string; descriptor: number | undefined; close(): void };

/**
 * A directory below one that the user may not enter (a clone under /root, say) is opened by us and named through
 * /proc/self/fd, which leads to it without walking the path. So nothing has to be moved elsewhere or made public.
 */
export function openDirectoryFor(directory: string, user: OperatingUser | undefined): DirectoryArgument {
  if (canReach(directory, user)) return { path: directory, descriptor: undefined, close: () => {} };
  if (process.platform !== 'linux') {
    throw new UsageError(
      `The user that runs PostgreSQL (id ${user?.uid ?? process.getuid?.()}) cannot enter ${directory}.`,
      'Start the service as a normal user, choose another data directory, or set DATABASE_URL to a PostgreSQL of yours.',
    );
  }
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: '/proc/self/fd/3', descriptor, close: () => closeSync(descriptor) };
}
