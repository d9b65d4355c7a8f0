/** Runs one PostgreSQL server process: start, wait until it takes connections, stop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Binaries } from './binaries.ts';
import { toSpawnUsageError } from './cluster.ts';
import { type OperatingUser, openDirectoryFor } from './operating-user.ts';

export type Postmaster = {
  pid: number;
  /** Settles when the process has ended, with how; never rejects. */
  ended: Promise<string>;
  /** Resolves when connections are accepted; rejects with the server's own words when it ends before. */
  ready: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything is written. */
  stop(): Promise<void>;
};

export type PostmasterOptions = {
  clusterDir: string;
  binaries: Binaries;
  user: OperatingUser | undefined;
  settings: Record<string, string>;
  clock: Clock;
  log: Log;
};

const READY_POLL_MS = 10;
const LAST_WORDS_MS = 200;
const STOP_STEPS: { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: 'SIGINT', waitMs: 30_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

export function startPostmaster(options: PostmasterOptions): Postmaster {
  const { binaries, clock, clusterDir, log, user } = options;
  const directory = openDirectoryFor(clusterDir, user);
  const settings = Object.entries(options.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(binaries.postgres, ['-D', directory.path, ...settings], {
    ...user,
    cwd: '/',
    // A session of its own: Ctrl-C must not stop the database under a service that is still finishing its work.
    detached: true,
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    stdio: [
      'ignore',
      'ignore',
      'pipe',
      ...(directory.descriptor === undefined ? [] : [directory.descriptor]),
    ],
  });
  directory.close();
  const complaints: string[] = [];
  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => reportLine(line, complaints, log));
  }
  let hasEnded = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(toSpawnUsageError(binaries.postgres, error).message));
    // Not `close`: a surviving backend could hold the pipe open. But last words get a moment to arrive.
    child.once('exit', (code, signal) => {
      const patience = new AbortController();
      const closed = once(child, 'close').finally(() => patience.abort());
      void Promise.race([closed, clock.sleep(LAST_WORDS_MS, patience.signal)]).then(() =>
        resolve(signal ? `killed by ${signal}` : `ended with code ${code}`),
      );
    });
  }).finally(() => {
    hasEnded = true;
  });
  const pid = child.pid ?? 0;
  const ready = waitUntilReady(clusterDir, pid, () => hasEnded, clock).then(async (isReady) => {
    if (!isReady) throw new Error([await ended, ...complaints].join('; '));
  });
  // Whoever does not wait for readiness learns of the end from `ended`.
  ready.catch(() => {});
  const stop = async () => {
    for (const step of STOP_STEPS) {
      if (hasEnded) return;
      child.kill(step.signal);
      const patience = new AbortController();
      await Promise.race([ended, clock.sleep(step.waitMs, patience.signal)]);
      patience.abort();
    }
  };
  return { pid, ended, ready, stop };
}

/**
 * PANIC is the server's own failure. FATAL is mostly one session's (its client is told, and reports it): it matters
 * here only as the reason why a start failed.
 */
function reportLine(line: string, complaints: string[], log: Log): void {
  if (/^(FATAL|PANIC):/.test(line)) {
    complaints.splice(0, Math.max(0, complaints.length - 2));
    complaints.push(line);
  }
  if (line.startsWith('PANIC:')) log.error({ postgres: line }, 'PostgreSQL reports a failure');
  else log.debug({ postgres: line }, 'PostgreSQL');
}

/** The eighth line of `postmaster.pid` is the server's state, the same that `pg_ctl -w` waits for. */
async function waitUntilReady(
  clusterDir: string,
  pid: number,
  hasEnded: () => boolean,
  clock: Clock,
): Promise<boolean> {
  while (!hasEnded()) {
    const lines = readPidFile(clusterDir);
    if (lines[0] === String(pid) && lines[7]?.trim() === 'ready') return true;
    await clock.sleep(READY_POLL_MS);
  }
  return false;
}

function readPidFile(clusterDir: string): string[] {
  try {
    return readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}
