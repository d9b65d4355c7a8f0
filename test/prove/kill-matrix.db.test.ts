/** Kills in small: a tenth of them, another one each day; the whole of it is `npm run -s prove:kills`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { type ProofServer, startProofServer } from '../../src/prove/server.ts';
import { proveKills } from './kill-matrix.ts';

const SHARE = 10;
const DAY_MS = 24 * 3_600_000;
const SEED = Number(process.env['SEED'] ?? Math.floor(systemClock.now() / DAY_MS) % SHARE);

let server: ProofServer;
beforeAll(async () => {
  server = await startProofServer(createLog({ level: 'silent', pretty: false }));
}, 60_000);
afterAll(() => server.stop());

test(`I1 I2 I3 a process killed at durable steps of each kind of step leaves nothing lost and nothing doubled (seed ${SEED})`, {
  timeout: 600_000,
}, async () => {
  const figures = await proveKills({ server, share: SHARE, seed: SEED });
  const { findings, ...numbers } = figures;
  process.stderr.write(`${JSON.stringify(numbers)}\n`);
  expect(findings).toEqual([]);
  expect(figures).toMatchObject({ lost: 0, doubled: 0 });
  expect(figures.kills).toBeGreaterThan(60);
});
