/** At the start: seals webhook paths that an earlier version kept in clear, before anybody can call. */
import { type EngineParts, nowOf } from '../engine/parts.ts';
import { sealOldCallbacks } from '../store/callbacks.ts';
import { addNotice } from '../store/upgrade-notices.ts';

/** Does nothing the second time; of two processes that start together the second waits. */
export async function sealPathsOfBefore(parts: Pick<EngineParts, 'db' | 'vault' | 'clock'>): Promise<void> {
  await parts.db.transaction().execute(async (tx) => {
    for (const { connectionId, topic } of await sealOldCallbacks(tx, parts.vault)) {
      const message =
        `The webhook for ${topic} worked with a key that the source has never confirmed; somebody may have put it there. ` +
        'It is not used any more, and a new one is being agreed upon. Polling finds what changes meanwhile.';
      const action =
        'Look for changes since the last backup that nobody made: backfill NAME looks at everything anew.';
      const notice = { code: 'callback-key-dropped', subject: `${connectionId} ${topic}`, message, action };
      await addNotice(tx, { ...notice, connectionId }, nowOf(parts));
    }
  });
}
