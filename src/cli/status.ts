/** `status`: how everything stands. */
import pc from 'picocolors';
import { status as statusOperation } from '../operations/status.ts';
import { answer, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function status(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const s = await statusOperation(parts, localActor());
    answer(options.json, s, () => {
      const { records } = s;
      say(
        `${s.connections} connection(s); records: ${pc.green(`${records.synced} synced`)}, ${records.pending} pending, ${pc.yellow(`${records.parked} parked`)}, ${records.ignored} ignored`,
      );
      say(
        `events: ${s.eventsAccepted} accepted, ${s.eventsUnsettled} without an end state yet; ${s.rejections} deliveries refused`,
      );
      for (const { connection, cause, count, lastAt } of s.refused)
        say(pc.dim(`  refused ${count} × ${cause}: ${connection ?? 'no connection'}, last at ${lastAt}`));
      if (s.sums.length > 0) {
        const rows = s.sums.map((sum) => [
          sum.kind,
          sum.currency,
          String(sum.count),
          sum.amount,
          String(sum.synced),
          sum.syncedAmount,
        ]);
        say(table(['kind', 'currency', 'count', 'amount', 'synced', 'synced amount'], rows));
      }
      for (const parked of s.parkedByReason)
        say(`${pc.yellow('parked')} ${parked.count} × ${parked.code}: ${parked.message}`);
    });
  });
}
