/** What is planned for a payment: one external payment over the cash, applied to what it settles. */
import { describe, expect, test } from 'vitest';
import type { CanonicalPayment } from '../../core/canonical.ts';
import { toPolicies } from '../../core/policy.ts';
import type { CopyState } from '../../core/ports.ts';
import type { Link } from '../../store/links.ts';
import { copiedPayment, type PaymentSituation, planPayment } from './payment.ts';
import {
  ACCOUNT,
  copyOf,
  FACTS,
  FEBRUARY_CLOSED,
  linkOf,
  notesOf,
  POLICIES,
  paymentOf,
  told,
  usd,
} from './test-situations.ts';

type Given = Partial<Omit<PaymentSituation, 'invoice'>> & {
  /** What the invoice's copy still owes. */
  owes?: string;
  /** What of the payment's copy is applied to the invoice. */
  applied?: string;
  found?: Partial<CopyState>;
  linked?: Partial<Link>;
  invoice?: CopyState | undefined;
};

const INVOICE = { id: 'invoice', number: 'N-1' };
const invoiceOwing = (amount: string, changes: Partial<CopyState> = {}) =>
  copyOf(usd('100.00'), '2026-03-31', {
    counterpart: INVOICE,
    issuedOn: '2026-03-01',
    balance: usd(amount),
    ...changes,
  });

function situation(
  payment: CanonicalPayment,
  before: CanonicalPayment | undefined,
  { owes = '100.00', applied, found = {}, linked = {}, ...given }: Given = {},
): PaymentSituation {
  const settled = applied ?? before?.amount;
  const amount = typeof settled === 'string' ? usd(settled) : settled;
  const free = before && {
    ...before.amount,
    amountMinor: before.amount.amountMinor - (amount?.amountMinor ?? 0n),
  };
  return {
    payment,
    externalKey: 'FB-payment-9',
    policies: POLICIES,
    facts: FACTS,
    decisions: {},
    link:
      before &&
      linkOf('payment', { copied: copiedPayment(before, { account: ACCOUNT }, before.paidOn), ...linked }),
    copy:
      before &&
      copyOf(before.amount, before.paidOn, {
        balance: free ?? before.amount,
        applied: amount && amount.amountMinor > 0n ? [{ invoiceId: INVOICE.id, amount }] : [],
        ...found,
      }),
    refunds: [],
    waits: undefined,
    debits: [],
    invoice: invoiceOwing(owes),
    rest: { amount: usd('0'), clientId: '7' },
    claims: new Map(),
    account: ACCOUNT,
    ...given,
  };
}

const PAID = paymentOf('60.00');
const GONE = paymentOf('60.00', { visibility: 'deleted' });
const plan = (...given: Parameters<typeof situation>) => planPayment(situation(...given));
const planned = (...given: Parameters<typeof situation>) => told(plan(...given));
const policies = (chosen: Record<string, string>) => ({ policies: toPolicies(chosen) });

describe('there is no copy', () => {
  test.each([
    ['P1 P2 a payment', PAID, {}, 'create-payment 60.00, applied 60.00'],
    [
      'E5 the invoice owes less: the surplus stays unapplied',
      PAID,
      { owes: '45.00' },
      'create-payment 60.00, applied 45.00',
    ],
    ['X3 its invoice is gone: unapplied cash', PAID, { invoice: undefined }, 'create-payment 60.00'],
    [
      'P5 more cash than the invoice',
      PAID,
      { owes: '60.00', rest: { amount: usd('15.00'), clientId: '7' } },
      'create-payment 75.00, applied 60.00',
    ],
    ['P18 of nothing', paymentOf('0.00'), {}, 'ignore: zero-amount'],
    ['X7 deleted', GONE, {}, 'ignore: deleted-before-copy'],
    ['left out by a person', PAID, { decisions: { 'leave-out': true } }, 'ignore: left-out'],
    ['a negative one', paymentOf('-1.00'), {}, 'park: negative-payment'],
    [
      'P15 in another currency',
      paymentOf('60.00', { amount: { currency: 'EUR', amountMinor: 6000n } }),
      {},
      'park: other-currency',
    ],
  ] as const)('%s', (_, payment, given, expected) => {
    expect(planned(payment, undefined, given as Given)).toEqual([expected]);
  });
});

test('P12 P15 moved to an invoice of another currency: it comes off the one before, and a person is asked', () => {
  const payment = paymentOf('60.00');
  const amount = { currency: 'EUR', amountMinor: 10_000n };
  const invoice = invoiceOwing('100.00', { counterpart: { id: 'other', number: 'N-2' }, amount });
  const moved = planPayment(situation(payment, payment, { invoice }));
  expect(moved).toMatchObject({
    do: 'park',
    reason: { code: 'other-currency' },
    steps: [{ kind: 'unapply-payment', invoice: { id: INVOICE.id }, amount: payment.amount }],
  });
});

describe('P14 an odd date', () => {
  const early = paymentOf('60.00', { paidOn: '2026-02-20' });
  const late = paymentOf('60.00', { paidOn: '2026-04-01' });
  const made = 'create-payment 60.00, applied 60.00';
  test.each([
    ['before the invoice, kept', early, {}, made, 'kept'],
    ['before the invoice, moved', early, policies({ paymentDates: 'move' }), made, 'booked on 2026-03-01'],
    ['before the invoice, asked', early, policies({ paymentDates: 'park' }), 'park: odd-payment-date', ''],
    ['in the future, kept', late, {}, made, 'kept'],
    ['in the future, moved', late, policies({ paymentDates: 'move' }), made, 'booked on 2026-03-10'],
    ['in a closed period, asked', early, { facts: FEBRUARY_CLOSED }, 'park: closed-period', ''],
    [
      'in a closed period, moved',
      early,
      { facts: FEBRUARY_CLOSED, ...policies({ closedPeriods: 'next-open-day' }) },
      made,
      'booked on 2026-03-01',
    ],
  ] as const)('%s', (_, payment, given, expected, note) => {
    const result = plan(payment, undefined, given);
    expect(told(result)).toEqual([expected]);
    expect(notesOf(result).join(' ')).toContain(note);
  });
});

describe('the copy is there', () => {
  const anew = (amount: string) => [
    'unapply-payment 60.00',
    'cancel-payment',
    `create-payment ${amount}, applied ${amount}`,
  ];
  test.each([
    ['P17 nothing has changed', PAID, []],
    ['P8 raised', paymentOf('70.00'), anew('70.00')],
    ['P8 another date', paymentOf('60.00', { paidOn: '2026-03-06' }), anew('60.00')],
    ['P8 another method', paymentOf('60.00', { method: 'cash' }), anew('60.00')],
    ['P9 another note', paymentOf('60.00', { note: 'Thanks' }), ['update-payment']],
    ['P11 smaller: a refund', paymentOf('40.00'), ['unapply-payment 20.00', 'refund-payment 20.00']],
    ['P10 deleted', GONE, ['unapply-payment 60.00', 'cancel-payment']],
  ] as const)('%s', (_, payment, expected) => {
    expect(planned(payment, PAID, { owes: '40.00' })).toEqual(expected);
  });

  test('P11 smaller, reducedPayments = replace', () => {
    const given = { owes: '40.00', ...policies({ reducedPayments: 'replace' }) };
    expect(planned(paymentOf('40.00'), PAID, given)).toEqual(anew('40.00'));
  });

  test('P10 deleted after a refund: the refund is taken back first', () => {
    const refund = { id: 'R-1', number: 'R-1' };
    const refunds = [{ refund, amount: usd('20.00') }];
    expect(planned(GONE, PAID, { owes: '40.00', refunds })).toEqual([
      'unapply-payment 60.00',
      'cancel-refund',
      'cancel-payment',
    ]);
  });

  test('P12 moved to another invoice: unapplied there, applied here', () => {
    const other = invoiceOwing('100.00', { counterpart: { id: 'other', number: 'N-2' } });
    expect(planned(PAID, PAID, { invoice: other })).toEqual(['unapply-payment 60.00', 'apply-payment 60.00']);
  });

  test('E6 its invoice has moved to another account: the payment goes along', () => {
    const account = { id: 'other', number: 'A-8' };
    expect(planned(PAID, PAID, { owes: '40.00', account })).toContain('transfer-payment');
  });

  test.each([
    [
      'X5 E4 there is room again: applied again',
      { applied: '0.00', owes: '100.00' },
      ['apply-payment 60.00'],
    ],
    ['E5 there is room for a part', { applied: '0.00', owes: '45.00' }, ['apply-payment 45.00']],
    ['X3 its invoice is gone', { invoice: undefined }, ['unapply-payment 60.00']],
  ] as const)('%s', (_, given, expected) => {
    expect(planned(PAID, PAID, given as Given)).toEqual(expected);
  });

  test('E12 somebody has unapplied it by hand: a person is asked', () => {
    const confirmed = { amountMinor: '6000', balanceMinor: '0', date: PAID.paidOn, stage: 'posted' };
    const given = { applied: '0.00', linked: { confirmed } };
    expect(planned(PAID, PAID, given)).toEqual(['park: drift']);
    expect(planned(PAID, PAID, { ...given, ...policies({ drift: 'heal' }) })).toEqual([
      'apply-payment 60.00',
    ]);
  });

  test('X5 a cancelled copy is made anew', () => {
    const dead = { linked: { stage: 'cancelled' }, found: { stage: 'cancelled' as const, applied: [] } };
    expect(planned(PAID, PAID, dead)).toEqual(['create-payment 60.00, applied 60.00']);
  });
});
