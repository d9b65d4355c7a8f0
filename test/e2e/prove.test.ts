/** A short proof, so that `prove` cannot rot: two seeds with all faults mixed, and each class of faults alone once (I1-I5, I8, I9). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { FAULT_NAMES, type FaultName } from '../../src/prove/fault-class.ts';
import { runNaive } from '../../src/prove/naive.ts';
import { runSeed } from '../../src/prove/run-seed.ts';
import { type ProofServer, startProofServer } from '../../src/prove/server.ts';

let server: ProofServer;
beforeAll(async () => void (server = await startProofServer(createLog({ level: 'silent', pretty: false }))));
afterAll(() => server.stop());

async function provedBy(seed: number, acts: number, faults: readonly FaultName[]) {
  const verdict = await runSeed({ seed, acts, faults, server });
  const { lost, doubled, wrong, broken } = verdict;
  expect({ seed, lost, doubled, wrong, broken }).toEqual({
    seed,
    lost: [],
    doubled: [],
    wrong: [],
    broken: [],
  });
  expect(verdict.documents).toBeGreaterThan(0);
  return Object.values(verdict.faults).reduce((sum, count) => sum + count, 0);
}

test.each([1001, 1002])(
  'I1 I2 seed %i: under all faults mixed nothing is lost, doubled or wrong',
  async (seed) => {
    expect(await provedBy(seed, 24, FAULT_NAMES)).toBeGreaterThan(0);
  },
);

test.each(FAULT_NAMES)(
  'I1 I2 nothing is lost, doubled or wrong under faults of the class %s',
  async (name) => {
    await provedBy(1100 + FAULT_NAMES.indexOf(name), 8, [name]);
  },
);

test('a naive flow on a calm day is right about what nobody changes: only the faults tell it from the connector', async () => {
  const { lost, doubled, wrong, documents } = await runNaive({ seed: 1002, acts: 40, faults: [] });
  expect(documents).toBeGreaterThan(0);
  expect({ lost, doubled, wrong }).toEqual({ lost: [], doubled: [], wrong: [] });
});
