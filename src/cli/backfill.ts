/** `backfill`: starts copying history and shows how far it has come. */
import { SingleBar } from 'cli-progress';
import { backfill as backfillOperation, backfillProgress } from '../operations/backfill.ts';
import { UsageError } from '../core/errors.ts';
import { answer, localActor, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

type BackfillOptions = GlobalOptions & {
  since?: string | undefined;
  wait: boolean;
  resume?: string | undefined;
};

export async function backfill(connection: string, options: BackfillOptions): Promise<void> {
  if (options.since !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(options.since)) {
    throw new UsageError(`--since ${options.since} is not a date of the form yyyy-mm-dd.`);
  }
  await withInstallation(options, async ({ parts }) => {
    const { id } =
      options.resume === undefined
        ? await backfillOperation(parts, localActor(), { connection, since: options.since })
        : { id: options.resume };
    if (!options.wait)
      return answer(options.json, { id }, () =>
        say(`Started. Watch it: backfill ${connection} --resume ${id}`),
      );
    const bar = new SingleBar({
      format: '{bar} {value}/{total} documents  {rate}/s  {eta_formatted} left',
      noTTYOutput: false,
    });
    if (options.json !== true) bar.start(1, 0, { rate: 0 });
    const startedAt = parts.clock.now();
    let progress = await backfillProgress(parts, localActor(), { id });
    while (
      progress.state === 'running' ||
      (progress.state === 'listed' && progress.settled < progress.accepted)
    ) {
      const total = Math.max(progress.estimated, progress.accepted, 1);
      const seconds = (parts.clock.now() - startedAt) / 1000;
      bar.setTotal(total);
      bar.update(progress.settled, { rate: Math.round(progress.settled / Math.max(seconds, 1)) });
      await parts.clock.sleep(500);
      progress = await backfillProgress(parts, localActor(), { id });
    }
    bar.setTotal(Math.max(progress.accepted, 1));
    bar.update(progress.accepted);
    bar.stop();
    answer(options.json, progress, () =>
      say(
        progress.state === 'failed'
          ? `Failed: ${progress.error ?? ''}`
          : `${progress.listed} documents listed, ${progress.accepted} were new or changed, all of them have an end state.`,
      ),
    );
    if (progress.state === 'failed') process.exitCode = 1;
  });
}
