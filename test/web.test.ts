/** What the dashboard works out by itself: the difference of two revisions, and a call as a command. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parsedBody, toCall, toCurl } from '../web/src/calls.ts';
import { diffOf } from '../web/src/diff.ts';
import { formatAmount, formatDuration } from '../web/src/format.ts';

describe('the difference of two revisions', () => {
  test('names each place once, with what stood and what stands there', () => {
    const before = { number: '1', lines: [{ qty: '1' }, { qty: '2' }], note: null };
    const after = { number: '1', lines: [{ qty: '3' }], note: null, sent: true };
    expect(diffOf(before, after)).toEqual([
      { path: 'lines[0].qty', before: '1', after: '3' },
      { path: 'lines[1].qty', before: '2', after: undefined },
      { path: 'sent', before: undefined, after: 'true' },
    ]);
  });

  test('of equal ones is nothing', () => {
    expect(diffOf({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toEqual([]);
  });
});

describe('a call as a command', () => {
  const call = {
    method: 'POST',
    url: 'https://api.example.com/v1/invoices?a=1&b=2',
    requestHeaders: { authorization: '[redacted]', 'x-odd': "it's $HOME" },
    requestBody: '{"note":"it\'s `here`"}',
    status: 200,
    durationMs: 12,
  };

  test('means to a shell exactly what was sent', () => {
    const command = toCurl(toCall(call) as NonNullable<ReturnType<typeof toCall>>);
    const words = execFileSync('sh', [
      '-c',
      `for word in ${command.replace(/^curl /, '')}; do printf '%s\\n' "$word"; done`,
    ]);
    expect(words.toString().trimEnd().split('\n')).toEqual([
      '-X',
      'POST',
      call.url,
      '-H',
      'authorization: [redacted]',
      '-H',
      "x-odd: it's $HOME",
      '--data-raw',
      call.requestBody,
    ]);
  });

  test('is none where an entry is no call', () => {
    expect(toCall({ summary: 'mapped' })).toBeUndefined();
    expect(toCall(null)).toBeUndefined();
  });

  test('shows what is no JSON as it came', () => {
    expect([parsedBody('{"a":1}'), parsedBody('<html>'), parsedBody(undefined)]).toEqual([
      { a: 1 },
      '<html>',
      undefined,
    ]);
  });
});

test('amounts keep their own decimals and get their groups', () => {
  expect(['1234567.89', '-1234.5', '100', '0.001'].map(formatAmount)).toEqual([
    '1,234,567.89',
    '-1,234.5',
    '100',
    '0.001',
  ]);
});

test('durations are told in one unit', () => {
  expect([0.2, 8, 99, 180, 7200, 259_200].map(formatDuration)).toEqual([
    '200 ms',
    '8 s',
    '99 s',
    '3 min',
    '2 h',
    '3 days',
  ]);
});
