/** Runs the tests of the lifecycle and says of each row whether it is proved, parked or missing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderPage } from './page.ts';
import { ROWS } from './rows.ts';
import { idsOf, type Standing, type TestResult, toStandings } from './standing.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, page: { type: 'boolean' } },
});
if (values.page === true) writeFileSync(join(ROOT, 'docs/lifecycle.md'), renderPage());
else report(values.json === true);

function report(asJson: boolean): void {
  const results = runTests();
  const known = new Set(ROWS.map(({ id }) => id));
  const rows = toStandings(ROWS, results);
  const count = (state: Standing['state']) => rows.filter((row) => row.state === state).length;
  const failed = results.filter(({ passed }) => !passed).map(({ name }) => name);
  const strays = results.filter(({ name }) => !idsOf(name).ids.every((id) => known.has(id)));
  const counts = { proved: count('proved'), parked: count('parked'), missing: count('missing') };
  if (asJson) console.log(JSON.stringify({ rows, ...counts, tests: results.length, failed }, null, 2));
  else printTable(rows, counts, failed);
  for (const { name } of strays) console.error(`no such row: ${name}`);
  if (counts.missing > 0 || failed.length > 0 || strays.length > 0) process.exitCode = 1;
}

type VitestReport = {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { title: string; status: string }[];
  }[];
};

function runTests(): TestResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'lifecycle-'));
  const outputFile = join(folder, 'results.json');
  try {
    const args = [
      'run',
      '--project',
      'database',
      '--reporter=json',
      `--outputFile=${outputFile}`,
      '--testTimeout=120000',
      '--hookTimeout=120000',
    ];
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const run = spawnSync(process.execPath, [vitest, ...args, 'test/lifecycle'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8')) as VitestReport;
    const results = testResults.flatMap(({ name, status, assertionResults }) => {
      const file = relative(ROOT, name);
      const tests = assertionResults.map((test) => ({
        name: test.title,
        file,
        passed: test.status === 'passed',
      }));
      // A file that could not be loaded, or whose set-up failed, has no tests that say so.
      const isSilent = status !== 'passed' && tests.every(({ passed }) => passed);
      return isSilent ? [...tests, { name: `(${file})`, file, passed: false }] : tests;
    });
    if (run.status !== 0 && results.every(({ passed }) => passed))
      results.push({ name: '(an error outside of all tests)', file: '', passed: false });
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function printTable(rows: readonly Standing[], counts: Record<string, number>, failed: string[]): void {
  for (const { id, state, tests } of rows) {
    const [first = '', ...others] = tests;
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    console.log(`${id.padEnd(4)} ${state.padEnd(8)} ${first}${more}`);
  }
  console.log(
    `\n${Object.entries(counts)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')}`,
  );
  for (const name of failed) console.log(`failed: ${name}`);
}
