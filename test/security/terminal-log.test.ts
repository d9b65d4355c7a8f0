/** The log for people at a terminal: what others wrote is words in it, and no line is forged. */
import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';

const LOG = new URL('../../src/platform/log.ts', import.meta.url).href;
const ESC = '\u001b';
/** Clears the screen, sets the title, hides what follows, turns its direction, and forges a line of ours. */
const HOSTILE = `Eve${ESC}[2J${ESC}]0;owned\u0007${ESC}[8m\u009b31m\u202egnp\r\n[12:00:00] INFO: paid`;
/** Besides the colours that the printer of the log uses itself. */
const COMMAND = new RegExp(
  `[\\0-\\t\\v-\\x1A\\x1C-\\x1F\\x7F-\\x9F\\u202A-\\u202E\\u2066-\\u2069]|${ESC}(?!\\[[0-9]{1,2}m)`,
  'u',
);

function logged(pretty: boolean): string {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    const hostile = ${JSON.stringify(HOSTILE)};
    const log = createLog({ level: 'info', pretty: ${pretty} });
    log.info({ client: hostile, [hostile]: { deep: [hostile] } }, 'met ' + hostile);
    log.warn({ err: new Error('told ' + hostile, { cause: new Error(hostile) }) }, hostile);
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    // What records exchanges of other tests has nothing to do here.
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

let logs: { people: string; machines: string };

beforeAll(() => {
  logs = { people: logged(true), machines: logged(false) };
});

test.each(['people', 'machines'] as const)(
  'the log for %s carries no terminal command, and no line that others wrote',
  (readers) => {
    const text = logs[readers];
    expect(text).toContain('Eve');
    expect(text).toContain('told');
    expect(COMMAND.exec(text)).toBeNull();
    expect(text.split('\n').filter((line) => line.startsWith('[12:00:00]'))).toEqual([]);
  },
);

test('a log line for machines stays what it was', () => {
  const [line = ''] = logs.machines.split('\n');
  expect(JSON.parse(line)).toMatchObject({ client: HOSTILE, msg: `met ${HOSTILE}` });
});

test('the log for people still shows a stack line by line', () => {
  expect(logs.people.split('\n').filter((line) => /^\s+at /.test(line)).length).toBeGreaterThan(0);
});
