/** `npm run prove:door`: a million mutated deliveries at the door's own judgement, and some over HTTP into a database. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import pg from 'pg';
import { pino } from 'pino';
import { monotonicMs } from '../../src/platform/clock.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import type { DB } from '../../src/store/schema.ts';
import { knockInProcess, knockOverHttp } from './door-run.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string', default: '1000000' },
    http: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
});

const log = pino({ level: 'silent' });
const seed = Number.parseInt(values.seed, 10);
const [count, overHttp] = [Number.parseInt(values.count, 10), Number.parseInt(values.http, 10)];

/** On the error stream, so that standard output stays the verdict alone. */
function showing<T>(total: number, work: (tell: (done: number) => void) => Promise<T>): Promise<T> {
  const bar = new SingleBar(
    { stream: process.stderr, format: '{bar} {value} of {total}, {eta_formatted} left' },
    Presets.legacy,
  );
  bar.start(total, 0);
  return work((done) => bar.update(done)).finally(() => {
    bar.update(total);
    bar.stop();
  });
}

async function withDatabase<T>(work: (database: Awaited<ReturnType<typeof openDatabase<DB>>>) => Promise<T>) {
  const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-door-'));
  const server = await startEmbeddedPostgres({ dataDir, log });
  try {
    const connection = { ...server.connection, database: 'door' };
    const administrator = new pg.Client({ ...server.connection, database: 'postgres' });
    await administrator.connect();
    await administrator.query('CREATE DATABASE door');
    await administrator.end();
    await migrate({ connection, log });
    const database = await openDatabase<DB>({ connection, max: 4, log });
    return await work(database).finally(() => database.close());
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const startedAt = monotonicMs();
const inProcess = await showing(count, (tell) => knockInProcess({ seed, count, tell }));
const http = await withDatabase(({ db }) =>
  showing(overHttp, (tell) => knockOverHttp(db, { seed: seed + 1, count: overHttp, tell })),
);
const seconds = Math.round((monotonicMs() - startedAt) / 100) / 10;
const good =
  [inProcess, http].every((run) => run.forged === 0 && run.trueOnesRefused === 0) &&
  http.stored === http.accepted;
process.stdout.write(`${JSON.stringify({ good, inProcess, http, seconds }, null, values.json ? 0 : 2)}\n`);
process.exitCode = good ? 0 : 1;
