/** `keys`: which encryption keys are in use, and changing them. */
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import { resealKeys, rotateKeys, showKeys } from '../operations/keys.ts';
import { answer, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function keys(action: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }, config) => {
    if (action === 'show') {
      return answer(options.json, await showKeys(parts, localActor()), (shown) => {
        const rows = shown.keys.map((key) => [
          key.id === shown.active ? pc.green('active') : '',
          key.id,
          key.since,
          key.atHand ? 'yes' : 'no',
        ]);
        say(table(['', 'key', 'first used', 'at hand'], rows));
      });
    }
    if (action !== 'rotate' && action !== 'reseal')
      throw new UsageError(`keys ${action}: one of show, rotate, reseal.`);
    const done =
      action === 'rotate'
        ? await rotateKeys(parts, localActor(), { keyFile: config.keyFile })
        : await resealKeys(parts, localActor());
    answer(options.json, done, (shown) =>
      say(
        `${shown.resealed} secret(s) are sealed with key ${shown.active} now. Restart the service, and back up the key.`,
      ),
    );
  });
}
