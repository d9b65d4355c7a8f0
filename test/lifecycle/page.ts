/** The rows as the page docs/lifecycle.md. */
import { ROWS, SECTIONS } from './rows.ts';

const OPENING = `# The lifecycle of money

What users do in the source, and what must then hold in the destination: ${ROWS.length} rows, each a guarantee. A test under
\`test/lifecycle\` that proves a row has the row's id at the beginning of its name and acts on both simulated systems over
HTTP: as a user on one side, reading the other side's own ledger at the end.

\`npm run -s lifecycle\` runs them and says of each row whether it is *proved*, *parked* (its tests show that a person is
asked, for a clear reason, and the row allows that) or *missing*; \`-- --json\` says it for machines.

This page is written from \`test/lifecycle/rows.ts\` by \`node test/lifecycle/report.ts --page\`; a test keeps both equal.
`;

export function renderPage(): string {
  const sections = SECTIONS.map(({ title, rows }) => {
    const lines = rows.map(
      ({ id, case: what, holds, mayPark = '' }) => `| ${id} | ${what} | ${holds} | ${mayPark} |`,
    );
    return `## ${title}\n\n| id | what happens | what holds | may ask a person |\n|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return [OPENING, ...sections].join('\n');
}
