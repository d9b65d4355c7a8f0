/** The auditor itself: it finds what is lost, doubled and wrong, and excuses only what a person is asked about. */
import { expect, test } from 'vitest';
import type { Ledger, LedgerInvoice, LedgerPayment } from '../core/ledger.ts';
import { audit, type Standing } from './auditor.ts';

const invoice: LedgerInvoice = {
  id: '1',
  number: 'A-1',
  reference: '',
  customer: '7',
  currency: 'USD',
  total: '100.00',
  outstanding: '40.00',
  issuedOn: '2026-01-01',
  dueOn: '2026-01-31',
  state: 'posted',
};
const payment: LedgerPayment = {
  id: '9',
  number: '',
  reference: '',
  customer: '7',
  currency: 'USD',
  amount: '60.00',
  applied: '60.00',
  invoiceNumbers: ['A-1'],
  paidOn: '2026-01-05',
  state: 'live',
};
const customer = 'FB-ACC-client-7-USD';
const copy = { ...invoice, customer, id: 'z1', number: 'Z-1', reference: 'FB-ACC-invoice-1' };
const paid = {
  ...payment,
  customer,
  id: 'z9',
  number: 'P-1',
  reference: 'FB-ACC-payment-9',
  unapplied: '0.00',
  refunded: '0.00',
};

function books(more: Partial<Ledger>): Ledger {
  return { account: 'ACC', customers: [], invoices: [], payments: [], calls: {}, rateLimited: 0, ...more };
}

const source = books({ invoices: [invoice], payments: [payment] });
const applications: Ledger['applications'] = [
  { from: 'payment', fromNumber: 'P-1', to: 'invoice', toNumber: 'Z-1', currency: 'USD', amount: '60.00' },
];
const same = { invoices: [copy], payments: [paid], applications };

function judge(destination: Partial<Ledger>, standings: [string, Standing][] = []) {
  const { findings, parked } = audit(source, books(destination), 'FB', new Map(standings));
  return {
    findings: findings.map(({ verdict, document, text }) => `${verdict} ${document}: ${text}`),
    parked,
  };
}

test('equal books have no findings, and equal sums', () => {
  expect(judge(same).findings).toEqual([]);
  const { sums } = audit(source, books(same), 'FB', new Map());
  expect(sums).toEqual({
    USD: {
      invoiced: { source: '100.00', destination: '100.00' },
      outstanding: { source: '40.00', destination: '40.00' },
      received: { source: '60.00', destination: '60.00' },
    },
  });
});

test('a missing copy is lost, two are doubled, one without an original is doubled, too', () => {
  expect(judge({ ...same, payments: [] }).findings).toContain('lost payment/9: no counterpart');
  expect(judge({ ...same, payments: [paid, { ...paid, number: 'P-2' }] }).findings).toEqual([
    'doubled payment/9: P-1, P-2',
  ]);
  expect(judge({ ...same, invoices: [copy, { ...copy, reference: 'FB-ACC-invoice-2' }] }).findings).toEqual([
    'doubled invoice: Z-1 has no original (FB-ACC-invoice-2)',
  ]);
});

test('a cent, a day or an application that differs is wrong', () => {
  expect(judge({ ...same, invoices: [{ ...copy, total: '100.01' }] }).findings).toEqual([
    'wrong invoice/1: total 100.01 instead of 100.00',
  ]);
  expect(judge({ ...same, payments: [{ ...paid, paidOn: '2026-01-06' }] }).findings).toEqual([
    'wrong payment/9: date 2026-01-06 instead of 2026-01-05',
  ]);
  expect(judge({ ...same, applications: [] }).findings).toEqual([
    'wrong invoice/1: 0.00 of FB-ACC-payment-9 applied instead of 60.00',
  ]);
});

test('an amount that its currency cannot have is wrong, and the others are judged all the same', () => {
  const yen = { ...invoice, currency: 'JPY', total: '763', outstanding: '763' };
  const owed = { ...copy, ...yen, customer: 'FB-ACC-client-7-JPY', id: 'z1', number: 'Z-1' };
  const odd = { ...owed, reference: copy.reference, total: '762.875' };
  const told = audit(
    books({ invoices: [yen], payments: [payment] }),
    books({ invoices: [odd] }),
    'FB',
    new Map(),
  );
  expect(told.findings.map(({ verdict, document, text }) => `${verdict} ${document}: ${text}`)).toEqual(
    expect.arrayContaining([
      'wrong invoice/1: 762.875 has more decimals than JPY allows (0)',
      'lost payment/9: no counterpart',
    ]),
  );
});

test('a copy in another currency is wrong, whatever its amounts', () => {
  const dinar = { ...copy, currency: 'KWD', total: '762.875', outstanding: '762.875' };
  const applied = [
    {
      from: 'payment',
      fromNumber: 'P-1',
      to: 'invoice',
      toNumber: 'Z-1',
      currency: 'KWD',
      amount: '762.875',
    },
  ] as const;
  expect(judge({ ...same, invoices: [dinar], applications: [...applied] }).findings).toEqual([
    'wrong invoice/1: currency KWD instead of USD',
  ]);
});

test('a record that asks a person is excused, a fault of ours is not', () => {
  const standing = (code: string): [string, Standing][] => [
    ['payment/9', { state: 'parked', code, message: 'why' }],
  ];
  const without = { invoices: [{ ...copy, outstanding: '100.00' }] };
  expect(judge(without, standing('other-currency'))).toEqual({
    findings: [],
    parked: { 'other-currency': 1 },
  });
  expect(judge(without, standing('fault')).findings).toContain('wrong payment/9: parked as fault: why');
  expect(judge(without, standing('drift')).findings).toContain('wrong payment/9: parked as drift: why');
});

test('who waits for a record is excused only as long as that one is', () => {
  const waits: Standing = {
    state: 'parked',
    code: 'waits-for-invoice',
    message: 'why',
    waitsFor: 'invoice/1',
  };
  const negative: Standing = { state: 'parked', code: 'negative-total', message: 'why' };
  expect(
    judge({}, [
      ['payment/9', waits],
      ['invoice/1', negative],
    ]).findings,
  ).toEqual([]);
  expect(judge({}, [['payment/9', waits]]).findings).toContain(
    'wrong payment/9: parked as waits-for-invoice: why',
  );
});
