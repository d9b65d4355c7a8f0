/** Where every request comes through one proxy that is not trusted, ping and status say so, in every process. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFakeParts } from '../../src/api/fake/parts.ts';
import { createApiServer } from '../../src/api/server.ts';
import { ping } from '../../src/operations/ping.ts';
import { watchProxies } from '../../src/operations/proxy-hint.ts';
import { status } from '../../src/operations/status.ts';
import type { DB } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../kit/database.ts';
import { ADMIN, createEngineKit, type EngineKit } from '../kit/engine.ts';

const PROXY = '10.0.0.5';
const FORWARDED = { 'x-forwarded-for': '203.0.113.7' };

let database: TestDatabase<DB>;
let kit: EngineKit;

beforeAll(async () => {
  database = await createTestDatabase<DB>();
  kit = await createEngineKit(database);
});
afterAll(() => database.drop());

async function asked(
  requests: { from: string; headers?: Record<string, string>; url?: string }[],
  trustedProxies?: string[],
): Promise<void> {
  const app = await createApiServer(createFakeParts({ proxies: watchProxies(kit.parts), trustedProxies }));
  for (const { from, headers = {}, url = '/api/v1/session' } of requests)
    await app.inject({ url, headers, remoteAddress: from });
  await app.close();
}

/** As the commands ask, which are processes of their own. */
async function hints(): Promise<string[]> {
  const command = kit.another('command');
  const report = await ping(command, ADMIN, { connection: kit.connectionId });
  expect((await status(command, ADMIN)).hints).toEqual(report.hints);
  return report.hints;
}

const many = (request: { from: string; headers?: Record<string, string>; url?: string }) =>
  Array.from({ length: 30 }, () => request);

test.each([
  ['X-Forwarded-For', FORWARDED],
  ['Forwarded', { forwarded: 'for=203.0.113.7' }],
])('%s from one untrusted proxy is told with its address and the setting', async (_, headers) => {
  await asked([...many({ from: PROXY, headers }), ...many({ from: '127.0.0.1', url: '/healthz' })]);
  await expect.poll(hints).toEqual([expect.stringMatching(/10\.0\.0\.5.*ML_TRUSTED_PROXIES=10\.0\.0\.5/)]);
});

test('what an earlier process has told is taken back once the proxy is trusted', async () => {
  await asked(many({ from: PROXY, headers: FORWARDED }));
  await expect.poll(hints).toHaveLength(1);
  await asked(many({ from: PROXY, headers: FORWARDED }), [PROXY]);
  await expect.poll(hints).toEqual([]);
});

test('nothing is told where people come directly, with or without a header of their own making', async () => {
  await asked([...many({ from: '198.51.100.9' }), ...many({ from: '198.51.100.8', headers: FORWARDED })]);
  await expect.poll(hints).toEqual([]);
});

test('it is forgotten after a day', async () => {
  await asked(many({ from: PROXY, headers: FORWARDED }));
  await expect.poll(hints).toHaveLength(1);
  await kit.clock.advance(25 * 3_600_000);
  expect(await hints()).toEqual([]);
});
