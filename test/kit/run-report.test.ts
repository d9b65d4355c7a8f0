/** Guarantee: a run that skipped what it should not, or judged nothing, is found out. */
import { expect, test } from 'vitest';
import type { Skip } from '../skips.ts';
import { countsOf, problemsOf, type Report, type Run } from './run-report.ts';

const FILE = '/somewhere/clone/src/a.test.ts';
const SKIP: Skip = { file: 'src/a.test.ts', name: 'needs a browser', needs: 'Chromium', reason: 'none' };

function reportOf(...results: [fullName: string, status: string][]): Report {
  return {
    numPassedTests: results.filter(([, status]) => status === 'passed').length,
    numFailedTests: results.filter(([, status]) => status === 'failed').length,
    testResults: [
      { name: FILE, assertionResults: results.map(([fullName, status]) => ({ fullName, status })) },
    ],
  };
}

const judged = (document: 'ours' | 'official', count = 9, violations = 0) => ({
  document,
  requestsChecked: count,
  answersChecked: count,
  violations,
});
const good: Run = {
  reports: [reportOf(['works', 'passed'], ['needs a browser: opens', 'skipped'])],
  contract: [judged('ours')],
  skips: [SKIP],
  machineHas: () => false,
};
const problems = (change: Partial<Run>) => problemsOf({ ...good, ...change });

test('a run with skips that are listed, on a machine without what they need, is in order', () => {
  expect(problems({})).toEqual([]);
  expect(countsOf(good.reports)).toBe('1 passed, 0 failed, 1 skipped');
  expect(countsOf([reportOf(['a', 'passed'], ['b', 'failed']), reportOf(['c', 'passed'])])).toBe(
    '2 passed, 1 failed',
  );
});

test('a skip that is not listed is a problem, by its name and by its file', () => {
  const reports = [reportOf(['works', 'passed'], ['another one', 'skipped'], ['later', 'todo'])];
  expect(problems({ reports })).toEqual([
    `Skipped, and not in test/skips.ts: another one (${FILE})`,
    `Skipped, and not in test/skips.ts: later (${FILE})`,
  ]);
  expect(problems({ skips: [{ ...SKIP, file: 'src/b.test.ts' }] })).toHaveLength(1);
});

test('a listed skip is a problem where the machine has what it needs', () => {
  expect(problems({ machineHas: (need) => need === 'Chromium' })).toEqual([
    `Skipped for want of Chromium, which is here: needs a browser: opens (${FILE})`,
  ]);
});

test('a run without an exchange judged is a problem, for each document that is at hand', () => {
  const none = (document: string) => `No exchange was judged by the document called ${document}.`;
  const isAtHand = (need: string) => need === 'the official OpenAPI core';
  expect(problems({ contract: [] })).toEqual([none('ours')]);
  expect(problems({ contract: [judged('ours', 0)] })).toEqual([none('ours')]);
  expect(problems({ machineHas: isAtHand })).toEqual([none('official')]);
  expect(problems({ machineHas: isAtHand, contract: [judged('ours'), judged('official', 0)] })).toEqual([
    none('official'),
  ]);
  expect(problems({ machineHas: isAtHand, contract: [judged('ours'), judged('official')] })).toEqual([]);
});

test('violations and a report without a test that passed are problems', () => {
  expect(problems({ contract: [judged('ours', 9, 2)] })).toEqual([
    '2 violations of the document called ours.',
  ]);
  expect(problems({ reports: [...good.reports, reportOf()] })).toEqual([
    'Report 2 tells of no test that passed.',
  ]);
});
