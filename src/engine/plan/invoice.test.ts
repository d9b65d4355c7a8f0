/** What is planned for an invoice: from what the source says and what the destination holds. */
import { describe, expect, test } from 'vitest';
import type { CanonicalInvoice } from '../../core/canonical.ts';
import { formatMoney } from '../../core/money.ts';
import { toPolicies } from '../../core/policy.ts';
import type { CopyState } from '../../core/ports.ts';
import type { Link } from '../../store/links.ts';
import { copiedInvoice, type InvoiceSituation, planInvoice } from './invoice.ts';
import {
  ACCOUNT,
  copyOf,
  FACTS,
  FEBRUARY_CLOSED,
  invoiceOf,
  linkOf,
  notesOf,
  POLICIES,
  settledBy,
  told,
  usd,
} from './test-situations.ts';

type Given = Partial<InvoiceSituation> & {
  /** Amounts applied to the copy by payments of ours. */
  paid?: Record<string, string>;
  linked?: Partial<Link>;
  found?: Partial<CopyState>;
};

/** `before` is what was copied and confirmed; undefined where there is no copy. */
function situation(
  invoice: CanonicalInvoice,
  before: CanonicalInvoice | undefined,
  { paid = {}, linked = {}, found = {}, ...given }: Given = {},
): InvoiceSituation {
  const settling = settledBy(paid);
  const paidMinor = settling.reduce((sum, { amount }) => sum + amount.amountMinor, 0n);
  const stage = before?.stage === 'draft' ? 'draft' : 'posted';
  const balance = before && { ...before.total, amountMinor: before.total.amountMinor - paidMinor };
  const confirmed = before && {
    amountMinor: before.total.amountMinor.toString(),
    balanceMinor: String(balance?.amountMinor),
    date: before.dueOn,
    stage,
  };
  return {
    invoice,
    externalKey: 'FB-invoice-1',
    policies: POLICIES,
    facts: FACTS,
    decisions: {},
    link:
      before &&
      linkOf('invoice', {
        currency: before.currency,
        stage,
        copied: copiedInvoice(before, { account: ACCOUNT }, before.issuedOn),
        confirmed: confirmed ?? null,
        ...linked,
      }),
    copy:
      before &&
      copyOf(before.total, before.dueOn, {
        stage,
        issuedOn: before.issuedOn,
        balance: balance ?? before.total,
        ...found,
      }),
    parts: { items: [], itemIds: ['item'], settledBy: settling },
    ours: new Set(Object.keys(paid)),
    memos: [],
    account: ACCOUNT,
    toNumber: (generation) => (generation === 0 ? 'N-1' : `N-1-R${generation}`),
    unpostingRefused: false,
    deletingRefused: false,
    ...given,
  };
}

const SENT = invoiceOf('100.00');
const DRAFT = invoiceOf('100.00', { stage: 'draft' });
const RAISED = invoiceOf('120.00');
const LOWERED = invoiceOf('80.00');
const GONE = invoiceOf('100.00', { visibility: 'deleted' });
const plan = (...given: Parameters<typeof situation>) => planInvoice(situation(...given));
const planned = (...given: Parameters<typeof situation>) => told(plan(...given));
const policies = (chosen: Record<string, string>) => ({ policies: toPolicies(chosen) });

describe('there is no copy', () => {
  test.each([
    ['D4 sent', SENT, {}, 'create-invoice N-1 posted on 2026-03-01'],
    ['D1 a draft', DRAFT, {}, 'create-invoice N-1 draft on 2026-03-01'],
    ['D1 a draft, drafts = wait', DRAFT, policies({ drafts: 'wait' }), 'ignore: draft-waits'],
    ['D1 a draft without lines', invoiceOf('0.00', { stage: 'draft', lines: [] }), {}, 'ignore: no-lines'],
    ['sent without lines', invoiceOf('0.00', { lines: [] }), {}, 'ignore: no-lines'],
    ['X7 deleted', GONE, {}, 'ignore: deleted-before-copy'],
    ['M9 over zero', invoiceOf('0.00'), {}, 'create-invoice N-1 posted on 2026-03-01'],
    [
      'M9 over zero, left out',
      invoiceOf('0.00'),
      policies({ zeroTotals: 'leave-out' }),
      'ignore: zero-total',
    ],
    ['M10 negative', invoiceOf('-5.00'), {}, 'park: negative-total'],
    ['M6 not explained', invoiceOf('100.00', { total: usd('111.00') }), {}, 'park: total-not-explained'],
    [
      'D6 a new number was decided',
      SENT,
      { decisions: { renumber: 1 } },
      'create-invoice N-1-R1 posted on 2026-03-01',
    ],
    ['left out by a person', SENT, { decisions: { 'leave-out': true } }, 'ignore: left-out'],
  ] as const)('%s', (_, invoice, given, expected) => {
    expect(planned(invoice, undefined, given)).toEqual([expected]);
  });

  const february = invoiceOf('100.00', { issuedOn: '2026-02-15' });
  test.each([
    ['asked', {}, ['park: closed-period'], []],
    [
      'by policy',
      policies({ closedPeriods: 'next-open-day' }),
      ['create-invoice N-1 posted on 2026-03-01'],
      ['2026-03-01'],
    ],
    [
      'by a decision',
      { decisions: { 'open-day': true } },
      ['create-invoice N-1 posted on 2026-03-01'],
      ['2026-03-01'],
    ],
  ] as const)('D9 dated in a closed period, %s', (_, given, expected, noted) => {
    const made = plan(february, undefined, { facts: FEBRUARY_CLOSED, ...given });
    expect(told(made)).toEqual(expected);
    for (const day of noted) expect(notesOf(made).join()).toContain(`booked on ${day}`);
  });
});

describe('the copy is there', () => {
  const toDraft = ['unpost-invoice', 'replace-lines', 'post-invoice'];
  test.each([
    ['E10 nothing has changed', SENT, SENT, []],
    ['D3 a draft is sent', SENT, DRAFT, ['post-invoice']],
    ['D2 lines of a draft', invoiceOf('120.00', { stage: 'draft' }), DRAFT, ['replace-lines']],
    ['D3 a draft is edited and sent', RAISED, DRAFT, ['replace-lines', 'post-invoice']],
    ['E1 texts', invoiceOf('100.00', { notes: 'Thanks' }), SENT, ['change-texts']],
    [
      'E2 the due date',
      invoiceOf('100.00', { dueOn: '2026-04-15' }),
      SENT,
      ['unpost-invoice', 'change-due-date', 'post-invoice'],
    ],
    ['E3 raised', RAISED, SENT, toDraft],
    ['E3 lowered', LOWERED, SENT, toDraft],
    [
      'E6 moved to another client',
      invoiceOf('100.00', { clientId: '8' }),
      SENT,
      ['reverse-invoice', 'create-invoice N-1-R1 posted on 2026-03-01'],
    ],
    [
      'E7 in another currency',
      invoiceOf('100.00', { currency: 'EUR' }),
      SENT,
      ['reverse-invoice', 'create-invoice N-1-R1 posted on 2026-03-01'],
    ],
    [
      'E6 a draft is moved: its number is free again',
      invoiceOf('100.00', { clientId: '8', stage: 'draft' }),
      DRAFT,
      ['delete-invoice', 'create-invoice N-1 draft on 2026-03-01'],
    ],
    ['X1 a draft is deleted', GONE, DRAFT, ['delete-invoice']],
    ['X2 a posted one is deleted', GONE, SENT, ['reverse-invoice']],
    [
      'X2 one over zero is deleted',
      invoiceOf('0.00', { visibility: 'deleted' }),
      invoiceOf('0.00'),
      ['unpost-invoice', 'delete-invoice'],
    ],
    ['X6 archived', invoiceOf('100.00', { visibility: 'archived' }), SENT, []],
    ['E8 another number', invoiceOf('100.00', { number: 'N-2' }), SENT, []],
  ] as const)('%s', (_, invoice, before, expected) => {
    expect(planned(invoice, before)).toEqual(expected);
  });

  test('X6 E8 what needs no step is noted', () => {
    expect(notesOf(plan(invoiceOf('100.00', { visibility: 'archived' }), SENT))).toEqual([
      'Archived in the source; the copy stays.',
    ]);
    expect(notesOf(plan(invoiceOf('100.00', { number: 'N-2' }), SENT)).join()).toContain('from N-1 to N-2');
  });

  test.each([
    ['the policy reissue', policies({ edits: 'reissue' })],
    ['a tenant that forbids to unpost', { facts: { ...FACTS, unposting: false } }],
    ['a copy that was refused before', { unpostingRefused: true }],
  ])('E3 with %s it is reversed and issued anew', (_, given) => {
    expect(planned(RAISED, SENT, given)).toEqual([
      'reverse-invoice',
      'create-invoice N-1-R1 posted on 2026-03-01',
    ]);
  });

  const taxed = invoiceOf('100.00');
  test('E3 lines with taxes come by a new draft under the same number', () => {
    const [line] = taxed.lines;
    const lines = line ? [{ ...line, taxes: [{ name: 'VAT', ratePercent: '10' }] }] : [];
    const invoice = invoiceOf('100.00', { lines, total: usd('110.00') });
    expect(planned(invoice, SENT)).toEqual([
      'unpost-invoice',
      'delete-invoice',
      'create-invoice N-1 posted on 2026-03-01',
    ]);
    expect(planned(invoice, SENT, { facts: { ...FACTS, taxedLinesReplaceable: true } })).toEqual(toDraft);
  });

  test('X1 where drafts cannot be deleted, they are cancelled first', () => {
    expect(planned(GONE, DRAFT, { deletingRefused: true })).toEqual(['cancel-invoice', 'delete-invoice']);
  });

  test('X1 a draft that was cancelled, but not deleted when the process died, is deleted', () => {
    const cancelled = { linked: { stage: 'cancelled' }, found: { stage: 'cancelled' as const } };
    expect(planned(GONE, DRAFT, cancelled)).toEqual(['delete-invoice']);
    expect(planned(DRAFT, DRAFT, cancelled)).toEqual([
      'delete-invoice',
      'create-invoice N-1 draft on 2026-03-01',
    ]);
  });

  test('X5 a restored invoice gets the next number, a restored draft its own', () => {
    const dead = (stage: 'reversed' | 'deleted') => ({ linked: { stage }, found: { stage } });
    expect(planned(SENT, SENT, dead('reversed'))).toEqual(['create-invoice N-1-R1 posted on 2026-03-01']);
    expect(planned(DRAFT, DRAFT, dead('deleted'))).toEqual(['create-invoice N-1 draft on 2026-03-01']);
  });
});

describe('something is applied', () => {
  const paid = { paid: { 'P-1': '60.00', 'P-2': '10.00' } };
  const off = ['unapply-payment 60.00', 'unapply-payment 10.00'];
  test.each([
    ['E4 raised', RAISED, {}, [...off, 'unpost-invoice', 'replace-lines', 'post-invoice']],
    [
      'E4 raised, reissued',
      RAISED,
      policies({ edits: 'reissue' }),
      [...off, 'reverse-invoice', 'create-invoice N-1-R1 posted on 2026-03-01'],
    ],
    ['E1 texts', invoiceOf('100.00', { notes: 'Thanks' }), {}, ['change-texts']],
    ['X3 deleted', GONE, {}, [...off, 'reverse-invoice']],
    ['E11 raised, edits = memo', RAISED, policies({ edits: 'memo' }), ['adjust-invoice debit 20.00']],
    [
      'E11 lowered, edits = memo: there is room',
      LOWERED,
      policies({ edits: 'memo' }),
      ['adjust-invoice credit 20.00'],
    ],
    [
      'E11 lowered below what is open: payments make way',
      invoiceOf('20.00'),
      policies({ edits: 'memo' }),
      [...off, 'adjust-invoice credit 80.00'],
    ],
  ] as const)('%s', (_, invoice, given, expected) => {
    expect(planned(invoice, SENT, { ...paid, ...given })).toEqual(expected);
  });

  test('by hand: nothing is touched, a person is asked with the figures', () => {
    const made = plan(RAISED, SENT, { ...paid, ours: new Set(['P-1']) });
    expect(told(made)).toEqual(['park: settled-by-hand']);
    expect(made.do === 'park' && made.reason.message).toContain(`P-2 (${formatMoney(usd('10.00'))} USD)`);
  });
});

describe('E12 somebody else has changed the copy', () => {
  const changed = { found: { amount: usd('150.00'), balance: usd('150.00') } };
  test.each([
    ['a person is asked', changed, ['park: drift']],
    [
      'policy drift = heal',
      { ...changed, ...policies({ drift: 'heal' }) },
      ['unpost-invoice', 'replace-lines', 'post-invoice'],
    ],
    [
      'decided so',
      { ...changed, decisions: { heal: true } },
      ['unpost-invoice', 'replace-lines', 'post-invoice'],
    ],
    [
      'steps of ours are not confirmed yet',
      { ...changed, linked: { touched: true } },
      ['unpost-invoice', 'replace-lines', 'post-invoice'],
    ],
    ['it is gone', { copy: undefined }, ['park: copy-not-there']],
    [
      'it is gone, and is to be made anew',
      { copy: undefined, decisions: { heal: true } },
      ['create-invoice N-1 posted on 2026-03-01'],
    ],
  ] as const)('%s', (_, given, expected) => {
    expect(planned(SENT, SENT, given as Given)).toEqual(expected);
  });

  test('both sides are shown', () => {
    const made = plan(SENT, SENT, changed);
    expect(made.do === 'park' && made.reason.figures).toEqual([
      { name: 'amount', source: '100.00 USD', destination: '150.00 USD' },
      { name: 'open amount', source: '100.00 USD', destination: '150.00 USD' },
    ]);
  });
});
