/** How a failed command is told: what is wrong on lines of its own, and none that somebody else has written. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../config.ts';
import { UsageError } from '../core/errors.ts';
import { tellFailure } from './output.ts';

let out: string;
let aside: string;
beforeEach(() => {
  [out, aside] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((aside += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const wrongConfig = () =>
  loadConfig(
    {},
    {
      ML_PORT: 'nonsense\nready: true',
      ML_LANES: '999',
      ML_METRICS_TOKEN: 'short',
      ML_TRUSTED_PROXIES: '10.0.0.7, the proxy',
    },
  ).catch((error: unknown) => error);

test('each fault of a configuration has a line of its own for people, and JSON stays one line', async () => {
  const error = await wrongConfig();
  expect(tellFailure(error, false)).toBe(2);
  const lines = aside.split('\n').map((line) => line.trim());
  for (const name of ['ML_PORT', 'ML_LANES', 'ML_METRICS_TOKEN', 'ML_TRUSTED_PROXIES'])
    expect(lines.filter((line) => line.startsWith(`${name}: `))).toHaveLength(1);
  expect(lines).toHaveLength(7);
  tellFailure(error, true);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(out)).toMatchObject({ error: { message: expect.stringContaining('ML_LANES') } });
});

test('what somebody else wrote into an error makes no line and no command of the terminal', () => {
  tellFailure(new UsageError(['Two things:', '  first\nready: true', '  \u001b[2Jsecond']), false);
  tellFailure(new Error('vendor said\nready: true\n    at \u001b[2Jevil'), false);
  tellFailure(new UsageError('No answer: <html>\nready: true'), false);
  expect(aside.split('\n').filter((line) => line.startsWith('ready'))).toEqual([]);
  expect(aside).not.toContain('\u001b[2J');
  expect(aside).toContain('\n  first ready: true\n');
  expect(aside).toContain('    at ');
});

test.each([
  ['10.0.0.7', true],
  ['10.1.0.0/16, fd00::/8,', true],
  ['10.1.0.0/255.255.0.0', true],
  ['loopback', true],
  ['10.1.0.0/33', false],
  ['10.1.0.0/0', false],
  ['*', false],
  ['true', false],
  ['proxy.internal', false],
])('ML_TRUSTED_PROXIES=%s is a proxy that the server can know: %s', async (text, fits) => {
  const told = await loadConfig({}, { ML_TRUSTED_PROXIES: text }).then(
    () => true,
    (error: unknown) => !(error instanceof UsageError),
  );
  expect(told).toBe(fits);
});
