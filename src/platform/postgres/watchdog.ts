/** A tiny shell process that stops PostgreSQL when the service dies in a way that leaves it no time to do so. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Watchdog = {
  /** The postmaster to stop if we vanish; 0 while there is none. */
  watch(pid: number): void;
  /** Ends the watchdog without touching PostgreSQL. */
  dismiss(): Promise<void>;
};

/**
 * Reads pids from the pipe until it closes, which is the moment the service is gone: `read` cannot miss it, whatever
 * killed us. Then fast shutdown, after 10 s immediate shutdown, after 5 s more SIGKILL. A shell takes 1 MB where
 * another Node would take 40.
 */
const SCRIPT = `
pid=0
while read -r line; do pid=$line; done
[ "$pid" -gt 1 ] || exit 0
gone_within() {
  tries=$(($1 * 10))
  while [ "$tries" -gt 0 ]; do
    kill -0 "$pid" 2>/dev/null || exit 0
    sleep 0.1
    tries=$((tries - 1))
  done
}
kill -INT "$pid" 2>/dev/null
gone_within 10
kill -QUIT "$pid" 2>/dev/null
gone_within 5
kill -KILL "$pid" 2>/dev/null
`;

/** Detached, so that Ctrl-C in a terminal reaches the service only, which then stops things in order. */
export function startWatchdog(): Watchdog {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'ml-connector-watchdog'], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(child, 'exit').catch(() => undefined);
  // If someone kills the watchdog the service goes on: it still stops PostgreSQL itself when asked to.
  child.stdin.on('error', () => {});
  return {
    watch(pid) {
      if (child.stdin.writable) child.stdin.write(`${pid}\n`);
    },
    async dismiss() {
      if (child.stdin.writable) child.stdin.end('0\n');
      await exited;
    },
  };
}
