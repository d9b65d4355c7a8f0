/** Guarantees of the error table. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type CallKind, errorOf, ZuoraNotFound } from './errors.ts';

const KINDS: Record<string, CallKind> = {
  read: { call: 'GET invoice', write: false, repeatable: true },
  'create-invoice': { call: 'POST invoice', write: true, repeatable: true },
  'create-payment': { call: 'POST payment', write: true, repeatable: false },
};

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

const kindOf = (name: string): CallKind => KINDS[name] ?? { call: name, write: true, repeatable: false };
const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body,
});
const refusal = (code: number, message: string) =>
  JSON.stringify({ success: false, reasons: [{ code, message }] });

describe('the error table', () => {
  for (const fixture of fixtures) {
    it(`decides by category and status: ${fixture.source}`, () => {
      for (const name of ['read', 'create-invoice', 'create-payment'] as const) {
        expect(errorOf(answer(fixture.status, fixture.body), kindOf(name), 0)?.kind, name).toBe(
          fixture[name],
        );
      }
    });
  }

  it('takes a replayed success with HTTP 409 for a success', () => {
    expect(errorOf(answer(409, '{"success":true,"id":"1"}'), kindOf('create-payment'), 0)).toBeUndefined();
  });

  it('calls a taken natural key a duplicate', () => {
    for (const message of ["The invoice number 'X' already exists.", 'Account number must be unique']) {
      const error = errorOf(answer(400, refusal(58490020, message)), kindOf('create-invoice'), 0);
      expect(error).toMatchObject({ kind: 'rejected', code: 'duplicate' });
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

  it('only a refusal in words of the API proves that something is not there', () => {
    const body = refusal(50000040, 'Cannot find entity by key');
    expect(errorOf(answer(404, body), kindOf('read'), 0)).toBeInstanceOf(ZuoraNotFound);
    expect(errorOf(answer(404, '<html></html>'), kindOf('read'), 0)).not.toBeInstanceOf(ZuoraNotFound);
  });

  it('waits as long as the vendor says: header, reset, text, then a minute', () => {
    const until = (headers: Record<string, string>, text = '{}') =>
      errorOf(answer(429, text, headers), kindOf('read'), 1000)?.until;
    expect(until({ 'retry-after': '120', 'ratelimit-reset': '7' })).toBe(121_000);
    expect(until({ 'ratelimit-reset': '7' })).toBe(8_000);
    expect(until({}, '{"reasons":[{"code":70,"message":"x, retry after 600 seconds"}]}')).toBe(601_000);
    expect(until({})).toBe(61_000);
  });
});
