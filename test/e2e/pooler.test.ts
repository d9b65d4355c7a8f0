/** PgBouncer between the service and PostgreSQL: in transaction mode nothing of a session is ours, and all works all the same. */
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startService } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { World } from '../../src/demo/world.ts';
import { openDatabase } from '../../src/platform/database.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { machineHas } from '../kit/machine.ts';
import { type Pooler, startPgBouncer } from '../kit/pgbouncer.ts';
import { expectEqual, startTestWorld, work, worked } from './kit.ts';

describe.skipIf(!machineHas('PgBouncer'))('behind PgBouncer', () => {
  let database: TestDatabase<unknown>;
  let pooler: Pooler | undefined;
  let world: World | undefined;
  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
    // The tests' server has it off, which is refused where no session is ours to say otherwise.
    await database.pool.query(`alter database ${database.connection.database} set synchronous_commit = 'on'`);
  });
  afterEach(async () => {
    await world?.close();
    world = undefined;
    await pooler?.stop();
    await database.drop();
  });

  test('in transaction mode two processes carry invoices, a third start does not hang, and the start says how work is found', async () => {
    const seed = 77;
    pooler = await startPgBouncer(database.connection, 'transaction');
    world = await startTestWorld({ seed, databaseUrl: pooler.url, roles: ['all', 'worker'] });
    await work(world, { seed, invoices: 20, payments: 10, ratePerSecond: 40 });
    await worked(world);
    await expectEqual(world, { seed, invoices: 20, payments: 10 });

    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const config = await loadConfig({ dataDir: world.dataDir, databaseUrl: pooler.url, role: 'worker' }, {});
    const third = await startService(config, log);
    await third.stop();
    const told = lines.filter((line) => line.includes('half second'));
    expect(told, 'one sentence').toHaveLength(1);
    expect(third.pooling).toMatch(/looked for every half second/);

    const { rows } = await sql`select from pg_locks where locktype = 'advisory'`.execute(world.parts.db);
    expect(rows, 'no lock stays behind in the pooler').toEqual([]);
  });

  test('with a direct address migrations and waking go around it, and a direct address that is none is refused', async () => {
    const seed = 78;
    pooler = await startPgBouncer(database.connection, 'transaction');
    world = await startTestWorld({
      seed,
      databaseUrl: pooler.url,
      roles: ['all'],
      environment: { DATABASE_DIRECT_URL: database.url },
    });
    const { rows } = await sql<{ query: string }>`
      select query from pg_stat_activity where query ilike 'listen%' and datname = ${database.connection.database}`.execute(
      world.parts.db,
    );
    expect(rows.length, 'somebody listens').toBeGreaterThan(0);
    await work(world, { seed, invoices: 6, payments: 3, ratePerSecond: 40 });
    await worked(world);
    await expectEqual(world, { seed, invoices: 6, payments: 3 });
    const config = await loadConfig(
      { dataDir: world.dataDir, databaseUrl: pooler.url, databaseDirectUrl: pooler.url, role: 'worker' },
      {},
    );
    await expect(startService(config, pino({ level: 'silent' }))).rejects.toThrow(
      /DATABASE_DIRECT_URL leads/,
    );
  });

  test('session mode is told apart from transaction mode and from none, and what cannot be set for each session is refused', async () => {
    const log = pino({ level: 'silent' });
    const poolings: string[] = [];
    const look = async (url: string) => {
      const opened = await openDatabase({ url, log });
      poolings.push(opened.pooling);
      await opened.close();
    };
    await look(database.url);
    await database.pool.query(
      `alter database ${database.connection.database} set synchronous_commit = 'off'`,
    );
    pooler = await startPgBouncer(database.connection, 'transaction');
    await expect(look(pooler.url)).rejects.toThrow(/synchronous_commit = off; ml-connector needs on/);
    await pooler.stop();
    await database.pool.query(`alter database ${database.connection.database} set synchronous_commit = 'on'`);
    for (const mode of ['session', 'transaction'] as const) {
      pooler = await startPgBouncer(database.connection, mode);
      await look(pooler.url);
      if (mode === 'session') await pooler.stop();
    }
    expect(poolings).toEqual(['none', 'session', 'transaction']);
  });

  test('in session mode the service carries invoices and is woken as ever', async () => {
    const seed = 79;
    pooler = await startPgBouncer(database.connection, 'session');
    world = await startTestWorld({ seed, databaseUrl: pooler.url });
    await work(world, { seed, invoices: 5, payments: 3, ratePerSecond: 40 });
    await worked(world);
    await expectEqual(world, { seed, invoices: 5, payments: 3 });
  });
});
