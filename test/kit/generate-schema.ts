/** Writes src/store/schema.ts anew from the migrations: `npm run -s generate:db`, after each new migration. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';

/** The job engine's and the sign-in library's tables are not ours to query. */
const NOT_OURS = '*.{schema_migration,users,sessions,sign_in_*}';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-schema-'));
const log = pino({ level: 'warn' });
const server = await startEmbeddedPostgres({ dataDir, log, settings: { fsync: 'off' } });
try {
  await migrate({ connection: server.connection, log });
  const { status } = spawnSync(
    file('node_modules/.bin/kysely-codegen'),
    [
      ['--url', server.connectionString],
      ['--dialect', 'postgres'],
      ['--numeric-parser', 'string'],
      ['--date-parser', 'string'],
      ['--type-mapping', JSON.stringify({ int8: 'bigint' })],
      ['--exclude-pattern', NOT_OURS],
      ['--out-file', file(process.argv[2] ?? 'src/store/schema.ts')],
    ].flat(),
    { stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
