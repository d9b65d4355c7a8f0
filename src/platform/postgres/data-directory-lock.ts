/** Makes sure that one process at a time owns a data directory. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { UsageError } from '../../core/errors.ts';
import { readOwnerRecord } from './owner-record.ts';
import { isAlive } from './processes.ts';

export type DataDirectoryLock = { release(): void };

const SQLITE_BUSY = 5;

/**
 * Takes the lock or throws `UsageError`, at once.
 *
 * Node has no flock. A pid file needs a check and a write, which race, and a pid means nothing in another container;
 * a bound unix socket stays behind after `kill -9` and taking it over races again. SQLite, which is part of Node,
 * locks with `fcntl`: the kernel decides, works between containers on one volume, and lets go when the process dies
 * however it dies. So an exclusive transaction stays open on an empty file. The file itself is never deleted: that
 * would let two processes lock two files of one name. Nothing else may open it here, since closing any descriptor of
 * a file drops a process's `fcntl` locks on it; who holds it is therefore written in a file of its own.
 */
export function lockDataDirectory(dataDir: string): DataDirectoryLock {
  const file = join(dataDir, 'postgres.lock');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw toUsageError(error, dataDir, file);
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}

function toUsageError(error: unknown, dataDir: string, file: string): UsageError {
  if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
    const pid = readOwnerRecord(dataDir)?.pid;
    const who = pid !== undefined && isAlive(pid) ? ` (pid ${pid})` : '';
    return new UsageError(
      `The data directory ${dataDir} is in use by another ml-connector${who}.`,
      'Stop that one first, give this one a data directory of its own, or set DATABASE_URL on both to share one PostgreSQL.',
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new UsageError(
    `Cannot lock the data directory ${dataDir}: ${reason} (${file}).`,
    'The directory must be writable and on a file system with locks. Choose another one, or set DATABASE_URL to a PostgreSQL of yours.',
  );
}
