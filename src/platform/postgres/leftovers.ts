/** Clears away what an earlier owner of a cluster left behind: its processes, pid file and socket. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { listClusterProcesses, readPostmasterPid, signal } from './processes.ts';

/** Fast shutdown first, then what PostgreSQL calls immediate, then the kernel. Each is safe: the log is replayed. */
const STEPS: { name: NodeJS.Signals; waitMs: number }[] = [
  { name: 'SIGINT', waitMs: 10_000 },
  { name: 'SIGQUIT', waitMs: 5_000 },
  { name: 'SIGKILL', waitMs: 5_000 },
];
const POLL_MS = 20;

/** Call only under the data directory's lock: without it the processes could be another service's. */
export async function clearLeftovers(clusterDir: string, clock: Clock, log: Log): Promise<void> {
  for (const step of STEPS) {
    const pids = listClusterProcesses(clusterDir);
    if (pids.length === 0) break;
    const postmaster = readPostmasterPid(clusterDir);
    const hasPostmaster = postmaster !== undefined && pids.includes(postmaster);
    // A postmaster ends its children itself; children without one take SIGINT for "cancel the query".
    const targets = step.name === 'SIGINT' && hasPostmaster ? [postmaster] : pids;
    const name = step.name === 'SIGINT' && !hasPostmaster ? 'SIGTERM' : step.name;
    log.warn(
      { pids: targets, signal: name },
      'Stopping PostgreSQL processes that an earlier run left behind',
    );
    for (const pid of targets) signal(pid, name);
    await waitUntilGone(clusterDir, step.waitMs, clock);
  }
  const left = listClusterProcesses(clusterDir);
  if (left.length > 0)
    throw new Error(`PostgreSQL processes ${left.join(', ')} of ${clusterDir} cannot be stopped.`);
  // PostgreSQL refuses to start when the pid in these files belongs to any living process, a reused pid included.
  for (const file of ['postmaster.pid', '.s.PGSQL.5432', '.s.PGSQL.5432.lock'])
    rmSync(join(clusterDir, file), { force: true });
}

async function waitUntilGone(clusterDir: string, waitMs: number, clock: Clock): Promise<void> {
  for (let waited = 0; waited < waitMs; waited += POLL_MS) {
    if (listClusterProcesses(clusterDir).length === 0) return;
    await clock.sleep(POLL_MS);
  }
}
