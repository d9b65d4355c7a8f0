/** `rejections`: webhook deliveries that were turned away, and why. */
import pc from 'picocolors';
import { listRejections } from '../operations/list-rejections.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

type RejectionOptions = GlobalOptions & {
  connection?: string | undefined;
  cause?: string | undefined;
  limit: number;
};

export async function rejections(options: RejectionOptions): Promise<void> {
  const { connection, cause, limit } = options;
  await withInstallation(options, async ({ parts }) => {
    const found = await listRejections(parts, localActor(), { connection, cause, limit });
    answer(options.json, found, (shown) => {
      if (shown.length === 0) return say('Nothing was turned away.');
      for (const one of shown) {
        const at = one.at.replace('T', ' ').slice(0, 19);
        say(`${at}  ${pc.yellow(one.cause)}  HTTP ${one.status}  ${one.connectionName ?? 'no connection'}`);
        for (const [name, value] of Object.entries(one.headers)) say(pc.dim(`    ${name}: ${value}`));
        say(`    ${one.body ?? pc.dim('(the body was not kept: it was too large, or from a stranger)')}`);
      }
    });
  });
}
