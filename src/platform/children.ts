/** Programs of ours as child processes: started, awaited until ready, stopped, never left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { UsageError } from '../core/errors.ts';
import type { SimulatorManifest } from '../core/ports.ts';

export type Child = {
  /** The JSON line it printed when it was ready. */
  ready: Record<string, unknown>;
  pid: number;
  /** Resolves when it ended by itself or was killed. */
  exited: Promise<void>;
  /** Asks it to stop and waits; after 40 seconds it is killed. */
  stop(): Promise<void>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
};

const READY_MS = 60_000;
const STOP_MS = 40_000;

export function startSimulator(
  simulator: SimulatorManifest,
  options: { port: number; seed: number; more?: readonly string[]; environment: Record<string, string> },
): Promise<Child> {
  const { port, seed, more = [], environment } = options;
  const args = ['--port', String(port), '--seed', String(seed), '--exit-with-parent', ...more];
  return startChild([simulator.program, ...args], environment);
}

/** `args` are for this very Node. Its standard error is ours. */
export async function startChild(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Child> {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environment,
    // A Ctrl-C goes to the parent alone, which stops its children in order.
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await awaitReady(child, args[0] ?? '');
  const pid = child.pid ?? 0;
  const end = async (signal: NodeJS.Signals) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.kill(signal);
    await exited;
    clearTimeout(timer);
  };
  return { ready, pid, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function awaitReady(child: ChildProcess, name: string): Promise<Record<string, unknown>> {
  const { stdout } = child;
  if (!stdout) throw new Error('a child without standard output');
  const lines = createInterface({ input: stdout });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new UsageError(`${name} was not ready within ${READY_MS / 1000} s.`));
    }, READY_MS);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(
        new UsageError(
          `${name} ended with code ${code ?? 'none'} before it was ready.`,
          'What it said stands above.',
        ),
      );
    });
    lines.on('line', (line) => {
      const said = readObject(line);
      // What went wrong is told as JSON too; the end of the process follows.
      if (said === undefined || 'error' in said) return;
      clearTimeout(timer);
      resolve(said);
    });
  });
}

/** Anything else that a child says is passed over: it must not bring down whoever listens. */
function readObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
