/** `npm run -s prove:kills -- --json`: every kind of step with a kill at every durable step that its scenario reaches. */
import { parseArgs } from 'node:util';
import { STEP_KINDS, type StepKind } from '../../src/core/steps.ts';
import { monotonicMs } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { startProofServer } from '../../src/prove/server.ts';
import { proveKills } from './kill-matrix.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, kinds: { type: 'string' } },
});
const kinds = (values.kinds?.split(',') ?? Object.keys(STEP_KINDS)) as StepKind[];
for (const kind of kinds) if (!(kind in STEP_KINDS)) throw new Error(`There is no kind of step "${kind}".`);

const startedAt = monotonicMs();
const server = await startProofServer(createLog({ level: 'silent', pretty: false }));
try {
  const figures = await proveKills({ server, kinds, tell: (line) => process.stderr.write(`${line}\n`) });
  const good = figures.findings.length === 0;
  const seconds = Math.round((monotonicMs() - startedAt) / 100) / 10;
  process.stdout.write(`${JSON.stringify({ good, ...figures, seconds }, null, values.json ? 0 : 2)}\n`);
  process.exitCode = good ? 0 : 1;
} finally {
  await server.stop();
}
