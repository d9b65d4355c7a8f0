/** Guarantees of what an answer means, whatever it is: nothing but the API's own words leads to a verdict. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNotFound, ORDER, parseWireError, toKind, toOperatingError } from './errors.ts';

const codes = fc.constantFrom('1001', '1003', '1011', '1012', '1042', '409', '500', '12001', 'not_found');
const words = fc.constantFrom('words', 'Rate limit exceeded', 'Invoice not found.', 'no Route matched');
const OWN: readonly ((code: string, message: string) => unknown)[] = [
  (errno, message) => ({ response: { errors: [{ errno, message, field: 'invoiceid' }] } }),
  (reason, message) => ({ code: 5, message, details: [{ reason, metadata: { message } }] }),
  (error, error_description) => ({ error, error_description }),
  (errno, message) => ({ errno, message }),
];
const FOREIGN: readonly ((message: string) => unknown)[] = [
  (message) => ({ message }),
  (message) => ({ note: message, data: { message } }),
  () => [],
];

const answers = fc
  .tuple(
    fc.constantFrom(200, 400, 401, 403, 404, 408, 409, 418, 422, 429, 500, 502, 503),
    fc.boolean(),
    fc.oneof(
      fc.tuple(fc.constantFrom(...OWN), codes, words).map(([of, code, message]) => of(code, message)),
      fc.tuple(fc.constantFrom(...FOREIGN), words).map(([of, message]) => of(message)),
      fc.constant(undefined),
    ),
  )
  .map(([status, safe, json]) => ({ status, safe, json: json !== undefined, error: parseWireError(json) }));

test('of 10,000 random answers only the API’s own lead to a verdict on a document, and a limit or 5xx never does', () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(answers, (seen) => {
      const kind = toKind(seen);
      const { status, safe, error } = seen;
      met.add(ORDER.find(({ holds }) => holds(seen))?.name ?? '');
      const isVerdict = kind === 'rejected' || kind === 'conflict';
      if (!error?.own || status === 429 || status >= 500) expect(isVerdict).toBe(false);
      if (status === 429) expect(kind).toBe('rate_limited');
      if (status >= 500 && !safe) expect(kind).toBe('ambiguous');
      if (safe) expect(kind).not.toBe('ambiguous');
      const told = toOperatingError({ ...seen, call: 'GET invoice', until: 1 });
      if (isNotFound(told)) expect(['1011', '1012', 'rpc 5']).toContain(error?.code);
    }),
    { numRuns: 10_000, seed: 20261129 },
  );
  expect([...met].sort()).toEqual(ORDER.map(({ name }) => name).sort());
});
