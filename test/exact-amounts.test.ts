/** The whole way of an amount, from the source's JSON to the destination's and back: no digit is ever changed (M12). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toRecord } from '../src/connectors/freshbooks/resources.ts';
import { toCanonical } from '../src/connectors/freshbooks/to-canonical.ts';
import { isJsonObject, parseJson } from '../src/connectors/freshbooks/wire.ts';
import type { ZuoraClient } from '../src/connectors/zuora/client.ts';
import { toRequest } from '../src/connectors/zuora/from-canonical.ts';
import { readInvoice, readPayment } from '../src/connectors/zuora/read-back.ts';
import { parseBody, writeBody } from '../src/connectors/zuora/wire.ts';
import { toBreakdown } from '../src/core/breakdown.ts';
import type { CanonicalInvoice } from '../src/core/canonical.ts';
import type { JsonObject } from '../src/core/json.ts';
import type { DestinationRequest } from '../src/core/ports.ts';

const DIGITS = { JPY: 0, USD: 2, KWD: 3 } as const;
type Currency = keyof typeof DIGITS;

/** By hand, and not by the code under test. */
function toText(minor: bigint, digits: number): string {
  const text = minor.toString().padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function toMinor(text: string, digits: number): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  expect(fraction.slice(digits)).toMatch(/^0*$/);
  return BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
}

/** `rate` counts 10^-18 percent: more digits than a binary float has. */
type Case = { currency: Currency; minor: bigint; rate: bigint; zeros: number };

/** From one minor unit to far more than a binary float can count. */
const anyCase: fc.Arbitrary<Case> = fc.record({
  currency: fc.constantFrom<Currency>('JPY', 'USD', 'KWD'),
  minor: fc.oneof(
    fc.bigInt({ min: 1n, max: 10n ** 7n }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n }),
    fc.bigInt({ min: 1n, max: 10n ** 24n }),
  ),
  rate: fc.oneof(
    fc.bigInt({ min: 1n, max: 99_999n }).map((millis) => millis * 10n ** 15n),
    fc.bigInt({ min: 1n, max: 10n ** 20n }),
  ),
  zeros: fc.integer({ min: 0, max: 4 }),
});

const taxOf = ({ minor, rate }: Case) => (minor * rate + 5n * 10n ** 19n) / 10n ** 20n;

/** The rate is a bare JSON number; amounts have needless zeros. */
function sourceText(one: Case): string {
  const digits = DIGITS[one.currency];
  const padding = one.zeros === 0 ? '' : `${digits === 0 ? '.' : ''}${'0'.repeat(one.zeros)}`;
  const amount = (minor: bigint) =>
    `{"amount":"${toText(minor, digits)}${padding}","code":"${one.currency}"}`;
  const total = amount(one.minor + taxOf(one));
  return `{"id":1,"invoiceid":1,"customerid":7,"invoice_number":"1","currency_code":"${one.currency}",
    "create_date":"2026-06-01","due_date":"2026-07-01","v3_status":"sent","vis_state":0,
    "amount":${total},"outstanding":${total},"discount_value":0,"lines":[{"name":"Work","qty":1,
    "unit_cost":${amount(one.minor)},"amount":${amount(one.minor)},"taxName1":"VAT","taxAmount1":${toText(one.rate, 18)}}]}`;
}

function canonicalOf(one: Case): CanonicalInvoice {
  const raw = parseJson(sourceText(one));
  if (!isJsonObject(raw)) throw new Error('not an object');
  const mapped = toCanonical(toRecord('invoice', raw));
  if (!mapped.ok) throw new Error(JSON.stringify(mapped.problems));
  if (mapped.value.kind !== 'invoice') throw new Error(mapped.value.kind);
  return mapped.value;
}

function requestOf(invoice: CanonicalInvoice, taxation: 'on' | 'off'): DestinationRequest {
  const split = toBreakdown(invoice);
  if (!split.ok) throw new Error(JSON.stringify(split.problems));
  expect(split.value.rounding.amountMinor).toBe(0n);
  const request = toRequest(
    {
      kind: 'create-invoice',
      invoice,
      breakdown: split.value,
      account: { id: 'account', number: 'FB-A-client-7' },
      number: '1',
      externalKey: 'FB-A-invoice-1',
      generation: 0,
      post: true,
      bookedOn: invoice.issuedOn,
    },
    { taxation, settings: {} },
  );
  if (!request.ok) throw new Error(JSON.stringify(request.problems));
  return request.value;
}

const digitsOf = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`"${name}":"?(-?[0-9.]+)`, 'g'))].map(([, digits]) => digits ?? '');

test('M12 an amount and its tax reach the wire digit by digit, and a stored intent says the same', () => {
  fc.assert(
    fc.property(anyCase, fc.constantFrom('on' as const, 'off' as const), (one, taxation) => {
      const digits = DIGITS[one.currency];
      const invoice = canonicalOf(one);
      expect(invoice.total.amountMinor).toBe(one.minor + taxOf(one));
      expect(toMinor(invoice.lines[0]?.taxes[0]?.ratePercent ?? '', 18)).toBe(one.rate);

      const { body, call } = requestOf(invoice, taxation);
      const text = writeBody(body, call);
      const stored = JSON.parse(JSON.stringify(body)) as JsonObject;
      expect(writeBody(stored, call)).toBe(text);
      expect(text).not.toMatch(/[0-9][eE][+-]?[0-9]/);
      const amounts = [...digitsOf(text, 'amount'), ...digitsOf(text, 'taxAmount')];
      expect(amounts.map((amount) => toMinor(amount, digits))).toEqual([one.minor, taxOf(one)]);
      expect(toMinor(digitsOf(text, 'unitPrice')[0] ?? '', digits)).toBe(one.minor);
    }),
    { numRuns: 500 },
  );
});

test('M12 an amount is read back with the digits that the destination wrote, up to nine decimals', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, fc.bigInt({ min: 1n, max: 10n ** 24n }), async (one, balance) => {
      const digits = DIGITS[one.currency];
      const number = (minor: bigint) => toText(minor * 10n ** BigInt(9 - digits), 9);
      const answer = `{"success":true,"id":"i","invoiceNumber":"1","accountId":"a","status":"Posted","dueDate":"2026-07-01",
        "invoiceDate":"2026-06-01","currency":"${one.currency}","amount":${number(one.minor)},"balance":${number(balance)},"comments":""}`;
      const client = { get: () => Promise.resolve(parseBody(answer)) } as unknown as ZuoraClient;
      const copy = await readInvoice(client, 'i');
      expect(copy.amount).toEqual({ amountMinor: one.minor, currency: one.currency });
      expect(copy.balance).toEqual({ amountMinor: balance, currency: one.currency });
    }),
    { numRuns: 500 },
  );
});

test('M12 a payment is booked, applied and read back with the digits of the source', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async ({ currency, minor }) => {
      const text = toText(minor, DIGITS[currency]);
      const raw =
        parseJson(`{"id":9,"invoiceid":1,"clientid":7,"amount":{"amount":"${text}","code":"${currency}"},
        "date":"2026-06-02","type":"Cash","note":"","vis_state":0}`);
      const mapped = isJsonObject(raw) ? toCanonical(toRecord('payment', raw)) : undefined;
      if (!mapped?.ok || mapped.value.kind !== 'payment') throw new Error(JSON.stringify(mapped));
      const payment = mapped.value;
      expect(payment.amount).toEqual({ amountMinor: minor, currency });

      const request = toRequest(
        {
          kind: 'create-payment',
          payment,
          account: { id: 'account', number: 'FB-A-client-7' },
          externalKey: 'FB-A-payment-9',
          amount: payment.amount,
          apply: [{ invoice: { id: 'i', number: '1' }, amount: payment.amount }],
          bookedOn: payment.paidOn,
        },
        { taxation: 'on', settings: {} },
      );
      if (!request.ok) throw new Error(JSON.stringify(request.problems));
      const sent = writeBody(request.value.body, request.value.call);
      expect(digitsOf(sent, 'amount')).toEqual([text, text]);

      const answer = `{"success":true,"id":"p","number":"P-1","accountId":"a","status":"Processed","effectiveDate":"2026-06-02",
        "currency":"${currency}","amount":${text},"unappliedAmount":${text},"appliedAmount":0,"refundAmount":0,"comment":""}`;
      const client = {
        get: () => Promise.resolve(parseBody(answer)),
        pages: () => Promise.resolve([]),
      } as unknown as ZuoraClient;
      const copy = await readPayment(client, 'p');
      expect([copy.amount, copy.balance]).toEqual([payment.amount, payment.amount]);
    }),
    { numRuns: 300 },
  );
});

test('M12 these amounts tell: a binary float would have changed many of them', () => {
  const changed = fc.sample(anyCase, { numRuns: 300, seed: 1 }).filter(({ minor, currency }) => {
    const text = toText(minor, DIGITS[currency]);
    return toText(BigInt(Math.round(Number(text) * 10 ** DIGITS[currency])), DIGITS[currency]) !== text;
  });
  expect(changed.length).toBeGreaterThan(100);
});
