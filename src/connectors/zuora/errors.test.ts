/** Guarantees of the table of outcomes: each recorded answer by its row, and what holds of any answer whatever. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NOT_SERVED } from '../../core/errors.ts';
import { SAYS } from './causes.ts';
import { type CallKind, errorOf, ORDER, rowFor, see, ZuoraNotFound, ZuoraNotServed } from './errors.ts';
import { type RandomAnswer, randomAnswer } from './test-answers.ts';
import { parseBody } from './wire.ts';

const KINDS: Record<string, CallKind> = {
  read: { call: 'GET invoice', write: false, creates: false },
  'create-invoice': { call: 'POST invoice', write: true, creates: true },
  'create-payment': { call: 'POST payment', write: true, creates: false },
  change: { call: 'PUT payment unapply', write: true, creates: false },
};
const kindOf = (name: string): CallKind => KINDS[name] ?? { call: name, write: true, creates: false };

const fixtures = z
  .array(
    z.object({
      source: z.string(),
      status: z.number(),
      body: z.string(),
      read: z.string(),
      'create-invoice': z.string(),
      'create-payment': z.string(),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('./fixtures/errors.json', import.meta.url), 'utf8')));

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const refusal = (code: number, message: string) => ({ success: false, reasons: [{ code, message }] });
const PAGE = { 'content-type': 'text/html', server: 'AkamaiGHost' };

type Case = {
  what: string;
  call: keyof typeof KINDS;
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  kind: string;
  code?: string;
  until?: number;
  text?: RegExp;
};

/** Recorded by others, or told by official pages (facts, sections 4 and 12). */
const CASES: readonly Case[] = [
  {
    what: 'a named internal error on a write: the payment may exist',
    call: 'create-payment',
    status: 500,
    body: { code: 'UNEXPECTED_ERROR', message: 'An unexpected error occurred' },
    kind: 'ambiguous',
    code: 'UNEXPECTED_ERROR',
  },
  {
    what: 'a limit by its status',
    call: 'create-payment',
    status: 429,
    headers: { 'retry-after': '3' },
    body: { success: false, code: 'RATE_LIMIT_EXCEEDED' },
    kind: 'rate_limited',
    until: 3000,
  },
  {
    what: 'an endpoint that is not there says nothing about the copy',
    call: 'read',
    status: 404,
    body: refusal(50000040, 'The endpoint v1/invoices/x does not exist, check the URL'),
    kind: 'transient',
    code: NOT_SERVED,
    text: /does not exist, check the URL \(50000040\) at https:\/\/rest\.example/,
  },
  {
    what: 'the same under HTTP 200',
    call: 'read',
    status: 200,
    body: refusal(50000040, 'The endpoint v1/invoices/x does not exist, check the URL'),
    kind: 'transient',
    code: NOT_SERVED,
  },
  {
    what: 'a gateway without a route',
    call: 'read',
    status: 404,
    body: { message: 'no Route matched with those values' },
    kind: 'transient',
    code: NOT_SERVED,
    text: /https:\/\/rest\.example/,
  },
  {
    what: 'the same for a write: it did not arrive',
    call: 'create-payment',
    status: 404,
    body: { message: 'no Route matched with those values' },
    kind: 'transient',
    code: NOT_SERVED,
  },
  {
    what: 'a payment that was moved before is read again',
    call: 'change',
    status: 200,
    body: refusal(66000030, 'Another transaction has already been entered for this transaction.'),
    kind: 'conflict',
    code: '66000030',
  },
  {
    what: 'a page of the edge, with its name',
    call: 'create-payment',
    status: 403,
    headers: PAGE,
    body: '<html><title>403 Forbidden</title></html>',
    kind: 'transient',
    code: '403',
    text: /"403 Forbidden" from AkamaiGHost/,
  },
  {
    what: 'a page of the edge for a bad request',
    call: 'create-payment',
    status: 400,
    headers: PAGE,
    body: '<html><title>Bad Request</title></html>',
    kind: 'transient',
    code: '400',
  },
  {
    what: 'words of a limit at another status',
    call: 'create-payment',
    status: 400,
    body: { message: 'request exceeded limit' },
    kind: 'rate_limited',
    until: 60_000,
  },
  {
    what: 'words of a limit under 5xx: the write may have worked, and waits as long',
    call: 'create-payment',
    status: 503,
    headers: { 'retry-after': '7' },
    body: { message: 'request exceeded limit' },
    kind: 'ambiguous',
    until: 7000,
  },
  {
    what: 'an unexpected error of a gateway',
    call: 'create-payment',
    status: 400,
    body: { message: 'unexpected error' },
    kind: 'ambiguous',
  },
  {
    what: 'an unexpected error under HTTP 200',
    call: 'create-payment',
    status: 200,
    body: { message: 'Unexpected error, please contact support' },
    kind: 'ambiguous',
  },
  {
    what: 'an account that is not there',
    call: 'create-invoice',
    status: 400,
    body: refusal(58490020, 'No account is found with accountId x'),
    kind: 'conflict',
    code: '58490020',
  },
  {
    what: 'a final cause inside a retryable category',
    call: 'create-invoice',
    status: 500,
    body: refusal(58490060, 'There is an invoice pending tax'),
    kind: 'rejected',
    code: '58490060',
    text: /pending tax/,
  },
  {
    what: 'the same words inside the category of locks are tried again, as its own users do',
    call: 'create-invoice',
    status: 400,
    body: refusal(53200050, 'There is an invoice pending tax calculation in progress for this account.'),
    kind: 'transient',
    code: '53200050',
  },
  {
    what: 'a declined transaction and a tax engine that refuses are final',
    call: 'create-payment',
    status: 200,
    body: refusal(53810060, 'Transaction declined.do_not_honor'),
    kind: 'rejected',
  },
  {
    what: 'a way of posting that the tenant does not know',
    call: 'change',
    status: 404,
    body: refusal(50000040, 'The endpoint does not exist'),
    kind: 'transient',
    code: NOT_SERVED,
  },
  {
    what: 'a text under errorMessage is told',
    call: 'create-invoice',
    status: 400,
    body: { errorMessage: 'the text' },
    kind: 'rejected',
    text: /the text/,
  },
  {
    what: 'a wrong entity is of the connection',
    call: 'read',
    status: 403,
    body: refusal(90000020, 'bad entity'),
    kind: 'unauthorized',
    code: '90000020',
  },
  {
    what: 'no bearer token is of the connection',
    call: 'create-invoice',
    status: 400,
    body: { message: 'No bearer token' },
    kind: 'unauthorized',
  },
  {
    what: 'a permission that is missing is of the call',
    call: 'create-payment',
    status: 403,
    body: refusal(53810010, 'You do not have permission.'),
    kind: 'rejected',
    code: 'not-permitted',
  },
  {
    what: 'the key was used with another body: looked up, and a new key after a while',
    call: 'create-payment',
    status: 422,
    body: { message: 'The Idempotency-Key was already used for another request' },
    kind: 'ambiguous',
    code: '422',
  },
  {
    what: 'a tax code that does not exist is a refusal, not a document that is gone',
    call: 'create-invoice',
    status: 400,
    body: refusal(58490020, "The tax code 'GTS' does not exist."),
    kind: 'rejected',
    code: '58490020',
  },
  {
    what: 'a text of a person in quotes decides nothing',
    call: 'create-payment',
    status: 400,
    body: refusal(53810020, "The comment 'request exceeded limit, already exists' is too long."),
    kind: 'rejected',
    code: '53810020',
  },
];

describe('the table of outcomes', () => {
  for (const fixture of fixtures) {
    it(`decides by cause and status: ${fixture.source}`, () => {
      for (const name of ['read', 'create-invoice', 'create-payment'] as const) {
        expect(errorOf(answer(fixture.status, fixture.body), kindOf(name), 0)?.kind, name).toBe(
          fixture[name],
        );
      }
    });
  }

  it.each(CASES)('tells $what', ({ call, status, body, headers, text, ...expected }) => {
    const { what: _, ...outcome } = expected;
    const kind = { ...kindOf(call), address: 'https://rest.example/v1/invoices/x' };
    const error = errorOf(answer(status, body, headers), kind, 0);
    expect(error).toMatchObject(outcome);
    if (text) expect(error?.message).toMatch(text);
  });

  it('takes a replayed success with HTTP 409 for a success', () => {
    expect(errorOf(answer(409, '{"success":true,"id":"1"}'), kindOf('create-payment'), 0)).toBeUndefined();
  });

  it('calls a taken natural key a duplicate, and only where a call gives a number of ours', () => {
    for (const message of ["The invoice number 'X' already exists.", 'Account number must be unique']) {
      const read = (name: string) => errorOf(answer(400, refusal(58490020, message)), kindOf(name), 0);
      expect(read('create-invoice')).toMatchObject({ kind: 'rejected', code: 'duplicate' });
      expect(read('change')).toMatchObject({ kind: 'rejected', code: '58490020' });
    }
  });

  it('keeps the code and the named field', () => {
    const body = refusal(
      58490020,
      "'invoiceItems[0].amount' has more decimals than the currency JPY allows.",
    );
    const error = errorOf(answer(400, body), kindOf('create-invoice'), 0);
    expect(error).toMatchObject({ code: '58490020', field: 'invoiceItems[0].amount' });
  });

  it('names the setting to make for a payment type that is not enabled (P13)', () => {
    const body = refusal(53810020, "The payment method type 'Cash' is not enabled.");
    expect(errorOf(answer(400, body), kindOf('create-payment'), 0)?.message).toContain('Payment Methods');
  });

  it('only a refusal in words of the API proves that something is not there, and says whether it is the account', () => {
    const read = (body: unknown, name = 'read') => errorOf(answer(404, body), kindOf(name), 0);
    expect(read(refusal(50000040, "Cannot find entity by key: 'x'."))).toBeInstanceOf(ZuoraNotFound);
    expect(read(refusal(53840040, 'Not found.'))).toBeInstanceOf(ZuoraNotFound);
    for (const body of ['<html></html>', {}, { message: 'Not Found' }, refusal(50000040, 'Not Found')])
      expect(read(body)).not.toBeInstanceOf(ZuoraNotFound);
    const byApi = read(refusal(50000040, 'The endpoint v1/x does not exist'));
    expect(byApi instanceof ZuoraNotServed && byApi.byApi).toBe(true);
    const byGateway = read({ message: 'no Route matched with those values' });
    expect(byGateway instanceof ZuoraNotServed && byGateway.byApi).toBe(false);
    expect(read(refusal(53100020, "The account key 'A-1' is invalid"), 'create-payment')).toMatchObject({
      ofAccount: true,
    });
  });

  it('waits as long as the vendor says: header in seconds or as a date, reset, error text, then a minute; at most a day', () => {
    const until = (headers: Record<string, string>, body: unknown = {}) =>
      errorOf(answer(429, body, headers), kindOf('read'), 1000)?.until;
    expect(until({ 'retry-after': '120', 'ratelimit-reset': '7' })).toBe(121_000);
    expect(until({ 'ratelimit-reset': '7' })).toBe(8_000);
    expect(until({}, { reasons: [{ code: 70, message: 'x, retry after 600 seconds' }] })).toBe(601_000);
    expect(until({}, { data: { note: 'retry after 600 seconds' } })).toBe(61_000);
    expect(until({})).toBe(61_000);
    const date = 'Sun, 29 Nov 2026 12:00:00 GMT';
    expect(until({ 'retry-after': 'Sun, 29 Nov 2026 12:01:30 GMT', date })).toBe(91_000);
    expect(until({ 'retry-after': 'Sun, 29 Nov 2026 11:00:00 GMT', date })).toBe(1000);
    expect(until({ 'retry-after': '99999999' })).toBe(1000 + 24 * 3_600_000);
  });
});

describe('of any answer', () => {
  const runs = { numRuns: 10_000, seed: 20261129 };
  const judged = (seen: RandomAnswer) => errorOf(seen.answer, seen.kind, 0);
  const VERDICTS_ON_A_DOCUMENT = ['rejected', 'conflict'];

  it('only a body that speaks of a document leads to a verdict on a document (10,000 random answers)', () => {
    fc.assert(
      fc.property(randomAnswer, (seen) => {
        const error = judged(seen);
        if (!seen.isOwn) expect(VERDICTS_ON_A_DOCUMENT).not.toContain(error?.kind);
        if (error instanceof ZuoraNotFound) expect(seen.isOwn).toBe(true);
        if (error instanceof ZuoraNotFound && seen.code?.startsWith('500000'))
          expect(SAYS.absent.test(seen.message)).toBe(true);
      }),
      runs,
    );
  });

  it('a limit is never a verdict, a write with 5xx is never refused but for a final cause, a read is never ambiguous', () => {
    fc.assert(
      fc.property(randomAnswer, (seen) => {
        const error = judged(seen);
        const { status } = seen.answer;
        if (status === 429) expect(error?.kind).toBe('rate_limited');
        if (status === 429) expect(error?.until).toBeGreaterThan(0);
        if (status >= 500 && seen.kind.write) {
          const isFinal = error?.kind === 'rejected' && seen.isFinal;
          expect(isFinal || error?.kind === 'ambiguous').toBe(true);
        }
        if (status >= 500 && !seen.kind.write && !seen.isFinal)
          expect(['transient', 'rate_limited']).toContain(error?.kind);
        if (!seen.kind.write) expect(error?.kind).not.toBe('ambiguous');
        if (error?.code === 'duplicate') expect(seen.kind.creates).toBe(true);
        if (seen.isFinal && status !== 429) expect(error?.kind).toBe('rejected');
      }),
      runs,
    );
  });

  it('what stands beside the error text decides nothing, and every row is met', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(randomAnswer, (seen) => {
        const told = judged(seen);
        const bare = errorOf(seen.withoutNoise, seen.kind, 0);
        expect([told?.kind, told?.code, told?.until]).toEqual([bare?.kind, bare?.code, bare?.until]);
        if (told !== undefined)
          met.add(rowFor(see(seen.answer, parseBody(seen.answer.body), seen.kind)).name);
      }),
      runs,
    );
    expect([...met].sort()).toEqual(ORDER.map(({ name }) => name).sort());
  });
});
