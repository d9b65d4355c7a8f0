/** Writes src/store/schema.ts anew from the migrations: `npm run generate:db`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { toConnectionString } from '../../src/platform/postgres/connection.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { generateSchema, SCHEMA_FILE } from './schema-types.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'ml-connector-schema-'));
const log = pino({ level: 'warn' });
const server = await startEmbeddedPostgres({ dataDir, log });
try {
  await migrate({ connection: server.connection, log });
  await generateSchema(toConnectionString(server.connection), SCHEMA_FILE);
  process.stdout.write(`${SCHEMA_FILE} is up to date.\n`);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
