/** One seeded bug: a patched copy of the product's sources, and what the check says of it in a process of its own. */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bug, Check, Edit } from './bug.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** All that a check needs besides installed packages. */
const COPIED = [
  'src',
  'test',
  'migrations',
  'package.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'vitest.config.ts',
];

/** `broken`: the check itself could not judge. */
export type Verdict =
  | { end: 'seen'; seen: string[] }
  | { end: 'nothing seen' }
  | { end: 'broken'; why: string };

/** A copy of the working tree as it is now; later copies are made of it, whatever happens to the tree. */
export async function copyTree(from = ROOT): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ml-connector-bug-'));
  for (const name of COPIED) await cp(join(from, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

export function countText(content: string, { text }: Edit): number {
  return content.split(text).length - 1;
}

/** Throws when a text is not there exactly once: the list is older than the product. */
async function patch(folder: string, { name, edits }: Bug): Promise<void> {
  for (const edit of edits) {
    const path = join(folder, edit.file);
    const content = await readFile(path, 'utf8');
    const found = countText(content, edit);
    if (found !== 1) throw new Error(`"${name}": its text stands ${found} times in ${edit.file}`);
    await writeFile(
      path,
      content.replace(edit.text, () => edit.instead),
    );
  }
}

/** Without a bug: what the check says of the product as it is. */
export async function tryBug(
  base: string,
  bug: Bug | undefined,
  check: Check,
  limitMs: number,
): Promise<Verdict> {
  const folder = await copyTree(base);
  try {
    if (bug) await patch(folder, bug);
    return await runCheck(folder, check, limitMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runCheck(folder: string, check: Check, limitMs: number): Promise<Verdict> {
  switch (check.by) {
    case 'unknown': {
      const args = ['test/prove/unknown.ts', '--json', '--count', String(check.count)];
      return readUnknown(await run(folder, args, limitMs));
    }
    case 'test':
      return runTest(folder, check, limitMs);
    default: {
      const ended = await run(folder, ['test/prove/bug-check.ts', JSON.stringify(check)], limitMs);
      // It ends without the bug: what goes on for ever with it is no verdict of the check, but a finding all the same.
      if (ended.isLate) return { end: 'seen', seen: [`the work does not come to rest: ${ended.why}`] };
      const { seen } = (readLastJson(ended.output) ?? {}) as { seen?: string[] };
      if (seen === undefined) return { end: 'broken', why: ended.why };
      return seen.length > 0 ? { end: 'seen', seen } : { end: 'nothing seen' };
    }
  }
}

function readUnknown({ output, why }: Ended): Verdict {
  type Figures = Record<'doubled' | 'lost' | 'wrong' | 'unsettled', number> & { findings: { why: string }[] };
  const figures = readLastJson(output) as Figures | undefined;
  if (!figures) return { end: 'broken', why };
  const { doubled, lost, wrong, unsettled, findings } = figures;
  if (doubled + lost + wrong + unsettled === 0) return { end: 'nothing seen' };
  return { end: 'seen', seen: [...new Set(findings.map((finding) => finding.why))].slice(0, 5) };
}

type VitestReport = {
  numPassedTests: number;
  testResults: { assertionResults: { title: string; status: string }[] }[];
};

async function runTest(
  folder: string,
  { project, file, name }: Extract<Check, { by: 'test' }>,
  limitMs: number,
): Promise<Verdict> {
  const outputFile = join(folder, 'results.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--project', project, '--reporter=json', `--outputFile=${outputFile}`];
  const ended = await run(folder, [vitest, ...args, file, '-t', name], limitMs);
  const report = readLastJson(await readFile(outputFile, 'utf8').catch(() => '')) as VitestReport | undefined;
  const results = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? [];
  const failed = results.filter(({ status }) => status === 'failed').map(({ title }) => `test: ${title}`);
  if (failed.length > 0) return { end: 'seen', seen: failed.slice(0, 5) };
  return (report?.numPassedTests ?? 0) > 0
    ? { end: 'nothing seen' }
    : { end: 'broken', why: `no test ran: ${ended.why}` };
}

type Ended = { output: string; why: string; isLate: boolean };

function run(folder: string, args: readonly string[], limitMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    // A group of its own, so that nothing that it has started outlives the limit.
    const child = spawn(process.execPath, args, { cwd: folder, detached: true });
    let output = '';
    let errors = '';
    let isLate = false;
    child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (errors = (errors + chunk.toString()).slice(-600)));
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, limitMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      const why = isLate ? `not over after ${limitMs / 1000} s` : `exit code ${code}: ${errors.trim()}`;
      resolve({ output, why, isLate });
    });
  });
}

function readLastJson(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}
