/** Learns what other processes, and those before this one, have replaced: a vendor may still say it back to us. */
import { learnFormer } from '../store/former-secrets.ts';
import { type EngineParts, nowOf } from './parts.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
/** Clocks differ, and commits come late. */
const OVERLAP_MS = 300_000;

type Parts = Pick<EngineParts, 'db' | 'vault' | 'clock' | 'log' | 'stopping'>;

/** Resolves once those of the last day are known; goes on by itself until `stopping`. */
export async function startLearningSecrets(parts: Parts): Promise<{ stopped: Promise<void> }> {
  await learnFormer(parts.db, parts.vault, new Date(parts.clock.now() - DAY_MS));
  return { stopped: learnUntilStopped(parts) };
}

async function learnUntilStopped({ db, vault, clock, log, stopping }: Parts): Promise<void> {
  let since = nowOf({ clock }).getTime();
  for (await clock.sleep(EVERY_MS, stopping); !stopping.aborted; await clock.sleep(EVERY_MS, stopping)) {
    const now = clock.now();
    try {
      await learnFormer(db, vault, new Date(since - OVERLAP_MS));
      since = now;
    } catch (error) {
      log.warn({ err: error }, 'replaced secrets not looked for');
    }
  }
}
