/** `npm run check:run`: reads the reports of a run (Vitest's JSON, the contract's figures), and fails on what they hide. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machineHas } from './kit/machine.ts';
import { countsOf, problemsOf, type Report, type Run } from './kit/run-report.ts';
import { SKIPS } from './skips.ts';

const { values, positionals } = parseArgs({
  options: { contract: { type: 'string', default: '' } },
  allowPositionals: true,
});

function read<T>(file: string, without: T): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    console.error(`There is no readable report in ${file}: ${String(error)}`);
    process.exitCode = 1;
    return without;
  }
}

const EMPTY: Report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
const reports = positionals.map((file) => read(file, EMPTY));
const contract = read<Run['contract']>(values.contract, []);
const problems = problemsOf({ reports, contract, skips: SKIPS, machineHas });
for (const problem of problems) console.error(problem);
if (problems.length > 0 || reports.length === 0) process.exitCode = 1;
for (const { document, requestsChecked, answersChecked } of contract)
  console.log(
    `judged by the document called ${document}: ${requestsChecked} requests, ${answersChecked} answers`,
  );
console.log(countsOf(reports));
