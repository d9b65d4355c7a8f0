/** `npm run prove:unknown`: so many unknown outcomes in virtual time over a database of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { pino } from 'pino';
import { monotonicMs } from '../../src/platform/clock.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import type { DB } from '../../src/store/schema.ts';
import { withSigner } from '../../src/store/signer.ts';
import { TEST_SIGNER } from '../kit/test-signer.ts';
import { proveUnknownOutcomes } from './unknown-outcomes.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
});

const log = pino({ level: 'silent' });
const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-prove-'));
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
const server = await startEmbeddedPostgres({ dataDir, log, settings });
try {
  const connection = { ...server.connection, database: 'prove' };
  const administrator = new pg.Client({ ...server.connection, database: 'postgres' });
  await administrator.connect();
  await administrator.query('CREATE DATABASE prove');
  await administrator.end();
  await migrate({ connection, log });
  const database = await openDatabase<DB>({ connection, max: 8, log });
  const startedAt = monotonicMs();
  const figures = await proveUnknownOutcomes(withSigner(database.db, TEST_SIGNER), {
    count: Number.parseInt(values.count, 10),
    seed: Number.parseInt(values.seed, 10),
    onProgress: (done) => {
      if (!values.json) process.stderr.write(`\r${done}`);
    },
  });
  await database.close();
  const seconds = Math.round((monotonicMs() - startedAt) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ ...figures, seconds }, null, values.json ? 0 : 2)}\n`);
  const bad = figures.doubled + figures.lost + figures.wrong + figures.unsettled;
  process.exitCode = bad === 0 ? 0 : 1;
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
