/** House rules as tests: what no tool checks, and what a reader relies on. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { destinations, sources } from '../src/connectors/index.ts';
import { SKIPS } from './skips.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Made by tools here and there, and no part of a clone: `web/dist/`. */
const GENERATED = readFileSync(join(ROOT, '.gitignore'), 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('/'))
  .map((line) => line.slice(0, -1));
const NOT_OURS = new Set(['.git', ...GENERATED]);
const CODE = /\.(ts|tsx|js|cjs|sql)$/;
const TEST_CODE = /\.test\.ts$|\/test-[a-z-]+\.ts$/;
const MOST_LINES = 400;
/** A test file tells one story; splitting it would only scatter its set-up. */
const MOST_LINES_OF_TESTS = 600;
/** Longer for a reason; the reason is the value. */
const LONGER: Readonly<Record<string, string>> = {
  'src/api/contract-verbs.ts': 'one table of all verbs',
  'src/core/ports.ts': 'all that a connector is asked for, in one place',
  'src/store/schema.ts': 'written from the migrations',
};

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [relative(ROOT, path)] : [];
  });
}

const files = walk(ROOT);
const code = files.filter((file) => CODE.test(file));
const tests = files.filter((file) => file.endsWith('.test.ts'));
const documents = files.filter((file) => file.endsWith('.md'));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const linesOf = (file: string) => read(file).trimEnd().split('\n').length;
const inSource = (file: string) => file.startsWith('src/');

test('the files of the whole project are looked at', () => {
  expect(code.length).toBeGreaterThan(200);
  expect(tests.length).toBeGreaterThan(20);
});

describe('code', () => {
  test('every file opens with a comment that says in a sentence what it is for', () => {
    const opening = /^(?:#!.*\n)?(?:\/\*\*\s+([^]*?)\s*\*\/|((?:(?:\/\/|--) .+\n)+))/;
    const bad = code.filter((file) => {
      const [, block, lines] = opening.exec(read(file)) ?? [];
      const text = (block ?? lines ?? '').replaceAll(/\s*\n\s*(?:\*|\/\/|--)\s*/g, ' ').trim();
      return !/^\W*\w.{10,}[.:;?!)…]$/s.test(text);
    });
    expect(bad).toEqual([]);
  });

  test('a vendor is named in its own folder and in the registry only', () => {
    const vendors = [...sources, ...destinations].map(({ id }) => id);
    expect(vendors.length).toBeGreaterThan(1);
    const named = new RegExp(vendors.join('|'), 'i');
    const allowed = /^src\/connectors\//;
    const bad = [...code, ...files.filter((file) => file.startsWith('web/'))].filter(
      (file) =>
        (inSource(file) || file.startsWith('web/') || file.startsWith('migrations/')) &&
        !allowed.test(file) &&
        !TEST_CODE.test(file) &&
        named.test(read(file)),
    );
    expect(bad).toEqual([]);
  });

  test(`no file under src has more than ${MOST_LINES} lines, ${MOST_LINES_OF_TESTS} with tests, besides known ones with a reason`, () => {
    const most = (file: string) => (TEST_CODE.test(file) ? MOST_LINES_OF_TESTS : MOST_LINES);
    const long = code.filter((file) => inSource(file) && linesOf(file) > most(file));
    expect(long.filter((file) => LONGER[file] === undefined)).toEqual([]);
    expect(Object.keys(LONGER).filter((file) => !long.includes(file))).toEqual([]);
  });

  test('no enums, and default exports only where a tool asks for one', () => {
    const bad = code.filter(
      (file) =>
        /^(export )?(const |declare )?enum /m.test(read(file)) ||
        (/^export default/m.test(read(file)) && !file.endsWith('.config.ts')),
    );
    expect(bad).toEqual([]);
  });

  test('nobody but the clock asks the machine for the time', () => {
    const ambient = /\bnew Date\(\)|\bDate\.now\(|\bTemporal\.Now\b/;
    const bad = code.filter(
      (file) =>
        inSource(file) &&
        file !== 'src/platform/clock.ts' &&
        !TEST_CODE.test(file) &&
        ambient.test(read(file)),
    );
    expect(bad).toEqual([]);
  });

  test('migrations are numbered without a gap', () => {
    const numbers = readdirSync(join(ROOT, 'migrations'))
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => Number.parseInt(name.slice(0, 4), 10));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBeGreaterThan(0);
  });
});

describe('tests', () => {
  test('none is switched off, postponed or run alone', () => {
    const off = /\b(?:it|test|describe|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/;
    expect(tests.filter((file) => off.test(read(file)))).toEqual([]);
  });

  test('every one that some machines skip is listed with its reason, and nothing else is listed', () => {
    const conditional = /\.(?:skipIf|runIf)\(|\b(?:context|about)\.skip\(/;
    const skipping = tests.filter((file) => file !== 'test/tidy.test.ts' && conditional.test(read(file)));
    expect([...new Set(SKIPS.map(({ file }) => file))].sort()).toEqual(skipping.toSorted());
    expect(SKIPS.filter(({ file, name }) => !read(file).includes(name))).toEqual([]);
    expect(SKIPS.filter(({ reason }) => reason === '')).toEqual([]);
  });

  test('every invariant is cited by the title of a test', () => {
    const cited = new Set<string>();
    const title = /\b(?:it|test|describe)(?:\.\w+)*(?:\([^'"`]*\))?\(\s*(['"`])((?:(?!\1)[^])*)\1/g;
    for (const file of tests.filter((name) => name !== 'test/tidy.test.ts')) {
      for (const [, , text = ''] of read(file).matchAll(title)) {
        for (const [id] of text.matchAll(/\bI(?:10|[1-9])\b/g)) cited.add(id);
      }
    }
    const all = [...read('ARCHITECTURE.md').matchAll(/^\| (I\d+) \|/gm)].map(([, id]) => id ?? '');
    expect(all).toEqual(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10']);
    expect(all.filter((id) => !cited.has(id))).toEqual([]);
  });
});

describe('documents', () => {
  test('README and ARCHITECTURE stay short', () => {
    expect(linesOf('README.md')).toBeLessThanOrEqual(150);
    expect(linesOf('ARCHITECTURE.md')).toBeLessThanOrEqual(250);
  });

  test('README has the two lines for a machine that has nothing', () => {
    const lines = read('README.md').split('\n');
    expect(lines).toEqual(expect.arrayContaining(['npm ci && npm run demo', 'npm ci && npm test']));
  });

  test('every path they cite exists, or is made by a tool as .gitignore says', () => {
    const exists = (path: string) =>
      GENERATED.includes(path) || statSync(join(ROOT, path), { throwIfNoEntry: false }) !== undefined;
    const bad = documents.flatMap((file) => {
      const text = read(file);
      const cited = [...text.matchAll(/`((?:src|test|web|docs|migrations|bench|bin|\.ci)\/[^`\s:]*)`/g)].map(
        ([, path]) => path ?? '',
      );
      const linked = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, path]) =>
        join(file, '..', path ?? ''),
      );
      return [...cited, ...linked]
        .filter((path) => !/[*<>{}…]/.test(path) && !exists(path))
        .map((path) => `${file}: ${path}`);
    });
    expect(bad).toEqual([]);
  });

  test('every npm script they name exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const bad = documents.flatMap((file) =>
      [...read(file).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)]
        .map(([, name]) => name ?? '')
        .filter((name) => scripts[name] === undefined)
        .map((name) => `${file}: ${name}`),
    );
    expect(bad).toEqual([]);
  });

  test('every dependency has its reason in the decision on libraries', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const names = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );
    const text = read('docs/decisions/0006-libraries.md');
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('package', () => {
  test('versions are exact', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const bad = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}).filter(
        ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
      ),
    );
    expect(bad).toEqual([]);
  });

  test('nothing names the machine it was written on or a private registry', () => {
    // Put together here, so that this file does not find itself.
    const folders = ['work', 'root', 'home'].map((name) => `/${name}/[a-z]`);
    const machine = new RegExp([...folders, ['"resol', 'ved":'].join('')].join('|'));
    const text = files.filter((file) => !/\.(png|ico|woff2?|gz|br)$/.test(file));
    expect(text.filter((file) => machine.test(read(file)))).toEqual([]);
  });
});
