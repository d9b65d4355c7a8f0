/** What all plans share: closed periods, changes by others, and clients whose accounts follow. */
import { describe, expect, test } from 'vitest';
import { toPolicies } from '../../core/policy.ts';
import type { Holder } from '../../store/account-owners.ts';
import { clientFingerprint, planClient } from './client.ts';
import { bookableDay, latest, strayed } from './plan.ts';
import { clientOf, copyOf, linkOf, notesOf, POLICIES, told, usd } from './test-situations.ts';

describe('D9 the day on which something can be booked', () => {
  const closedPeriods = [
    { from: '2026-01-01', to: '2026-01-31' },
    { from: '2026-02-01', to: '2026-02-28' },
    { from: '2026-05-01', to: '2026-05-31' },
  ];
  test.each([
    ['open', '2026-03-15', false, { on: '2026-03-15', closed: false }],
    ['closed, and not to be moved', '2026-02-15', false, undefined],
    ['closed', '2026-02-15', true, { on: '2026-03-01', closed: true }],
    ['closed, and so is the next period', '2026-01-31', true, { on: '2026-03-01', closed: true }],
    ['the last day of a closed period', '2026-05-31', true, { on: '2026-06-01', closed: true }],
    ['the day after it', '2026-06-01', false, { on: '2026-06-01', closed: false }],
  ] as const)('%s', (_, day, mayMove, expected) => {
    expect(bookableDay(day, { closedPeriods }, mayMove)).toEqual(expected);
  });

  test('the latest day counts, missing ones do not', () => {
    expect(latest('2026-03-01', undefined, '2026-02-28')).toBe('2026-03-01');
  });
});

describe('E12 a copy that somebody else has changed', () => {
  const confirmed = { amountMinor: '10000', balanceMinor: '4000', date: '2026-03-31', stage: 'posted' };
  const link = linkOf('invoice', { confirmed });
  const same = copyOf(usd('100.00'), '2026-03-31', { balance: usd('40.00') });
  const asked = { policies: POLICIES, decisions: {} };

  test.each([
    ['as it was', same, undefined],
    ['another amount', { ...same, amount: usd('99.00') }, 'drift'],
    ['another due date', { ...same, date: '2026-04-01' }, 'drift'],
    ['settled by somebody', { ...same, balance: usd('0.00') }, 'drift'],
    ['taken back to draft', { ...same, stage: 'draft' as const }, 'drift'],
    ['not there', undefined, 'copy-not-there'],
  ] as const)('%s', (_, copy, code) => {
    expect(strayed(link, copy, asked)?.code).toBe(code);
  });

  test('what was never confirmed, is not confirmed yet, or is to be healed is no reason to ask', () => {
    const other = { ...same, amount: usd('99.00') };
    expect(strayed(linkOf('invoice'), other, asked)).toBeUndefined();
    expect(strayed({ ...link, touched: true }, other, asked)).toBeUndefined();
    expect(strayed(link, other, { ...asked, policies: toPolicies({ drift: 'heal' }) })).toBeUndefined();
    expect(strayed(link, other, { ...asked, decisions: { heal: true } })).toBeUndefined();
    expect(strayed(undefined, undefined, asked)).toBeUndefined();
  });
});

describe('a client', () => {
  const OWN = new Map(['USD', 'EUR'].map((id): [string, Holder] => [id, { who: 'self' }]));
  const before = clientOf();
  const account = (currency: string, found = false) =>
    linkOf('client', {
      currency,
      counterpart: { id: currency, number: `A-7-${currency}` },
      stage: 'active',
      fingerprint: clientFingerprint(before),
      copied: { found },
    });
  const changed = clientOf({ organization: 'Ada Inc' });

  test('K1 without an invoice has no account yet', () => {
    expect(told(planClient(before, [], OWN, POLICIES))).toEqual(['ignore: no-invoice-yet']);
  });

  test('K7 nothing is done for a change of nothing that is copied', () => {
    expect(told(planClient(clientOf({ visibility: 'active' }), [account('USD')], OWN, POLICIES))).toEqual([]);
  });

  test.each([
    ['follow', ['update-account', 'update-account'], ''],
    ['made-only', ['update-account'], 'A-7-EUR stays as it is'],
    ['leave', [], 'A-7-USD, A-7-EUR stays as it is'],
  ])(
    'K7 with the policy %s accounts in two currencies, one of them found, follow so',
    (clientEdits, expected, note) => {
      const plan = planClient(
        changed,
        [account('USD'), account('EUR', true)],
        OWN,
        toPolicies({ clientEdits }),
      );
      expect(told(plan)).toEqual(expected);
      expect(notesOf(plan).join()).toContain(note);
    },
  );

  test.each([
    [
      { who: 'other', name: 'south/8', told: 'Ben (south/8)' },
      'is that of Ben (south/8): its name and e-mail stay',
    ],
    [{ who: 'nobody' }, 'nobody has said whose it is: no name or e-mail is written to it'],
    [undefined, 'no name or e-mail is written to it'],
  ] as const)('K5 an account that is not the client’s own keeps its name (%j)', (holder, note) => {
    const holders = new Map<string, Holder>(holder ? [['USD', holder]] : []);
    const plan = planClient(changed, [account('USD')], holders, POLICIES);
    expect(told(plan)).toEqual([]);
    expect(notesOf(plan).join()).toContain(note);
  });

  test.each(['archived', 'deleted'] as const)('K9 %s: the account stays, with a note', (visibility) => {
    const plan = planClient(clientOf({ visibility }), [account('USD')], OWN, POLICIES);
    expect(told(plan)).toEqual([]);
    expect(notesOf(plan).join()).toContain('in the source; account A-7-USD stays');
  });

  test.each(['archived', 'deleted'] as const)(
    'K7 K9 a change that is first seen with the client %s is followed',
    (visibility) => {
      const plan = planClient({ ...changed, visibility }, [account('USD')], OWN, POLICIES);
      expect(told(plan)).toEqual(['update-account']);
    },
  );
});
