/** Chooses where PostgreSQL puts its unix socket: inside the cluster, unless that path is too long for one. */
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { OperatingUser } from './operating-user.ts';

export type SocketDirectory = {
  /** As the clients say it. */
  host: string;
  /** As the server says it: "." is the cluster, whatever way the server got into it. */
  serverPath: string;
  remove(): void;
};

/** `sun_path` holds 104 bytes on macOS and 108 on Linux, a closing zero included. */
const MAX_SOCKET_PATH_BYTES = 103;

export function makeSocketDirectory(clusterDir: string, user: OperatingUser | undefined): SocketDirectory {
  if (Buffer.byteLength(join(clusterDir, '.s.PGSQL.5432')) <= MAX_SOCKET_PATH_BYTES) {
    return { host: clusterDir, serverPath: '.', remove: () => {} };
  }
  const name = createHash('sha256').update(clusterDir).digest('hex').slice(0, 16);
  const path = join(tmpdir(), `ml-connector-${name}`);
  const remove = () => rmSync(path, { recursive: true, force: true });
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing && ![user?.uid, process.getuid?.()].includes(existing.uid)) {
    throw new UsageError(
      `${path} belongs to user id ${existing.uid}, so PostgreSQL's socket cannot be put there.`,
      'Remove it, or choose a data directory with a shorter path (at most 80 characters).',
    );
  }
  remove();
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
  if (user) chownSync(path, user.uid, user.gid);
  return { host: path, serverPath: path, remove };
}
