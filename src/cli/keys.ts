/** `keys`: which encryption and signing keys are in use, and changing them. */
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import { resealKeys, rotateKeys, rotateSigningKey, showKeys } from '../operations/keys.ts';
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
        const signing = shown.signing.map((key) => [
          key.until === null ? pc.green('active') : '',
          String(key.id),
          key.since,
          key.until ?? '',
          key.fingerprint,
        ]);
        say('');
        say(table(['', 'signing key', 'since', 'until', 'fingerprint (SHA-256 of the public key)'], signing));
      });
    }
    if (action === 'rotate-signing') {
      const made = await rotateSigningKey(parts, localActor());
      return answer(options.json, made, (shown) =>
        say(
          `Signing key ${shown.id} is in force now; its fingerprint is ${shown.fingerprint}. Start the service.`,
        ),
      );
    }
    if (action !== 'rotate' && action !== 'reseal')
      throw new UsageError(`keys ${action}: one of show, rotate, reseal, rotate-signing.`);
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
