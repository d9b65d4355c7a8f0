/** Pausing a connection: work waits, events are still accepted, one alert. */
import { ADDRESS_REFUSED } from '../core/addresses.ts';
import { ANSWER_UNFIT } from '../core/errors.ts';
import { recordPauseAlert } from '../store/alerts.ts';
import { hastenTries } from '../store/blocks.ts';
import { setConnectionState } from '../store/connections.ts';
import { clearDeferral } from '../store/lanes.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

type PauseParts = Pick<EngineParts, 'db' | 'clock' | 'log'>;

/** Says so once, however many lanes meet the same cause at the same time. */
export function connectionPauser(parts: PauseParts) {
  return async (connectionId: string, reason: string, actor: string, code?: string): Promise<boolean> => {
    const now = nowOf(parts);
    return parts.db.transaction().execute(async (tx) => {
      const changed = await setConnectionState(tx, connectionId, { state: 'paused', reason, by: actor }, now);
      if (!changed) return false;
      await recordPauseAlert(tx, connectionId, alertCodeOf(actor, code), now);
      const data = { summary: `paused: ${reason}`, reason };
      await appendTrail(
        tx,
        { subject: connectionSubject(connectionId), connectionId, actor, entry: 'decision', data },
        now,
      );
      // What a person does is no fault.
      parts.log[actor === ENGINE_ACTOR ? 'error' : 'info']({ connectionId, reason }, 'connection paused');
      return true;
    });
  };
}

/** Of those that src/engine/alerts.ts has words for. */
function alertCodeOf(actor: string, code: string | undefined): string {
  if (actor !== ENGINE_ACTOR) return 'by-hand';
  return code === ADDRESS_REFUSED || code === ANSWER_UNFIT ? code : 'credentials-refused';
}

/** Work goes on where it stopped: the sweep wakes every lane that has something left. */
export async function resumeConnection(
  parts: PauseParts,
  connectionId: string,
  actor: string,
): Promise<boolean> {
  const now = nowOf(parts);
  return parts.db.transaction().execute(async (tx) => {
    const changed = await setConnectionState(tx, connectionId, { state: 'active' }, now);
    if (!changed) return false;
    await clearDeferral(tx, connectionId);
    await hastenTries(tx, connectionId, now);
    const data = { summary: 'resumed' };
    await appendTrail(
      tx,
      { subject: connectionSubject(connectionId), connectionId, actor, entry: 'decision', data },
      now,
    );
    return true;
  });
}
