/** What has to hold of a whole run besides that no test failed: nothing skipped without a reason, exchanges judged. */
import type { ContractFigures } from '../contract/tally.ts';
import type { Need, Skip } from '../skips.ts';

/** The part of Vitest's JSON report that is looked at. */
export type Report = {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; assertionResults: { fullName: string; status: string }[] }[];
};

export type Run = {
  reports: readonly Report[];
  contract: readonly Pick<
    ContractFigures,
    'document' | 'requestsChecked' | 'answersChecked' | 'violations'
  >[];
  skips: readonly Skip[];
  machineHas(need: Need): boolean;
};

/** In sentences; none if all is well. */
export function problemsOf({ reports, contract, skips, machineHas }: Run): string[] {
  const problems = reports.flatMap((report, index) =>
    report.numPassedTests === 0 ? [`Report ${index + 1} tells of no test that passed.`] : [],
  );
  for (const { file, name } of reports.flatMap(skippedOf)) {
    const skip = skips.find((one) => file.endsWith(`/${one.file}`) && name.startsWith(one.name));
    if (skip === undefined) problems.push(`Skipped, and not in test/skips.ts: ${name} (${file})`);
    else if (machineHas(skip.needs))
      problems.push(`Skipped for want of ${skip.needs}, which is here: ${name} (${file})`);
  }
  const wanted = ['ours', ...(machineHas('the official OpenAPI core') ? ['official'] : [])];
  for (const document of wanted) {
    const figures = contract.find((one) => one.document === document);
    if (figures === undefined || figures.requestsChecked === 0 || figures.answersChecked === 0)
      problems.push(`No exchange was judged by the document called ${document}.`);
    else if (figures.violations > 0)
      problems.push(`${figures.violations} violations of the document called ${document}.`);
  }
  return problems;
}

function skippedOf({ testResults }: Report): { file: string; name: string }[] {
  return testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => ({ file, name: fullName })),
  );
}

/** "1450 passed, 0 failed, 3 skipped". */
export function countsOf(reports: readonly Report[]): string {
  const sum = (count: (report: Report) => number) => reports.reduce((all, one) => all + count(one), 0);
  const skipped = sum((report) => skippedOf(report).length);
  const counts = `${sum((one) => one.numPassedTests)} passed, ${sum((one) => one.numFailedTests)} failed`;
  return skipped === 0 ? counts : `${counts}, ${skipped} skipped`;
}
