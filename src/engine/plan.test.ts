/** Plans, as a table: what the source says and what was delivered decide, nothing else. */
import { describe, expect, test } from 'vitest';
import type { CanonicalClient, CanonicalInvoice, CanonicalPayment } from '../core/canonical.ts';
import type { Link } from '../store/links.ts';
import { backoffMs } from './lane.ts';
import {
  clientFingerprint,
  type Decision,
  invoiceFingerprint,
  paymentFingerprint,
  planClient,
  planCredit,
  planInvoice,
  planPayment,
} from './plan.ts';

const usd = (amountMinor: bigint) => ({ amountMinor, currency: 'USD' });

const invoice: CanonicalInvoice = {
  kind: 'invoice',
  sourceId: '1',
  clientId: '7',
  visibility: 'active',
  number: 'N-1',
  currency: 'USD',
  issuedOn: '2026-01-05',
  dueOn: '2026-02-04',
  stage: 'issued',
  sourceStatus: 'sent',
  lines: [
    {
      name: 'A',
      description: '',
      quantity: '1',
      unitPrice: '1.00',
      amount: usd(100n),
      taxes: [],
      compound: false,
    },
    {
      name: 'B',
      description: '',
      quantity: '1',
      unitPrice: '2.00',
      amount: usd(200n),
      taxes: [],
      compound: false,
    },
  ],
  discountPercent: '0',
  discountTotal: usd(0n),
  total: usd(300n),
  outstanding: usd(300n),
  notes: '',
  terms: '',
  poNumber: '',
};

const payment: CanonicalPayment = {
  kind: 'payment',
  sourceId: '9',
  clientId: '7',
  visibility: 'active',
  invoiceId: '1',
  amount: usd(300n),
  paidOn: '2026-01-06',
  method: 'cash',
  methodLabel: 'Cash',
  note: '',
  fromCredit: false,
};

const client: CanonicalClient = {
  kind: 'client',
  sourceId: '7',
  clientId: '7',
  visibility: 'active',
  organization: 'Ada Ltd',
  address: {},
};

function linkOf(kind: Link['kind'], fingerprint: string, stage = 'posted', currency = 'USD'): Link {
  const counterpart = { id: 'x-1', number: 'X-1' };
  return {
    connectionId: 'c',
    kind,
    sourceId: '1',
    currency,
    counterpart,
    stage,
    fingerprint,
    confirmed: null,
  };
}
const said = (decision: Decision) =>
  'reason' in decision ? `${decision.do} ${decision.reason.code}` : decision.do;

describe('an invoice', () => {
  const link = linkOf('invoice', invoiceFingerprint(invoice));
  const draftLink = linkOf('invoice', invoiceFingerprint(invoice), 'draft');
  test.each<[string, Partial<CanonicalInvoice>, Link | undefined, string]>([
    ['D4 new and issued', {}, undefined, 'create'],
    ['D1 new and a draft', { stage: 'draft' }, undefined, 'create'],
    ['X6 new and archived', { visibility: 'archived' }, undefined, 'create'],
    ['M9 new with a total of zero', { total: usd(0n) }, undefined, 'create'],
    ['M10 new with a negative total', { total: usd(-1n) }, undefined, 'park negative-total'],
    ['X7 deleted and never copied', { visibility: 'deleted' }, undefined, 'ignore deleted-before-copy'],
    ['X2 deleted after its copy', { visibility: 'deleted' }, link, 'park invoice-deleted'],
    ['E10 unchanged', {}, link, 'nothing'],
    ['D5 with another status word', { sourceStatus: 'viewed' }, link, 'nothing'],
    ['P1 paid since', { outstanding: usd(0n) }, link, 'nothing'],
    ['X6 archived after its copy', { visibility: 'archived' }, link, 'nothing'],
    ['D3 a draft that was sent', {}, draftLink, 'post'],
    ['D1 a draft still', { stage: 'draft' }, draftLink, 'nothing'],
    ['E2 another due date', { dueOn: '2026-03-01' }, link, 'park invoice-edited'],
    ['E1 other notes', { notes: 'thanks' }, link, 'park invoice-edited'],
    ['E3 lines in another order', { lines: invoice.lines.toReversed() }, link, 'park invoice-edited'],
    ['E6 another client', { clientId: '8' }, link, 'park invoice-edited'],
    ['E7 another currency', { currency: 'EUR' }, link, 'park invoice-edited'],
    ['E8 another number', { number: 'N-2' }, link, 'park invoice-edited'],
    ['D2 a draft that was edited and sent', { dueOn: '2026-03-01' }, draftLink, 'park invoice-edited'],
  ])('%s', (_title, changes, known, expected) => {
    expect(said(planInvoice({ ...invoice, ...changes }, known))).toBe(expected);
  });
});

describe('a payment', () => {
  const link = linkOf('payment', paymentFingerprint(payment));
  test.each<[string, Partial<CanonicalPayment>, Link | undefined, string]>([
    ['P1 new', {}, undefined, 'create'],
    ['P18 of nothing', { amount: usd(0n) }, undefined, 'ignore zero-amount'],
    ['P11 negative', { amount: usd(-1n) }, undefined, 'park refund-unsupported'],
    ['P6 from credit', { fromCredit: true }, undefined, 'park paid-from-credit'],
    ['P5 part of more cash', { overpaymentId: '3' }, undefined, 'park overpayment'],
    ['X7 deleted and never copied', { visibility: 'deleted' }, undefined, 'ignore deleted-before-copy'],
    ['P10 deleted after its copy', { visibility: 'deleted' }, link, 'park payment-deleted'],
    ['E10 unchanged', {}, link, 'nothing'],
    ['P8 another amount', { amount: usd(299n) }, link, 'park payment-edited'],
    ['P8 another date', { paidOn: '2026-01-07' }, link, 'park payment-edited'],
    ['P9 another note', { note: 'thanks' }, link, 'park payment-edited'],
    ['P12 another invoice', { invoiceId: '2' }, link, 'park payment-edited'],
  ])('%s', (_title, changes, known, expected) => {
    expect(said(planPayment({ ...payment, ...changes }, known))).toBe(expected);
  });
});

describe('a client', () => {
  const link = linkOf('client', clientFingerprint(client), 'active');
  const old = linkOf('client', 'of an earlier state', 'active', 'EUR');
  test.each<[string, Partial<CanonicalClient>, Link[], string]>([
    ['without an invoice', {}, [], 'ignore no-invoice-yet'],
    ['unchanged', {}, [link], 'nothing'],
    ['K7 changed', { email: 'new@example.com' }, [link], 'park client-edited'],
    ['K7 with one account of two that lags behind', {}, [link, old], 'park client-edited'],
    ['K9 deleted', { visibility: 'deleted' }, [link], 'nothing'],
  ])('%s', (_title, changes, links, expected) => {
    expect(said(planClient({ ...client, ...changes }, links))).toBe(expected);
  });
});

test('everything that parks tells the way out', () => {
  const decisions = [
    planCredit(),
    planInvoice({ ...invoice, total: usd(-1n) }, undefined),
    planInvoice(invoice, linkOf('invoice', 'old')),
    planPayment({ ...payment, fromCredit: true }, undefined),
    planPayment({ ...payment, amount: usd(-1n) }, undefined),
    planPayment(payment, linkOf('payment', 'old')),
    planClient(client, [linkOf('client', 'old')]),
  ];
  for (const decision of decisions) {
    expect(decision).toMatchObject({
      do: 'park',
      reason: { message: expect.any(String), wayOut: expect.any(String) },
    });
  }
});

test('the wait between tries grows to a cap, with full jitter', () => {
  expect([1, 2, 3, 7, 100].map((failures) => backoffMs(failures, 1))).toEqual([
    1_000, 2_000, 4_000, 60_000, 60_000,
  ]);
  expect(backoffMs(3, 0)).toBe(0);
});
