/** What others wrote moves no cursor, sets no title, forges no line, in text and in JSON. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableJson, printableLines, printableValue } from './printable.ts';

const ESC = String.fromCodePoint(0x1b);
const DANGEROUS = /[\p{Cc}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const any = fc.string({ unit: 'binary', maxLength: 40 });

test('no control gets through a text, and an honest text stays as it is', () => {
  fc.assert(fc.property(any, (text) => !DANGEROUS.test(printable(text))));
  for (const honest of ['Müller & Söhne', '日本語', 'a  b', '👩‍🚀 100 %', ''])
    expect(printable(honest)).toBe(honest);
  expect(printable(`A\nerror: B${ESC}[2J`)).toBe('A error: B\uFFFD[2J');
});

test('a value is cleaned at any depth, and keeps its form', () => {
  const at = new Date(0);
  expect(printableValue({ [`n${ESC}`]: [`a${ESC}c`, 1, null, { at }] })).toEqual({
    'n\uFFFD': ['a\uFFFDc', 1, null, { at }],
  });
});

test('a line of ours keeps its colours and breaks, and nothing else', () => {
  const ours = `${ESC}[1mbold${ESC}[22m\n${ESC}[31mred${ESC}[39m`;
  expect(printableLines(ours)).toBe(ours);
  for (const command of ['[2J', '[8m', '[30m', ']0;title\u0007', '[1;31m', 'c'])
    expect(printableLines(`${ESC}${command}`)).not.toContain(ESC);
  expect(printableLines('\u009b2J\r')).toBe('\uFFFD2J ');
});

test('JSON shows every control escaped, and is the same value when it is read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), any, (value, text) => {
      const shown = printableJson({ value, text });
      expect(shown.replaceAll('\n', '')).not.toMatch(DANGEROUS);
      expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify({ value, text })));
    }),
  );
});
