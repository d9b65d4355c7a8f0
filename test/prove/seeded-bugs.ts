/** `npm run -s prove:bugs -- --json`: plants every seeded bug in a copy of the product, and says what has seen it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Bug, Check } from './bug.ts';
import { copyTree, tryBug, type Verdict } from './bug-run.ts';
import { type Result, renderTable, rowsIn, tableIn } from './bug-table.ts';
import { BUGS } from './bugs.ts';

const PAGE = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/testing.md');
const AT_ONCE = 2;
/** Of forty, thirty-eight are caught. */
const MOST_MISSED = 2;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    /** Only those whose name has this text in it. */
    only: { type: 'string', default: '' },
    /** Writes what was seen into the documents. */
    page: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '300' },
  },
});
const limitMs = Number.parseInt(values.seconds, 10) * 1000;
const bugs = BUGS.filter(({ name }) => name.includes(values.only));

const tell = (line: string) => process.stderr.write(`${line}\n`);
const stopping = new AbortController();
process.once('SIGINT', () => stopping.abort());

const base = await copyTree();
try {
  const faulty = await judgeChecks();
  const results: Result[] = [];
  await sideBySide(bugs, async (bug) => {
    const verdict: Verdict = faulty.has(JSON.stringify(bug.check))
      ? { end: 'broken', why: 'the check sees something without the bug, too' }
      : await tryBug(base, bug, bug.check, limitMs);
    results.push({ bug, verdict });
    const said = verdict.end === 'seen' ? verdict.seen[0] : verdict.end === 'broken' ? verdict.why : '';
    tell(
      `${results.length}/${bugs.length} ${verdict.end}: ${bug.name}${said ? `\n    ${said.slice(0, 300)}` : ''}`,
    );
  });
  if (values.page) await writePage(results);
  report(results.toSorted((a, b) => bugs.indexOf(a.bug) - bugs.indexOf(b.bug)));
} finally {
  await rm(base, { recursive: true, force: true });
}

/** A check that sees something in the product as it is says nothing about a bug. */
async function judgeChecks(): Promise<Set<string>> {
  const checks = [...new Set(bugs.map(({ check }) => JSON.stringify(check)))];
  const faulty = new Set<string>();
  let done = 0;
  await sideBySide(checks, async (check) => {
    const verdict = await tryBug(base, undefined, JSON.parse(check) as Check, limitMs);
    done += 1;
    if (verdict.end !== 'nothing seen') faulty.add(check);
    const said =
      verdict.end === 'seen' ? verdict.seen.join('; ') : verdict.end === 'broken' ? verdict.why : '';
    tell(
      `check ${done}/${checks.length} without a bug: ${verdict.end} ${check}${said && `\n    ${said.slice(0, 600)}`}`,
    );
  });
  return faulty;
}

async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (stopping.signal.aborted) return;
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function writePage(results: readonly Result[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const table = tableIn(page);
  if (table === undefined) throw new Error('docs/testing.md has no place for the table');
  await writeFile(
    PAGE,
    page.replace(table, () => renderTable(BUGS, results, rowsIn(page))),
  );
}

function report(results: readonly Result[]): void {
  const of = (end: Verdict['end']) => results.filter(({ verdict }) => verdict.end === end);
  const names = (some: readonly { bug: Bug }[]) => some.map(({ bug }) => bug.name);
  const figures = {
    bugs: results.length,
    caught: of('seen').length,
    missed: names([...of('nothing seen'), ...of('broken')]),
  };
  process.stdout.write(`${JSON.stringify(figures, null, values.json ? 0 : 2)}\n`);
  process.exitCode = of('broken').length === 0 && figures.missed.length <= MOST_MISSED ? 0 : 1;
}
