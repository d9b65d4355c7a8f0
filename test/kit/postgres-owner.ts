/** A process of its own that owns a data directory, for tests that kill it: `node postgres-owner.ts <data directory>`. */
import { pino } from 'pino';
import { UsageError } from '../../src/core/errors.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres/launcher.ts';

const dataDir = process.argv[2] ?? '';

try {
  const server = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) });
  process.stdout.write(
    `${JSON.stringify({ connection: server.connection, postmasterPid: server.postmasterPid() })}\n`,
  );
  process.once('SIGTERM', () => void server.stop());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stdout.write(`${JSON.stringify({ refused: error.message, hint: error.hint })}\n`);
  process.exitCode = 2;
}
