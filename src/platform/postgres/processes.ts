/** Finds the PostgreSQL processes of one directory, and never anyone else's. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone, or not ours: whoever waits for its end sees which.
  }
}

/** The first line of `postmaster.pid`; it may name a dead process, or one that has nothing to do with PostgreSQL. */
export function readPostmasterPid(clusterDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8'), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Process ids whose executable is called `postgres` and whose working directory is the cluster. Both are asked of the
 * kernel, the directory by device and inode, so neither a reused pid nor another cluster can match. A zombie has
 * neither, and does not match.
 */
export function listClusterProcesses(clusterDir: string): number[] {
  const pid = readPostmasterPid(clusterDir);
  if (process.platform !== 'linux')
    return pid !== undefined && isClusterProcessByPs(pid, clusterDir) ? [pid] : [];
  const cluster = statSync(clusterDir);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const executable = readlinkSync(`/proc/${name}/exe`).replace(/ \(deleted\)$/, '');
        if (basename(executable) !== 'postgres') return false;
        const cwd = statSync(`/proc/${name}/cwd`);
        return cwd.dev === cluster.dev && cwd.ino === cluster.ino;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** macOS has no /proc: only the process that `postmaster.pid` names is looked at, with the system's own tools. */
function isClusterProcessByPs(pid: number, clusterDir: string): boolean {
  try {
    const command = execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    if (basename(command) !== 'postgres') return false;
    const files = execFileSync('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn'], { encoding: 'utf8' });
    const cwd = files
      .split('\n')
      .find((line) => line.startsWith('n'))
      ?.slice(1);
    if (cwd === undefined) return false;
    const [left, right] = [statSync(cwd), statSync(clusterDir)];
    return left.dev === right.dev && left.ino === right.ino;
  } catch {
    return false;
  }
}
