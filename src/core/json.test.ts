/** Equal values have equal fingerprints, different ones do not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, fingerprintOf, type JsonValue, toStorable } from './json.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

test('the order of members does not change a fingerprint', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(fingerprintOf(shuffled(value))).toBe(fingerprintOf(value));
    }),
  );
});

test('different values have different fingerprints', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const same = canonicalJson(a) === canonicalJson(b);
      expect(fingerprintOf(a) === fingerprintOf(b)).toBe(same);
    }),
  );
  expect(fingerprintOf({ a: 1 })).not.toBe(fingerprintOf({ a: '1' }));
  expect(fingerprintOf([1, 2])).not.toBe(fingerprintOf([2, 1]));
});

test('a member that is undefined is as good as absent, and amounts are written in full', () => {
  expect(canonicalJson({ b: undefined, a: 9_007_199_254_740_993n })).toBe('{"a":"9007199254740993"}');
});

test('what no database text can hold is replaced, at any depth, and nothing else is changed', () => {
  expect(toStorable({ 'a\0': ['x\ud800y', 1, null, { b: '\0' }] })).toEqual({
    'a\ufffd': ['x\ufffdy', 1, null, { b: '\ufffd' }],
  });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = toStorable(value as JsonValue);
      expect(toStorable(once)).toEqual(once);
      expect(JSON.stringify(once)).not.toMatch(/\\u0000|\\ud[89a-f]/);
    }),
  );
});
