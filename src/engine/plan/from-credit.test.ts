/** What is planned for a payment out of a credit: the credit's copy is applied, no cash moves. */
import { describe, expect, test } from 'vitest';
import type { CanonicalPayment } from '../../core/canonical.ts';
import type { CopyState } from '../../core/ports.ts';
import { type FromCreditSituation, planFromCredit } from './from-credit.ts';
import { copyOf, FACTS, linkOf, notesOf, paymentOf, told, usd } from './test-situations.ts';

/** `applied` is what the credit's copy settles of the invoice already. */
function situation(
  payment: CanonicalPayment,
  { applied = '0.00', ...given }: Partial<FromCreditSituation> & { applied?: string } = {},
): FromCreditSituation {
  const part = { invoiceId: 'invoice', amount: usd(applied) };
  return {
    payment,
    decisions: {},
    facts: FACTS,
    link: part.amount.amountMinor > 0n ? linkOf('payment') : undefined,
    credit: copyOf(usd('80.00'), '2026-03-02', { applied: part.amount.amountMinor > 0n ? [part] : [] }),
    holder: 'credit',
    invoice: owing('100.00'),
    debits: [],
    before: undefined,
    others: new Map(),
    ...given,
  };
}

const owing = (balance: string, changes: Partial<CopyState> = {}) =>
  copyOf(usd('100.00'), '2026-03-31', {
    counterpart: { id: 'invoice', number: 'N-1' },
    balance: usd(balance),
    ...changes,
  });
const PAID = paymentOf('30.00', { fromCredit: true });
const GONE = paymentOf('30.00', { fromCredit: true, visibility: 'deleted' });
const plan = (...given: Parameters<typeof situation>) => planFromCredit(situation(...given));

describe('P6 C3 a payment out of a credit', () => {
  test.each([
    ['a memo is applied', PAID, {}, ['apply-credit 30.00']],
    ['the rest of a payment is applied', PAID, { holder: 'payment' }, ['apply-payment 30.00']],
    ['nothing has changed', PAID, { applied: '30.00', invoice: owing('70.00') }, []],
    [
      'raised',
      paymentOf('40.00', { fromCredit: true }),
      { applied: '30.00', invoice: owing('70.00') },
      ['apply-credit 10.00'],
    ],
    [
      'lowered',
      paymentOf('20.00', { fromCredit: true }),
      { applied: '30.00', invoice: owing('70.00') },
      ['unapply-credit 10.00'],
    ],
    ['the invoice owes less (E5)', PAID, { invoice: owing('25.00') }, ['apply-credit 25.00']],
    [
      'another payment out of it settles the same invoice',
      PAID,
      { applied: '20.00', invoice: owing('80.00'), others: new Map([['invoice', 2000n]]) },
      ['apply-credit 30.00'],
    ],
    [
      'deleted: back into the credit',
      GONE,
      { applied: '30.00', invoice: owing('70.00') },
      ['unapply-credit 30.00'],
    ],
    ['deleted before it was copied', GONE, {}, ['ignore: deleted-before-copy']],
    [
      'the invoice is on another account',
      PAID,
      { invoice: owing('100.00', { accountId: 'other' }) },
      ['park: credit-on-other-account'],
    ],
  ] as const)('%s', (_, payment, given, expected) => {
    expect(told(plan(payment, given))).toEqual(expected);
  });

  test('moved to another invoice: unapplied there first, then applied here', () => {
    const other = owing('100.00', { counterpart: { id: 'other', number: 'N-2' } });
    const before = { id: 'invoice', number: 'N-1' };
    expect(told(plan(PAID, { applied: '30.00', invoice: other, before }))).toEqual([
      'unapply-credit 30.00',
      'apply-credit 30.00',
    ]);
  });

  test('what is taken back is noted', () => {
    expect(notesOf(plan(GONE, { applied: '30.00', invoice: owing('70.00') }))).toEqual([
      'Not in the source any more: taken off the invoice, back into the credit.',
    ]);
  });
});
