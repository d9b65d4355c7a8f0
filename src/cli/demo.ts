/** `demo`: the whole thing with simulated systems, to watch or as one measured run. */
import type { DemoOptions } from '../demo/run.ts';

export async function demo(options: DemoOptions & { once?: boolean | undefined }): Promise<void> {
  if (options.once === true) await (await import('../demo/once.ts')).runOnce(options);
  else await (await import('../demo/watch.ts')).watch(options);
}
