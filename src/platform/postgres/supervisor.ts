/** Keeps PostgreSQL running: starts it again when it dies, with growing pauses, until told to stop. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Postmaster } from './postmaster.ts';
import type { Watchdog } from './watchdog.ts';

export type SupervisorOptions = {
  start: () => Postmaster;
  /** Makes the way free after a crash. */
  clear: () => Promise<void>;
  watchdog: Watchdog;
  clock: Clock;
  log: Log;
  onDown: ((reason: string) => void) | undefined;
  onUp: (() => void) | undefined;
};

export type Supervisor = { stop(): Promise<void>; isReady(): boolean; postmasterPid(): number | undefined };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** After this long without a crash the pauses begin small again. */
const STEADY_MS = 60_000;

/** Resolves when the first postmaster is ready; rejects, with nothing left running, when it cannot start. */
export async function supervise(options: SupervisorOptions): Promise<Supervisor> {
  const { clock, log, watchdog } = options;
  const stopping = new AbortController();
  let isReady = false;
  let current = launch(options);
  try {
    await current.ready;
  } catch (error) {
    watchdog.watch(0);
    throw error;
  }
  isReady = true;

  const watching = (async () => {
    let pauseMs = FIRST_PAUSE_MS;
    let upSince = clock.now();
    while (true) {
      const reason = await current.ended;
      const wasReady = isReady;
      isReady = false;
      watchdog.watch(0);
      if (stopping.signal.aborted) return;
      log.error({ reason, pauseMs }, 'PostgreSQL stopped by itself; starting it again');
      if (wasReady) options.onDown?.(reason);
      if (wasReady && clock.now() - upSince > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      await clock.sleep(pauseMs, stopping.signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await options
        .clear()
        .catch((error: unknown) => log.error({ err: error }, 'Leftovers of PostgreSQL remain'));
      if (stopping.signal.aborted) return;
      current = launch(options);
      try {
        await current.ready;
      } catch {
        continue;
      }
      isReady = true;
      upSince = clock.now();
      log.info({ postmasterPid: current.pid }, 'PostgreSQL is back');
      options.onUp?.();
    }
  })();

  return {
    isReady: () => isReady,
    postmasterPid: () => (isReady ? current.pid : undefined),
    async stop() {
      stopping.abort();
      await current.stop();
      await watching;
    },
  };
}

function launch({ start, watchdog }: SupervisorOptions): Postmaster {
  const postmaster = start();
  watchdog.watch(postmaster.pid);
  return postmaster;
}
