/** Ids grow, and natural keys name one document of one account for ever. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId, toExternalKey } from './ids.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDv7 and strictly increase, also within a millisecond and when the clock goes back', () => {
  let last = '';
  for (let count = 0; count < 20_000; count += 1) {
    const nowMs = Date.UTC(2026, 0, 5) - (count % 3 === 0 ? 5_000 : 0);
    const id = newId(nowMs);
    expect(id > last).toBe(true);
    last = id;
  }
  expect(last).toMatch(UUID_V7);
});

test('a natural key is readable, and the same each time', () => {
  const source = { prefix: 'FB', account: 'ACM123' };
  expect(toExternalKey(source, 'invoice', '4711')).toBe('FB-ACM123-invoice-4711');
});

test('a natural key has only characters that every destination takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (account, id) => {
      expect(toExternalKey({ prefix: 'EX', account }, 'payment', id)).toMatch(
        /^EX-[A-Za-z0-9_]*-payment-[A-Za-z0-9_]*$/,
      );
    }),
  );
});

test('documents with numeric ids never share a key, whatever their account and kind', () => {
  const kinds = ['client', 'invoice', 'payment', 'credit'] as const;
  const ids = ['1', '11', '111'];
  const keys = ['A1', 'A11'].flatMap((account) =>
    kinds.flatMap((kind) => ids.map((id) => toExternalKey({ prefix: 'EX', account }, kind, id))),
  );
  expect(new Set(keys).size).toBe(keys.length);
});
