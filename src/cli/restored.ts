/** `restored`: after the database was put back from a backup, every copy is looked at anew. */
import { afterRestore } from '../operations/after-restore.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function restored(options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ parts }) => {
    const done = await afterRestore(parts, localActor());
    answer(options.json, done, (shown) => {
      say(
        `${shown.copies} copies of ${shown.connections.length} connection(s) are looked at anew, and their sources are polled at once.`,
      );
      say('Next, for each connection: connection consent NAME if it is paused, then backfill NAME.');
    });
  });
}
