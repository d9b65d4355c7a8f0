/** The signing formula against computed vectors and their look-alikes. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import fixture from './fixtures/webhook-vectors.json' with { type: 'json' };
import { pythonJsonDumps, signForm } from './signature.ts';

test.each(fixture.vectors)('the vector "$name" is reproduced and its look-alikes are not', (vector) => {
  const pairs = [...new URLSearchParams(vector.body)];
  expect(pythonJsonDumps(pairs)).toBe(vector.message);
  const signature = signForm(pairs, vector.verifier);
  expect(signature).toBe(vector.signature);
  expect(Object.values(vector.must_not_match)).not.toContain(signature);
  const compact = JSON.stringify(Object.fromEntries(pairs));
  expect(createHmac('sha256', vector.verifier).update(compact).digest('base64')).not.toBe(signature);
});

test('control characters and U+007F are escaped as Python does', () => {
  expect(pythonJsonDumps([['a', '\u0000\u001f\u007f\n/']])).toBe('{"a": "\\u0000\\u001f\\u007f\\n/"}');
});
