/** `status`: how everything stands. */
import pc from 'picocolors';
import { status as statusOperation } from '../operations/status.ts';
import { versionText } from '../platform/postgres/known-version.ts';
import { answer, localActor, say, table } from './output.ts';
import { sayBlocks } from './say-blocks.ts';
import { auditText } from './verify-audit.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function status(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const s = await statusOperation(parts, localActor());
    answer(options.json, s, (shown) => {
      const { records } = shown;
      say(
        `${shown.connections} connection(s); records: ${pc.green(`${records.synced} synced`)}, ${records.pending} pending, ${pc.yellow(`${records.parked} parked`)} (${shown.toDecide} to be decided, ${shown.following} that follow), ${records.ignored} ignored`,
      );
      say(
        `events: ${shown.eventsAccepted} accepted, ${shown.eventsUnsettled} without an end state yet; ${shown.rejections} deliveries refused`,
      );
      for (const { connection, cause, count, lastAt } of shown.refused)
        say(pc.dim(`  refused ${count} × ${cause}: ${connection ?? 'no connection'}, last at ${lastAt}`));
      if (shown.sums.length > 0) {
        const rows = shown.sums.map((sum) => [
          sum.kind,
          sum.currency,
          String(sum.count),
          sum.amount,
          String(sum.synced),
          sum.syncedAmount,
        ]);
        say(table(['kind', 'currency', 'count', 'amount', 'synced', 'synced amount'], rows));
      }
      sayBlocks(shown.blocks);
      for (const { message, action } of shown.notices)
        say(`${pc.yellow('to do')} ${message} ${action}`.trimEnd());
      for (const hint of shown.hints) say(`${pc.yellow('hint')} ${hint}`);
      say(auditText(shown.audit));
      say(versionText(shown.database));
      for (const parked of shown.parkedByReason)
        say(`${pc.yellow('parked')} ${parked.count} × ${parked.code}: ${parked.message}`);
    });
  });
}
