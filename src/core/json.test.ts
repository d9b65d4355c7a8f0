/** Equal values have equal fingerprints, different ones do not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  canonicalJsonInTurns,
  fingerprintInTurns,
  fingerprintOf,
  type JsonValue,
  toStorable,
} from './json.ts';

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.nat().map(String),
  fc.constantFrom('-0', '01', '1e3', '__proto__', '4294967294', '4294967295', '9999999999'),
);
const { any } = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.bigInt(),
    fc.constant(undefined),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(names, tie('any'), { maxKeys: 6, noNullPrototype: true }),
  ),
}));

test('the order of members does not change a fingerprint', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(fingerprintOf(shuffled(value))).toBe(fingerprintOf(value));
    }),
  );
});

test('the text is the one that fingerprints of earlier versions were made of', () => {
  const before = (value: unknown) =>
    JSON.stringify(value, (_key, member: unknown) => {
      if (typeof member === 'bigint') return member.toString();
      if (member !== null && typeof member === 'object' && !Array.isArray(member))
        return Object.fromEntries(
          Object.entries(member)
            .filter(([, v]) => v !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        );
      return member;
    });
  fc.assert(
    fc.property(any, (value) => {
      expect(canonicalJson(value)).toBe(before(value) ?? 'null');
    }),
    { numRuns: 500 },
  );
});

test('written in stretches it is the same text, and the same fingerprint', async () => {
  const long = {
    b: Array.from({ length: 9_000 }, (_, index) => ({ name: `line ${index}`, index })),
    a: [[]],
  };
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 0);
  expect(await canonicalJsonInTurns(long)).toBe(canonicalJson(long));
  clearInterval(counting);
  expect(turns).toBeGreaterThan(0);
  expect(await fingerprintInTurns(long)).toBe(fingerprintOf(long));
  await fc.assert(
    fc.asyncProperty(any, async (value) => {
      expect(await canonicalJsonInTurns(value)).toBe(canonicalJson(value));
    }),
    { numRuns: 500 },
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
