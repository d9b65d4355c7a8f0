/** Guarantees of the numbers of copies (D7). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INVOICE_NUMBER, toAccountNumber, toCreditNumber, toInvoiceNumber } from './numbers.ts';

const prefixes = ['INV'];
const invoice = (number: string, externalKey = 'FB-ACM-invoice-1', generation = 0) =>
  toInvoiceNumber({ number, externalKey, generation }, prefixes);
const anyInvoice = fc.record({
  number: fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('INV-1', 'inv1', '', '#1'),
  ),
  externalKey: fc.stringMatching(/^FB-[A-Z]{1,6}-invoice-[0-9]{1,9}$/),
  generation: fc.constantFrom(0, 1, 2, 30),
});

describe('invoice numbers', () => {
  it('D7 a number that Zuora takes stays as it is', () => {
    expect(invoice('0000123')).toBe('0000123');
    expect(invoice('A_b-9'.padEnd(32, 'x'))).toBe('A_b-9'.padEnd(32, 'x'));
  });

  it('D7 every number becomes valid, keeps off the tenant prefix and is the same each time', () => {
    fc.assert(
      fc.property(anyInvoice, (one) => {
        const number = toInvoiceNumber(one, prefixes);
        expect(number).toMatch(INVOICE_NUMBER);
        expect(number.endsWith(`-R${one.generation}`)).toBe(one.generation > 0);
        expect(number.toUpperCase().startsWith('INV')).toBe(false);
        expect(toInvoiceNumber(one, prefixes)).toBe(number);
      }),
    );
  });

  it('E3 X5 each generation has a number of its own, as readable as the first', () => {
    expect([0, 1, 2].map((generation) => invoice('0000123', 'key', generation))).toEqual([
      '0000123',
      '0000123-R1',
      '0000123-R2',
    ]);
    const long = 'x'.repeat(32);
    expect(invoice(long, 'key', 1)).toMatch(/^x{15,}-[0-9a-f]{12}-R1$/);
    expect(toCreditNumber({ number: 'CM-1', externalKey: 'key', generation: 1 })).toMatch(
      /^N-CM-1-[0-9a-f]{12}-R1$/,
    );
  });

  it('D7 changed numbers do not collide, neither with each other nor with numbers that are kept', () => {
    const numbers = ['2024/001', '2024-001', '2024 001', 'INV-2024-001', 'é', 'è', '你好', '', '#', '##'];
    expect(new Set(numbers.map((number) => invoice(number))).size).toBe(numbers.length);
    expect(invoice('#1', 'FB-A-invoice-1')).not.toBe(invoice('#1', 'FB-B-invoice-1'));
    fc.assert(
      fc.property(anyInvoice, anyInvoice, (a, b) => {
        fc.pre(a.number !== b.number && a.generation === b.generation);
        expect(toInvoiceNumber(a, prefixes)).not.toBe(toInvoiceNumber(b, prefixes));
      }),
    );
  });
});

describe('account numbers', () => {
  it('K6 tells clients and currencies apart and fits in Zuora', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.constantFrom('USD', 'EUR', 'JPY'), (a, b, currency) => {
        const number = toAccountNumber(a, currency);
        expect(number).toMatch(/^[A-Za-z0-9_-]{1,50}$/);
        expect(number.toUpperCase().startsWith('A')).toBe(false);
        expect(number).not.toBe(toAccountNumber(a, 'GBP'));
        if (a !== b) expect(number).not.toBe(toAccountNumber(b, currency));
      }),
    );
    expect(toAccountNumber('FB-ACM123-client-30143', 'USD')).toBe('FB-ACM123-client-30143-USD');
  });
});
