/** Creates the database cluster on first start, and checks that an existing one is ours to run. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import type { Binaries } from './binaries.ts';
import { type OperatingUser, openDirectoryFor } from './operating-user.ts';

/** Owns everything: migrations, and what the launcher itself asks. */
export const SUPERUSER = 'ml_connector';
/** What the application connects as; its rights are in `roles.ts`. */
export const APPLICATION_ROLE = 'ml_connector_app';
const MAJOR_VERSION = '18';

export type ClusterOptions = {
  clusterDir: string;
  binaries: Binaries;
  user: OperatingUser | undefined;
  /** False only in tests: creating a cluster then skips the flush to disk. */
  durable: boolean;
};

/** True when the cluster is new. Made beside its place and renamed: a crash half-way leaves no half cluster. */
export async function ensureCluster(options: ClusterOptions): Promise<boolean> {
  const { clusterDir, user } = options;
  if (existsSync(clusterDir)) {
    assertVersion(clusterDir);
    return false;
  }
  const unfinished = `${clusterDir}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  chmodSync(unfinished, 0o700);
  if (user) chownSync(unfinished, user.uid, user.gid);
  try {
    await runInitdb({ ...options, clusterDir: unfinished });
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  renameSync(unfinished, clusterDir);
  flushDirectory(dirname(clusterDir));
  return true;
}

/**
 * Who may connect is decided by the kernel (peer), not by a password: root, and the user of this process. Written at
 * every start, since a cluster may move from one user to another.
 */
export function writeAccessRules(clusterDir: string, user: OperatingUser | undefined): void {
  const self = findOwnName();
  // A user id without a name (some container platforms) cannot be mapped; the folder's mode 0700 then guards alone.
  const method = self === undefined ? 'trust' : 'peer map=ml_connector';
  const names = [...new Set(['root', self ?? 'root'])];
  const files = {
    'pg_hba.conf': `local all all ${method}\n`,
    'pg_ident.conf': names
      .flatMap((name) => [SUPERUSER, APPLICATION_ROLE].map((role) => `ml_connector "${name}" ${role}\n`))
      .join(''),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(clusterDir, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (user) chownSync(path, user.uid, user.gid);
  }
}

function findOwnName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function assertVersion(clusterDir: string): void {
  const file = join(clusterDir, 'PG_VERSION');
  if (!existsSync(file)) {
    throw new UsageError(
      `${clusterDir} is not a PostgreSQL data directory.`,
      'Move what is in there away, or choose another data directory.',
    );
  }
  const version = readFileSync(file, 'utf8').trim();
  if (version === MAJOR_VERSION) return;
  throw new UsageError(
    `The database in ${clusterDir} was made by PostgreSQL ${version}; the built-in one is ${MAJOR_VERSION}.`,
    'Export it with the version of ml-connector that made it, and import it into a new data directory.',
  );
}

async function runInitdb({ clusterDir, binaries, user, durable }: ClusterOptions): Promise<void> {
  const directory = openDirectoryFor(clusterDir, user);
  try {
    const result = await run(
      binaries.initdb,
      [
        `--pgdata=${directory.path}`,
        `--username=${SUPERUSER}`,
        '--auth=peer',
        '--locale=C',
        '--encoding=UTF8',
        '--data-checksums',
        '--no-instructions',
        ...(durable ? [] : ['--no-sync']),
      ],
      { user, descriptor: directory.descriptor },
    );
    if (result.code === 0) return;
    throw new UsageError(
      `PostgreSQL could not create its database in ${clusterDir}: ${reasonOf(result.stderr) || `initdb ended with ${result.code}`}`,
      /no space left/i.test(result.stderr)
        ? 'Free some space, choose another data directory, or set DATABASE_URL to a PostgreSQL of yours.'
        : 'Choose another data directory, or set DATABASE_URL to a PostgreSQL of yours.',
    );
  } finally {
    directory.close();
  }
}

function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /\b(error|fatal|panic|detail|hint):/i.test(line));
  return lines.slice(0, 3).join(' ').trim();
}

type RunResult = { code: number | null; stderr: string };

function run(
  program: string,
  args: string[],
  as: { user: OperatingUser | undefined; descriptor: number | undefined },
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...as.user,
      cwd: '/',
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'ignore', 'pipe', ...(as.descriptor === undefined ? [] : [as.descriptor])],
    });
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (error) => reject(toSpawnUsageError(program, error)));
    child.once('close', (code) => resolve({ code, stderr }));
  });
}

/** A program that exists and still gives ENOENT lacks its loader: a system without glibc. */
export function toSpawnUsageError(program: string, error: Error): UsageError {
  const noLoader = 'code' in error && error.code === 'ENOENT' && existsSync(program);
  return new UsageError(
    noLoader
      ? 'The built-in PostgreSQL needs glibc, which this system (Alpine?) does not have.'
      : `The built-in PostgreSQL cannot be started: ${error.message}.`,
    'Set DATABASE_URL to a PostgreSQL of yours (15 or newer).',
  );
}

function flushDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
