/** `ping`: does it work, and if not, what to do. */
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import { listConnections } from '../operations/list-connections.ts';
import { type PingReport, ping as pingOperation } from '../operations/ping.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function ping(
  name: string | undefined,
  options: GlobalOptions & { side?: string | undefined },
): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const names =
      name === undefined ? (await listConnections(parts, localActor())).map((c) => c.name) : [name];
    if (names.length === 0) throw new UsageError('There is no connection yet.', 'Add one: connection add');
    const reports: PingReport[] = [];
    for (const connection of names)
      reports.push(await pingOperation(parts, localActor(), { connection, side: options.side }));
    answer(options.json, reports, (shown) => {
      for (const report of shown) {
        for (const { side, system, checks } of report.sides) {
          say(pc.bold(`${report.connection}: ${side} ${system}`));
          for (const check of checks) {
            say(`  ${check.ok ? pc.green('✔') : pc.red('✘')} ${check.name}: ${check.detail}`);
            if (check.fix !== undefined && !check.ok) say(`      ${pc.yellow('→')} ${check.fix}`);
          }
        }
      }
      for (const hint of new Set(shown.flatMap(({ hints }) => hints))) say(`${pc.yellow('hint')} ${hint}`);
    });
    if (!reports.every(({ ok }) => ok)) process.exitCode = 1;
  });
}
