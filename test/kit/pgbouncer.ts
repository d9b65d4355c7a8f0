/** A PgBouncer in front of a test's database, in either mode. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../src/demo/world.ts';
import type { LocalConnection } from '../../src/platform/postgres/connection.ts';
import { startBridge } from './bridge.ts';
import { PGBOUNCER } from './machine.ts';

export type Pooler = { url: string; stop(): Promise<void> };

const READY_MS = 10_000;

export async function startPgBouncer(
  connection: LocalConnection,
  mode: 'transaction' | 'session',
): Promise<Pooler> {
  if (PGBOUNCER === undefined) throw new Error('there is no PgBouncer');
  const directory = await mkdtemp(join(tmpdir(), 'ml-connector-pooler-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  const { user, database } = connection;
  // The socket's folder is closed to the user that it runs as.
  const bridge = await startBridge(connection);
  await writeFile(join(directory, 'users'), `"${user}" ""\n`);
  await writeFile(
    join(directory, 'pgbouncer.ini'),
    `[databases]
${database} = host=127.0.0.1 port=${bridge.port} dbname=${database} user=${user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${join(directory, 'users')}
pool_mode = ${mode}
default_pool_size = ${mode === 'session' ? 60 : 20}
max_client_conn = 200
`,
  );
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(PGBOUNCER, [...asRoot, join(directory, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const url = `postgresql://${encodeURIComponent(user)}@127.0.0.1:${port}/${database}`;
  await ready(url, child, () => said);
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await bridge.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ready(url: string, child: ChildProcess, said: () => string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    const problem = await client.connect().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem === undefined) return client.end();
    if (child.exitCode !== null || waitedMs > READY_MS) {
      child.kill('SIGKILL');
      throw new Error(`PgBouncer does not answer: ${String(problem)}; it says: ${said()}`);
    }
    await sleep(50);
  }
}
