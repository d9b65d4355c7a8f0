/** `backfill`: starts copying history, shows how far it has come, and at the end what was listed beside what is stored. */
import { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import { UsageError } from '../core/errors.ts';
import {
  type BackfillProgress,
  backfill as backfillOperation,
  backfillProgress,
} from '../operations/backfill.ts';
import type { OperationParts } from '../operations/parts.ts';
import { answer, localActor, say, table } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

type BackfillOptions = GlobalOptions & {
  since?: string | undefined;
  wait: boolean;
  resume?: string | undefined;
};

const LOOK_MS = 500;
/** The rate is that of the last half minute, so that a pause or a restart does not spoil the estimate for long. */
const RATE_OVER_MS = 30_000;

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
    const progress = await follow(parts, id, options.json !== true);
    answer(options.json, progress, (shown) => report(shown));
    if (progress.state !== 'complete') process.exitCode = 1;
  });
}

async function follow(parts: OperationParts, id: string, shown: boolean): Promise<BackfillProgress> {
  const bar = new SingleBar({
    format: '{bar} {value}/{total} documents  {rate}/s  {left} left  {doing}',
    noTTYOutput: false,
    hideCursor: true,
  });
  const samples: { at: number; settled: number }[] = [];
  if (shown) bar.start(1, 0, { rate: 0, left: '?', doing: '' });
  try {
    for (;;) {
      const progress = await backfillProgress(parts, localActor(), { id });
      const done = progress.state !== 'running' && progress.state !== 'listed';
      const total = Math.max(done ? 1 : progress.estimated, progress.accepted, 1);
      samples.push({ at: parts.clock.now(), settled: progress.settled });
      while (samples.length > 2 && (samples[0]?.at ?? 0) < parts.clock.now() - RATE_OVER_MS) samples.shift();
      const rate = ratePerSecond(samples);
      bar.setTotal(total);
      bar.update(done ? total : progress.settled, {
        rate: rate.toFixed(1),
        left: done ? '0 s' : toDuration((total - progress.settled) / rate),
        doing: done ? '' : progress.state === 'listed' ? 'all listed' : `pass ${progress.pass}`,
      });
      if (done) return progress;
      await parts.clock.sleep(LOOK_MS);
    }
  } finally {
    bar.stop();
  }
}

function ratePerSecond(samples: readonly { at: number; settled: number }[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at === first.at) return 0;
  return ((last.settled - first.settled) * 1000) / (last.at - first.at);
}

function toDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.ceil(Math.max(0, seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

function report(progress: BackfillProgress): void {
  if (progress.state === 'failed') return say(pc.red(`Failed: ${progress.error ?? ''}`));
  const rows = (progress.report?.figures ?? []).map((one) => [
    one.kind,
    one.currency ?? '',
    String(one.listed),
    one.listedAmount ?? '',
    String(one.stored),
    one.storedAmount ?? '',
    one.equal ? pc.green('equal') : pc.red('DIFFERS'),
  ]);
  say(
    rows.length === 0
      ? 'The source listed nothing of that time.'
      : table(['kind', 'currency', 'listed', 'sum', 'stored', 'sum', ''], rows),
  );
  for (const name of progress.report?.missing ?? []) say(pc.red(`listed but not stored: ${name}`));
  for (const { kind, listed, counted } of progress.report?.short ?? []) {
    say(pc.yellow(`${kind}: the source counts ${counted} and showed ${listed}, also at a second look.`));
  }
  const passes = progress.pass === 1 ? '' : ` after ${progress.pass} passes`;
  say(
    progress.state === 'complete'
      ? pc.green(`Complete${passes}: everything that was listed is stored, and all of it has an end state.`)
      : pc.red(`Not complete${passes}: counts or sums differ. Start it once more, or look at the records.`),
  );
}
