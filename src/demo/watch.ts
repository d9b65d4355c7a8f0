/** The demo to watch: a small company at work, until Ctrl-C. */
import pc from 'picocolors';
import { localActor, say, stateText } from '../cli/output.ts';
import { listRecords } from '../operations/list-records.ts';
import { type DemoOptions, startWorkload, workloadProgress } from './run.ts';
import { startWorld, type World } from './world.ts';

const FIRST = { invoices: 12, payments: 8, ratePerSecond: 6 };
const THEN_PER_SECOND = 0.5;
const DEFAULT_PORT = 3000;
const LOOK_MS = 700;

export async function watch(options: DemoOptions): Promise<void> {
  say(pc.dim('Starting PostgreSQL, both simulators and the service …'));
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  const world = await startWorld({
    seed: options.seed,
    poll: options.poll === true,
    port: options.port ?? (await preferredPort()),
  });
  try {
    introduce(world);
    await startWorkload(world, { seed: options.seed, ...FIRST });
    await follow(world, options.seed, stopping.signal);
    say(pc.dim('\nStopping …'));
  } finally {
    await world.close();
  }
}

function introduce({ url, owner }: World): void {
  say('');
  say(`Open        ${pc.cyan(pc.bold(url))}`);
  say(`Sign in as  ${pc.bold(owner.email)}`);
  say(`Password    ${pc.bold(owner.password)}`);
  say(pc.dim('Nothing here is real; Ctrl-C stops everything and leaves nothing behind.'));
  say('');
}

/** Prints each record as it reaches a new state, and keeps the company busy. */
async function follow(world: World, seed: number, signal: AbortSignal): Promise<void> {
  const seen = new Map<string, string>();
  let busy = false;
  while (!signal.aborted) {
    const { records } = await listRecords(world.parts, localActor(), { limit: 100 });
    for (const record of records.toReversed()) {
      if (record.state === 'pending' || seen.get(record.id) === record.state) continue;
      seen.set(record.id, record.state);
      const amount = record.amount === null ? '' : `${record.amount.padStart(12)} ${record.currency ?? ''}`;
      const copy = record.counterpartNumber === null ? '' : pc.dim(`→ ${record.counterpartNumber}`);
      say(
        `${stateText(record.state.padEnd(8))} ${record.kind.padEnd(8)} ${record.label.padEnd(28).slice(0, 28)} ${amount.padEnd(17)} ${copy}`,
      );
      if (record.reason && record.state === 'parked') say(pc.yellow(`         ${record.reason.message}`));
    }
    if (!busy && (await workloadProgress(world)).done) {
      busy = true;
      await startWorkload(world, { seed: seed + 1, endless: true, ratePerSecond: THEN_PER_SECOND });
    }
    await world.parts.clock.sleep(LOOK_MS, signal);
  }
}

/** The usual port where it is free, any other where it is not. */
async function preferredPort(): Promise<number | undefined> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(DEFAULT_PORT, '127.0.0.1', () => server.close(() => resolve(DEFAULT_PORT)));
  });
}
