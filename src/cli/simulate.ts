/** `simulate`: runs a system's simulator in the foreground. */
import { spawn } from 'node:child_process';
import { registry } from '../app.ts';
import { UsageError } from '../core/errors.ts';

export async function simulate(system: string, rest: readonly string[]): Promise<void> {
  const known = [...registry.sources, ...registry.destinations].filter((manifest) => manifest.simulator);
  const program = known.find((manifest) => manifest.id === system)?.simulator?.program;
  if (program === undefined) {
    throw new UsageError(
      `There is no simulator of "${system}".`,
      `Known: ${known.map(({ id }) => id).join(', ')}.`,
    );
  }
  const child = spawn(process.execPath, [program, ...rest], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
