/** The demo as one measured run: so many documents, then both ledgers compared, then the end. */
import { MultiBar } from 'cli-progress';
import { sql } from 'kysely';
import pc from 'picocolors';
import { answer, say, table } from '../cli/output.ts';
import { DEFAULT_RATE, type DemoOptions, startWorkload, workloadProgress } from './run.ts';
import { startWorld, type World } from './world.ts';

/** Nothing new for so long after the last document means that nothing will come any more. */
const STALL_MS = 90_000;
const LOOK_MS = 500;

export async function runOnce(options: DemoOptions): Promise<void> {
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
  const world = await startWorld({ seed: options.seed, poll: options.poll === true, port: options.port });
  try {
    const startedAt = performance.now();
    const kills = await run(world, options, stopping.signal);
    if (stopping.signal.aborted) {
      process.exitCode = 130;
      return;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    report(options, await judge(world, kills, seconds));
  } finally {
    await world.close();
  }
}

async function run(world: World, options: DemoOptions, signal: AbortSignal): Promise<number> {
  const { invoices, payments, seed } = options;
  const total = invoices + payments;
  const bars =
    options.json === true
      ? undefined
      : new MultiBar({ format: '{name} {bar} {value}/{total}', hideCursor: true });
  const made = bars?.create(total, 0, { name: 'made  ' });
  const copied = bars?.create(total, 0, { name: 'copied' });
  await startWorkload(world, { seed, invoices, payments, ratePerSecond: options.rate ?? DEFAULT_RATE });
  let kills = 0;
  let lastCount = -1;
  let lastChange = performance.now();
  while (!signal.aborted) {
    const progress = await workloadProgress(world);
    const comparison = await world.compare();
    const { documents } = comparison.destination;
    const count = documents.invoices + documents.payments;
    made?.update(progress.invoicesMade + progress.paymentsMade);
    copied?.update(count);
    if (kills < options.kill && count >= ((kills + 1) * total) / (options.kill + 1)) {
      kills += 1;
      await world.crash();
    }
    if (progress.done && comparison.equal && kills >= options.kill && (await isQuiet(world))) break;
    if (count !== lastCount || !progress.done) {
      lastCount = count;
      lastChange = performance.now();
    }
    if (performance.now() - lastChange > STALL_MS) break;
    await world.parts.clock.sleep(LOOK_MS, signal);
  }
  bars?.stop();
  return kills;
}

/** Every accepted event has its end state. A service that is just starting again is not quiet. */
async function isQuiet({ parts }: World): Promise<boolean> {
  try {
    const row = await parts.db
      .selectFrom('events')
      .select('seq')
      .where('settled_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
    return row === undefined;
  } catch {
    return false;
  }
}

async function judge(world: World, kills: number, seconds: number) {
  const { source, destination, equal, lost, doubled, wrong, calls, rateLimited } = await world.compare();
  const { db } = world.parts;
  const events = await sql<{
    accepted: bigint;
    refused: bigint;
    unsettled: bigint;
    p50: number | null;
    p95: number | null;
  }>`
    select (select coalesce(sum(1 + repeats), 0) from events) as accepted,
      (select coalesce(sum(count), 0)::bigint from rejection_counts) as refused,
      (select count(*) from events where settled_at is null) as unsettled,
      percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.95) within group (order by ms) as p95
    from (select extract(epoch from settled_at - received_at)::float8 * 1000 as ms from events
      where origin in ('webhook', 'poll') and settled_at is not null) as told`.execute(db);
  const parked = await sql<{ kind: string; label: string; reason: string }>`
    select kind, label, reason ->> 'message' as reason from documents where state = 'parked' order by changed_at`.execute(
    db,
  );
  const [told] = events.rows;
  return {
    source,
    destination,
    equal,
    lost: lost.length,
    doubled: doubled.length,
    wrong: wrong.length,
    parked: parked.rows.length,
    details: { lost, doubled, wrong, parked: parked.rows },
    events: {
      accepted: Number(told?.accepted ?? 0n),
      refused: Number(told?.refused ?? 0n),
      unsettled: Number(told?.unsettled ?? 0n),
    },
    calls,
    rateLimited,
    kills,
    p50Ms: Math.round(told?.p50 ?? 0),
    p95Ms: Math.round(told?.p95 ?? 0),
    seconds: Math.round(seconds * 10) / 10,
  };
}

type Verdict = Awaited<ReturnType<typeof judge>>;

function report(options: DemoOptions, verdict: Verdict): void {
  const good =
    verdict.equal && verdict.parked === 0 && verdict.doubled === 0 && verdict.events.unsettled === 0;
  const { details } = verdict;
  answer(options.json, verdict, () => {
    const rows = Object.keys({ ...verdict.source.sums, ...verdict.destination.sums }).flatMap((currency) => {
      const [left, right] = [verdict.source.sums[currency], verdict.destination.sums[currency]];
      return (['invoices', 'invoiced', 'outstanding', 'payments', 'paid'] as const).map((figure) => {
        const [a, b] = [String(left?.[figure] ?? 0), String(right?.[figure] ?? 0)];
        return [currency, figure, a, b, a === b ? pc.green('equal') : pc.red('DIFFERS')];
      });
    });
    say(table(['currency', 'figure', 'source', 'destination', ''], rows));
    for (const line of [
      ...details.lost.map((x) => `lost: ${x}`),
      ...details.doubled.map((x) => `doubled: ${x}`),
      ...details.wrong,
    ])
      say(pc.red(line));
    for (const { kind, label, reason } of details.parked)
      say(pc.yellow(`parked ${kind} ${label}: ${reason}`));
    say(
      `${verdict.events.accepted} events, ${verdict.kills} kills, ${verdict.rateLimited} × 429; from event to read-back: median ${verdict.p50Ms} ms, 95 % within ${verdict.p95Ms} ms; ${verdict.seconds} s in all.`,
    );
    say(good ? pc.green('Both ledgers are equal.') : pc.red('The ledgers are NOT equal.'));
  });
  process.exitCode = good ? 0 : 1;
}
