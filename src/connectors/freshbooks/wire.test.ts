/** Numbers on the wire: none is changed by a binary float, whichever way the text is read. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from './wire.ts';

const literal = fc.oneof(
  fc.maxSafeInteger().map(String),
  fc.bigInt().map(String),
  fc.tuple(fc.integer(), fc.nat()).map(([whole, part]) => `${whole}.${part}`),
  fc
    .tuple(fc.integer(), fc.integer({ min: -20, max: 20 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`),
  fc.constantFrom('-0', '0', '0.0', '-0.0', '1E5', '9007199254740993', '999999999999999', '1000000000000000'),
);
const blank = fc.constantFrom('', ' ', '\n\t');
/** What a number is kept as: itself where JavaScript has it exactly so, else its own text. */
const kept = (text: string) =>
  Number.isSafeInteger(Number(text)) && String(Number(text)) === text ? Number(text) : text;

test('a number is itself or its own text, alone, in lists and in members', () => {
  fc.assert(
    fc.property(literal, literal, blank, fc.string(), (a, b, space, text) => {
      const other = JSON.stringify(text);
      expect(parseJson(`${space}${a}`)).toBe(kept(a));
      expect(parseJson(`{"a":${space}${a},"t":${other},"b":[${space}${b}${space},${a}]}`)).toEqual({
        a: kept(a),
        t: text,
        b: [kept(b), kept(a)],
      });
    }),
  );
});
