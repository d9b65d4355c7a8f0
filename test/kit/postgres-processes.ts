/** Starts, finds and kills processes around a built-in PostgreSQL, for the tests of its launcher. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalConnection } from '../../src/platform/postgres/connection.ts';

export type Answer =
  | { connection: LocalConnection; postmasterPid: number }
  | { refused: string; hint: string | undefined };

export type Owner = { process: ChildProcess; answer: Answer; end(signal: NodeJS.Signals): Promise<void> };

/** Another process starts PostgreSQL in the directory; resolves with what it said. */
export async function startOwner(dataDir: string, as: { uid?: number; gid?: number } = {}): Promise<Owner> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres-owner.ts'), dataDir], {
    ...as,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const answer: Answer = JSON.parse(line);
    const end = async (signal: NodeJS.Signals) => {
      child.kill(signal);
      await exited;
    };
    return { process: child, answer, end };
  }
  throw new Error('The owner process said nothing.');
}

export function connectionOf(owner: Owner): LocalConnection {
  if ('connection' in owner.answer) return owner.answer.connection;
  throw new Error(owner.answer.refused);
}

/** The watchdogs that a process has started. Linux only. */
export function listWatchdogs(parentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const isChild = readFileSync(`/proc/${name}/status`, 'utf8').includes(`\nPPid:\t${parentPid}\n`);
        return isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('ml-connector-watchdog');
      } catch {
        return false;
      }
    })
    .map(Number);
}

export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error('It did not happen in time.');
    await sleep(20);
  }
}
