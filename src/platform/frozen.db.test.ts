/** Packets that vanish: a connection that has fallen silent is given up, together with those that froze with it. */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bridge, startBridge } from '../../test/kit/bridge.ts';
import { createTestDatabase, type TestDatabase } from '../../test/kit/database.ts';
import type { DB } from '../store/schema.ts';
import { type Database, isConnectionLoss, openDatabase } from './database.ts';
import { createSilence, type Silence, withPatience } from './database-client.ts';

const SILENCE_MS = 400;

let database: TestDatabase<DB>;
let bridge: Bridge;
let silence: Silence;
let silent: number;
let lines: string[];
let opened: Database<DB>;
beforeAll(async () => {
  database = await createTestDatabase<DB>();
});
afterAll(() => database.drop());
beforeEach(async () => {
  bridge = await startBridge(database.connection);
  [silent, lines] = [0, []];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  silence = createSilence({ log, onSilent: () => (silent += 1), silenceMs: SILENCE_MS });
  opened = await openDatabase<DB>({ url: bridge.url, log, silence, max: 6 });
});
afterEach(async () => {
  await opened.close();
  await bridge.close();
});

const ask = () => opened.pool.query('select 1');

test('statements on frozen connections fail as a lost database, and the next ones get new connections at once', async () => {
  await Promise.all(Array.from({ length: 5 }, ask));
  expect(bridge.freeze()).toBeGreaterThanOrEqual(5);
  const began = performance.now();
  const failed = await Promise.all(
    [1, 2].map(() =>
      ask().then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );
  expect(failed.every(isConnectionLoss)).toBe(true);
  // The three that nobody has used since are gone with them.
  await Promise.all(Array.from({ length: 5 }, ask));
  expect(performance.now() - began).toBeLessThan(SILENCE_MS * 4);
  expect(silent).toBeGreaterThan(0);
  expect(lines.some((line) => line.includes('has not answered a statement in time'))).toBe(true);
});

test('a transaction on a frozen connection ends, and the server ends its own side of it', async () => {
  const { rows } =
    await opened.pool.query(`select current_setting('idle_in_transaction_session_timeout') as idle,
    current_setting('tcp_user_timeout') as user_timeout, current_setting('tcp_keepalives_idle') as keep, current_setting('statement_timeout') as statement`);
  expect(rows).toEqual([
    { idle: '20s', user_timeout: expect.any(String), keep: expect.any(String), statement: '2min' },
  ]);
  const ended = opened.db.transaction().execute(async (tx) => {
    await tx.selectFrom('lanes').selectAll().execute();
    bridge.freeze();
    await tx.selectFrom('lanes').selectAll().execute();
  });
  expect(await ended.then(() => undefined, isConnectionLoss)).toBe(true);
  await ask();
});

test('a slow statement is waited for where somebody says so, and only there', async () => {
  const slow = () => opened.pool.query(`select pg_sleep(${(SILENCE_MS * 2) / 1000})`);
  await expect(withPatience(5_000, slow)).resolves.toBeDefined();
  expect(isConnectionLoss(await slow().catch((error: unknown) => error))).toBe(true);
});

test('closing does not wait for frozen connections, and a stop hurries those that wait', async () => {
  await Promise.all(Array.from({ length: 3 }, ask));
  bridge.freeze();
  const began = performance.now();
  const waiting = withPatience(60_000, ask).catch((error: unknown) => error);
  silence.hurry();
  await opened.close();
  expect(isConnectionLoss(await waiting)).toBe(true);
  expect(performance.now() - began).toBeLessThan(6_000);
});
