/** Guarantees of the mapping to canonical documents. */
import { describe, expect, test } from 'vitest';
import type { DocumentKind } from '../../core/canonical.ts';
import type { JsonObject } from '../../core/json.ts';
import client from './fixtures/client.json' with { type: 'json' };
import creditNote from './fixtures/credit-note.json' with { type: 'json' };
import invoice from './fixtures/invoice.json' with { type: 'json' };
import payment from './fixtures/payment.json' with { type: 'json' };
import { toRecord } from './resources.ts';
import { toCanonical } from './to-canonical.ts';

const usd = (amount: string) => ({ amount, code: 'USD' });
const line = (changes: JsonObject = {}): JsonObject => ({ ...invoice.document.lines[0], ...changes });
const map = (kind: DocumentKind, raw: JsonObject) => toCanonical(toRecord(kind, raw));
const mapInvoice = (changes: JsonObject = {}) => map('invoice', { ...invoice.document, ...changes });
const mapPayment = (changes: JsonObject = {}) => map('payment', { ...payment.document, ...changes });

function problemsOf(mapped: ReturnType<typeof toCanonical>): string[] {
  return mapped.ok ? [] : mapped.problems.map((problem) => problem.field);
}

describe('invoice', () => {
  test('keeps every amount, date and text', () => {
    expect(mapInvoice()).toMatchObject({
      ok: true,
      value: {
        sourceId: '453877',
        clientId: '177864',
        visibility: 'active',
        number: '0000008',
        issuedOn: '2026-06-01',
        dueOn: '2026-07-01',
        stage: 'issued',
        discountPercent: '10',
        discountTotal: { amountMinor: -440n, currency: 'USD' },
        total: { amountMinor: 4194n, currency: 'USD' },
        terms: '',
        lines: [
          {
            quantity: '2.5',
            unitPrice: '8.000',
            amount: { amountMinor: 2000n, currency: 'USD' },
            taxes: [{ name: 'HST', ratePercent: '13', number: 'RT0001' }],
          },
          { taxes: [] },
        ],
      },
    });
  });

  test('lists all problems at once', () => {
    const mapped = mapInvoice({
      customerid: 0,
      invoice_number: '',
      create_date: '2026-02-30',
      due_date: null,
      v3_status: 'teleported',
      vis_state: 7,
      amount: usd('41.945'),
      outstanding: { amount: '1.00', code: 'EUR' },
      discount_total: usd('4.40'),
      lines: [line({ qty: 'two', taxAmount1: '13%', amount: null })],
    });
    expect(problemsOf(mapped)).toEqual([
      'client',
      'lines.0.taxAmount1',
      'lines.0.qty',
      'lines.0.amount',
      'vis_state',
      'invoice_number',
      'create_date',
      'due_date',
      'v3_status',
      'discount_total',
      'amount',
      'outstanding.code',
    ]);
  });

  test('an unknown status, missing lines and a fixed discount are problems, never defaults', () => {
    expect(problemsOf(mapInvoice({ v3_status: null }))).toEqual(['v3_status']);
    const { lines: _, ...bare } = invoice.document;
    expect(problemsOf(map('invoice', bare))).toEqual(['lines']);
    expect(problemsOf(mapInvoice({ discount: { type: 'amount' } }))).toEqual(['discount.type']);
    expect(problemsOf(mapInvoice({ currency_code: 'XYZ' }))).toEqual(['currency_code']);
    expect(problemsOf(mapInvoice({ amount: 12 }))).toEqual(['amount']);
  });

  test('only draft and created are drafts', () => {
    const stageOf = (v3_status: string) => {
      const mapped = mapInvoice({ v3_status });
      return mapped.ok && mapped.value.kind === 'invoice' ? mapped.value.stage : undefined;
    };
    expect(['draft', 'created'].map(stageOf)).toEqual(['draft', 'draft']);
    const issued = ['sent', 'overdue', 'paid', 'autopaid', 'deposit_partial', 'deposit-paid', 'declined'];
    for (const word of issued) expect(stageOf(word)).toBe('issued');
  });

  test('deleted and archived are told apart', () => {
    expect(mapInvoice({ vis_state: 1 })).toMatchObject({ value: { visibility: 'deleted' } });
    expect(mapInvoice({ vis_state: 2 })).toMatchObject({ value: { visibility: 'archived' } });
  });

  test('yen with needless decimals and dinars with three are exact', () => {
    const inCurrency = (code: string, amount: string) => {
      const value = { amount, code };
      const lines = [line({ amount: value, unit_cost: value })];
      const figures = { amount: value, outstanding: value, discount_value: null, discount_total: null };
      return mapInvoice({ currency_code: code, lines, ...figures });
    };
    expect(inCurrency('JPY', '1200.00')).toMatchObject({ value: { total: { amountMinor: 1200n } } });
    expect(inCurrency('KWD', '1.234')).toMatchObject({ value: { total: { amountMinor: 1234n } } });
    expect(problemsOf(inCurrency('JPY', '1200.50'))).toContain('amount');
  });

  test('M10 the discount of a negative invoice is positive: not the discount is what a person has to see', () => {
    const lines = [line({ qty: '-1', amount: usd('-20.00'), taxAmount1: null })];
    const negative = { lines, discount_total: usd('2.00'), amount: usd('-18.00') };
    expect(problemsOf(mapInvoice(negative))).toEqual([]);
    expect(problemsOf(mapInvoice({ ...negative, lines: [line()] }))).toEqual(['discount_total']);
  });

  test('a percentage that came as a JSON number, and two compound taxes, are kept', () => {
    const lines = [line({ taxName2: 'TVQ', taxAmount2: '9.975', compounded_tax: true })];
    expect(mapInvoice({ discount_value: 10, lines })).toMatchObject({
      value: {
        discountPercent: '10',
        lines: [{ compound: true, taxes: [{ name: 'HST' }, { name: 'TVQ', ratePercent: '9.975' }] }],
      },
    });
  });
});

describe('payment', () => {
  test('methods are known in any case; unknown words stay readable', () => {
    const methodOf = (type: string) => mapPayment({ type });
    expect(methodOf('VISA')).toMatchObject({ value: { method: 'credit_card', methodLabel: 'VISA' } });
    expect(methodOf('diners club')).toMatchObject({ value: { method: 'credit_card' } });
    for (const type of ['Nova', 'Eurocard', 'EUROCARD'])
      expect(methodOf(type)).toMatchObject({ value: { method: 'credit_card', methodLabel: type } });
    expect(methodOf('Bank Transfer')).toMatchObject({ value: { method: 'bank_transfer' } });
    expect(methodOf('Barter')).toMatchObject({ value: { method: 'other', methodLabel: 'Barter' } });
  });

  test('a payment from credit is never new cash, and a contradiction is a problem', () => {
    expect(mapPayment({ type: 'Credit', from_credit: true })).toMatchObject({ value: { fromCredit: true } });
    expect(mapPayment({ type: 'Credit', from_credit: null })).toMatchObject({ value: { fromCredit: true } });
    expect(problemsOf(mapPayment({ type: 'Credit', from_credit: false }))).toEqual(['from_credit']);
  });

  test('an overpayment is named, a missing one left out', () => {
    expect(mapPayment({ overpaymentid: 17 })).toMatchObject({ value: { overpaymentId: '17' } });
    const mapped = mapPayment({ overpaymentid: 0 });
    expect(mapped.ok && 'overpaymentId' in mapped.value).toBe(false);
  });

  test('the credit it is from and the bulk it is part of are named, 0 and null are none', () => {
    const ids = { type: 'Credit', from_credit: true, creditid: 91, bulk_paymentid: 4401 };
    expect(mapPayment(ids)).toMatchObject({ value: { fromCredit: true, creditId: '91', bulkId: '4401' } });
    const mapped = mapPayment({ creditid: null, bulk_paymentid: 0 });
    expect(mapped).toMatchObject({ ok: true });
    expect(mapped.ok && ('creditId' in mapped.value || 'bulkId' in mapped.value)).toBe(false);
  });

  test('a payment that names a credit and is new cash is a problem', () => {
    expect(problemsOf(mapPayment({ creditid: 91, from_credit: false }))).toEqual(['creditid']);
  });

  test('without invoice, client, amount and date all four are told', () => {
    const mapped = mapPayment({ invoiceid: 0, clientid: null, amount: null, date: '' });
    expect(problemsOf(mapped)).toEqual(['client', 'invoiceid', 'amount', 'date']);
  });
});

test('a client keeps what is there and leaves out what is blank', () => {
  expect(map('client', client.document)).toEqual({
    ok: true,
    value: {
      kind: 'client',
      sourceId: '177864',
      clientId: '177864',
      visibility: 'archived',
      organization: 'Maple Ltd',
      firstName: 'Ada',
      email: 'ada@example.com',
      phone: '555-0101',
      address: {
        line1: '1 King St',
        city: 'Toronto',
        region: 'Ontario',
        postalCode: 'M5V 2T6',
        country: 'Canada',
      },
    },
  });
});

test('a client whose currency or state is written in a way we do not know is still mapped: documents carry their own', () => {
  const odd = [
    { currency_code: 'usd' },
    { currency_code: 'XYZ' },
    { currency_code: 7 },
    { vis_state: 9 },
    { vis_state: '0' },
    { vis_state: null },
  ];
  for (const changes of odd)
    expect(map('client', { ...client.document, ...changes }), JSON.stringify(changes)).toMatchObject({
      ok: true,
      value: { organization: 'Maple Ltd' },
    });
});

test('a currency in lower case is that currency, in every document', () => {
  const inLowerCase = (document: unknown) =>
    JSON.parse(JSON.stringify(document).replaceAll('"USD"', '"usd"')) as JsonObject;
  const kinds = { invoice, payment, credit: creditNote };
  for (const [kind, { document }] of Object.entries(kinds)) {
    const raw = inLowerCase(document);
    expect(map(kind as DocumentKind, raw)).toEqual(map(kind as DocumentKind, document as JsonObject));
    expect(toRecord(kind as DocumentKind, raw).amount?.currency).toBe('USD');
  }
});

describe('credit note', () => {
  const mapCredit = (changes: JsonObject = {}) => map('credit', { ...creditNote.document, ...changes });

  test('keeps its type, amount and what is used of it', () => {
    expect(mapCredit()).toEqual({
      ok: true,
      value: {
        kind: 'credit',
        sourceId: '91',
        clientId: '177864',
        visibility: 'active',
        number: 'CR-1',
        amount: { amountMinor: 1250n, currency: 'USD' },
        paid: { amountMinor: 500n, currency: 'USD' },
        issuedOn: '2026-06-04',
        creditType: 'overpayment',
        notes: '',
      },
    });
  });

  test('lines are kept where they are there', () => {
    const lines = [{ name: 'Broken loaf', description: null, amount: usd('12.50'), qty: '1' }];
    expect(mapCredit({ lines, notes: 'agreed', outstanding: usd('7.50') })).toMatchObject({
      value: {
        notes: 'agreed',
        lines: [{ name: 'Broken loaf', description: '', amount: { amountMinor: 1250n, currency: 'USD' } }],
        outstanding: { amountMinor: 750n, currency: 'USD' },
      },
    });
  });

  test('an unknown type, a line without amount and a foreign currency are problems, never defaults', () => {
    const changes = {
      credit_type: 'voucher',
      lines: [{ name: 'Loaf' }],
      paid: { amount: '1.00', code: 'EUR' },
    };
    expect(problemsOf(mapCredit(changes))).toEqual(['credit_type', 'lines.0.amount', 'paid.code']);
    expect(problemsOf(mapCredit({ credit_type: null }))).toEqual(['credit_type']);
  });
});
