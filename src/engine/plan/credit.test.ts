/** What is planned for a credit: a memo, or cash that settles nothing yet. */
import { describe, expect, test } from 'vitest';
import type { CanonicalCredit } from '../../core/canonical.ts';
import { toPolicies } from '../../core/policy.ts';
import { type CreditSituation, copiedCredit, formOf, planCredit } from './credit.ts';
import {
  ACCOUNT,
  copyOf,
  creditOf,
  FACTS,
  FEBRUARY_CLOSED,
  linkOf,
  POLICIES,
  told,
  usd,
} from './test-situations.ts';

function situation(
  credit: CanonicalCredit,
  before?: CanonicalCredit,
  { applied, ...given }: Partial<CreditSituation> & { applied?: string } = {},
): CreditSituation {
  const form = formOf(credit);
  if (form === undefined || form === 'rest') throw new Error('a credit with a copy of its own');
  return {
    credit,
    form,
    externalKey: 'FB-credit-5',
    policies: POLICIES,
    facts: FACTS,
    decisions: {},
    link: before && linkOf('credit', { copied: copiedCredit(before, { account: ACCOUNT }, before.issuedOn) }),
    copy:
      before &&
      copyOf(before.amount, before.issuedOn, {
        applied: applied === undefined ? [] : [{ invoiceId: 'invoice', amount: usd(applied) }],
      }),
    account: ACCOUNT,
    toNumber: (generation) => `C-5${generation === 0 ? '' : `-R${generation}`}`,
    ...given,
  };
}

const planned = (...given: Parameters<typeof situation>) => told(planCredit(situation(...given)));
const GIVEN = creditOf('50.00');
const PREPAID = creditOf('50.00', { creditType: 'prepayment' });

describe('there is no copy', () => {
  test.each([
    ['C1 a credit', GIVEN, {}, 'create-credit'],
    [
      'C2 a credit, and no charge is configured',
      GIVEN,
      { facts: { ...FACTS, credits: false } },
      'park: no-credit-charge',
    ],
    ['C5 a prepayment', PREPAID, {}, 'create-payment 50.00'],
    [
      'C5 a prepayment needs no charge',
      PREPAID,
      { facts: { ...FACTS, credits: false } },
      'create-payment 50.00',
    ],
    ['deleted', creditOf('50.00', { visibility: 'deleted' }), {}, 'ignore: deleted-before-copy'],
    ['of nothing', creditOf('0.00'), {}, 'ignore: zero-amount'],
    [
      'in a closed period',
      creditOf('50.00', { issuedOn: '2026-02-02' }),
      { facts: FEBRUARY_CLOSED },
      'park: closed-period',
    ],
    [
      'in a closed period, moved',
      creditOf('50.00', { issuedOn: '2026-02-02' }),
      { facts: FEBRUARY_CLOSED, policies: toPolicies({ closedPeriods: 'next-open-day' }) },
      'create-credit',
    ],
  ] as const)('%s', (_, credit, given, expected) => {
    expect(planned(credit, undefined, given)).toEqual([expected]);
  });
});

describe('the copy is there', () => {
  const off = ['unapply-credit 30.00', 'unpost-credit', 'cancel-credit'];
  test.each([
    ['nothing has changed', GIVEN, GIVEN, []],
    ['C4 another amount', creditOf('40.00'), GIVEN, [...off, 'create-credit']],
    ['C4 deleted', creditOf('50.00', { visibility: 'deleted' }), GIVEN, off],
    [
      'C4 a prepayment is deleted',
      creditOf('50.00', { creditType: 'prepayment', visibility: 'deleted' }),
      PREPAID,
      ['unapply-payment 30.00', 'cancel-payment'],
    ],
  ] as const)('%s', (_, credit, before, expected) => {
    expect(planned(credit, before, { applied: '30.00' })).toEqual(expected);
  });
});

test('P5 what a payment left over is held by that payment', () => {
  expect(formOf(creditOf('5.00', { creditType: 'overpayment' }))).toBe('rest');
});
