/** `connection remove`: says what goes and what stays, asks, and does it. */
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import { printableValue } from '../core/printable.ts';
import { type Removal, removeConnection } from '../operations/remove-connection.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

type RemoveOptions = GlobalOptions & {
  yes?: boolean | undefined;
  dryRun?: boolean | undefined;
  force?: boolean | undefined;
};

export async function remove(name: string, options: RemoveOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const plan = await removeConnection(parts, localActor(), { connection: name, dryRun: true });
    if (options.dryRun === true) return answer(options.json, plan, (shown) => explain(shown));
    if (options.yes !== true) await confirm(plan, options.json === true);
    const done = await removeConnection(parts, localActor(), { connection: plan.id, force: options.force });
    answer(options.json, done, (shown) => {
      say(`${pc.green('removed')} ${shown.name}; ${shown.recordsKept} records and their audit are kept`);
      for (const line of shown.left) say(pc.yellow(line));
    });
  });
}

function explain(plan: Removal): void {
  const callbacks = plan.callbacks.length === 0 ? 'none' : plan.callbacks.join(', ');
  say(`Removing ${pc.bold(plan.name)}:`);
  say(`  goes    callbacks at the source: ${callbacks}`);
  if (plan.tokensRevoked) say('  goes    the token at the source: it is revoked');
  say('  goes    all secrets of both sides in this installation');
  say(`  stays   ${plan.recordsKept} records with their audit, and everything in the destination`);
  if (plan.unsettled > 0)
    say(pc.yellow(`  is left undone: ${plan.unsettled} records that are not at their end`));
}

async function confirm(plan: Removal, json: boolean): Promise<void> {
  if (json || !process.stdin.isTTY) {
    throw new UsageError(
      'Nothing was removed: this needs a confirmation.',
      'Add --yes; --dry-run shows what goes.',
    );
  }
  const shown = printableValue(plan);
  explain(shown);
  const prompts = await import('@clack/prompts');
  const sure = await prompts.confirm({ message: `Remove ${shown.name}?`, initialValue: false });
  if (sure !== true) throw new UsageError('Nothing was removed.');
}
