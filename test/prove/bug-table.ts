/** The table of seeded bugs in docs/testing.md: which, and what has seen it. */

import type { Bug, Check } from './bug.ts';
import type { Verdict } from './bug-run.ts';

export type Result = { bug: Bug; verdict: Verdict };

const HEAD = '| seeded bug | run | seen as |\n|---|---|---|\n';
const TABLE = /\| seeded bug \| run \| seen as \|\n(?:\|.*\|\n)+/;

export function tableIn(page: string): string | undefined {
  return TABLE.exec(page)?.[0];
}

/** Rows of the page's table by the bug's name, in order. */
export function rowsIn(page: string): Map<string, string> {
  const rows = (tableIn(page) ?? '').split('\n').slice(2, -1);
  return new Map(rows.map((row) => [row.split('|')[1]?.trim() ?? '', `${row}\n`]));
}

/** Of bugs that were not tried, what the page has said before stays. */
export function renderTable(
  bugs: readonly Bug[],
  results: readonly Result[],
  before: ReadonlyMap<string, string>,
): string {
  const rows = bugs.map((bug) => {
    const verdict = results.find((result) => result.bug === bug)?.verdict;
    if (!verdict) return before.get(bug.name) ?? '';
    const seen = verdict.end === 'seen' ? kindsOf(verdict.seen) : '**not seen**';
    return `| ${bug.name} | ${told(bug.check)} | ${seen} |\n`;
  });
  return `${HEAD}${rows.join('')}`;
}

function told(check: Check): string {
  switch (check.by) {
    case 'kills':
      return `kills: ${check.kind}${check.at.length > 0 ? `, ${check.at.join(', ')}` : ''}`;
    case 'prove':
      return `prove: ${check.faults.join(', ') || 'no faults'}`;
    case 'unknown':
      return 'unknown outcomes';
    case 'door':
      return 'webhooks while commits fail';
    case 'midst':
      return `an edit ${check.at}`;
    case 'renewal':
      return 'two processes renew a token';
    case 'test':
      return `\`${check.file}\``;
  }
}

/** What a finding is, by its words; the worst first. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['doubled', /\bdoubled\b|too much|copies$/],
  ['lost', /\blost\b|\bmissing\b|no copy/],
  ['wrong', /\bwrong\b|is parked|parked:/],
  ['forged', /forged/],
  ['secret told', /^.*leak: /],
  ['chain broken', /chain of/],
  ['write without intent', /no intent for/],
  ['unsaid', /does not tell|nothing says so/],
  ['two workers at once', /worked twice at once/],
  [
    'never at rest',
    /come to rest|end state|still pending|never came to an end|still waits|unsettled|not reached/,
  ],
  ['test fails', /^test: /],
];

function kindsOf(seen: readonly string[]): string {
  const kinds = KINDS.filter(([, words]) => seen.some((text) => words.test(text))).map(([kind]) => kind);
  return (kinds.length > 0 ? kinds : ['other']).slice(0, 2).join(', ');
}
