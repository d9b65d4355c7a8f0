/** Situations of plans, and plans, in few words: for their tests. */
import type {
  CanonicalClient,
  CanonicalCredit,
  CanonicalInvoice,
  CanonicalPayment,
  PlainDate,
} from '../../core/canonical.ts';
import { formatMoney, type Money, parseMoney } from '../../core/money.ts';
import { toPolicies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts, InvoiceParts } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import type { Link } from '../../store/links.ts';
import type { Plan } from './plan.ts';

export const POLICIES = toPolicies({});
export const ACCOUNT = { id: 'account', number: 'A-7' };
export const FACTS: DestinationFacts = {
  today: '2026-03-10',
  closedPeriods: [],
  unposting: true,
  credits: true,
  taxedLinesReplaceable: false,
  paymentTerms: [],
};
export const FEBRUARY_CLOSED = {
  ...FACTS,
  closedPeriods: [{ from: '2026-02-01', to: '2026-02-28' }],
};
const BASE = { clientId: '7', visibility: 'active' } as const;

export const usd = (text: string): Money => parseMoney(text, 'USD');

export function invoiceOf(amount: string, changes: Partial<CanonicalInvoice> = {}): CanonicalInvoice {
  const total = parseMoney(amount, changes.currency ?? 'USD');
  return {
    ...BASE,
    kind: 'invoice',
    sourceId: '1',
    number: 'N-1',
    currency: total.currency,
    issuedOn: '2026-03-01',
    dueOn: '2026-03-31',
    stage: 'issued',
    sourceStatus: 'sent',
    lines: [
      {
        name: 'Work',
        description: '',
        quantity: '1',
        unitPrice: amount,
        amount: total,
        taxes: [],
        compound: false,
      },
    ],
    discountPercent: '0',
    discountTotal: { ...total, amountMinor: 0n },
    total,
    outstanding: total,
    notes: '',
    terms: '',
    poNumber: '',
    ...changes,
  };
}

export function paymentOf(amount: string, changes: Partial<CanonicalPayment> = {}): CanonicalPayment {
  return {
    ...BASE,
    kind: 'payment',
    sourceId: '9',
    invoiceId: '1',
    amount: usd(amount),
    paidOn: '2026-03-05',
    method: 'check',
    methodLabel: 'Check',
    note: '',
    fromCredit: false,
    ...changes,
  };
}

export function creditOf(amount: string, changes: Partial<CanonicalCredit> = {}): CanonicalCredit {
  return {
    ...BASE,
    kind: 'credit',
    sourceId: '5',
    number: 'C-5',
    amount: usd(amount),
    issuedOn: '2026-03-02',
    creditType: 'goodwill',
    notes: '',
    ...changes,
  };
}

export function clientOf(changes: Partial<CanonicalClient> = {}): CanonicalClient {
  return { ...BASE, kind: 'client', sourceId: '7', organization: 'Ada Ltd', address: {}, ...changes };
}

export function linkOf(kind: Link['kind'], changes: Partial<Link> = {}): Link {
  return {
    connectionId: 'connection',
    kind,
    sourceId: '1',
    currency: 'USD',
    counterpart: { id: `${kind}-copy`, number: 'N-1' },
    stage: 'posted',
    fingerprint: '',
    copied: {},
    generation: 0,
    confirmed: null,
    touched: false,
    ...changes,
  };
}

export function copyOf(amount: Money, date: PlainDate, changes: Partial<CopyState> = {}): CopyState {
  return {
    counterpart: { id: 'copy', number: 'N-1' },
    accountId: ACCOUNT.id,
    stage: 'posted',
    amount,
    balance: amount,
    refunded: { ...amount, amountMinor: 0n },
    date,
    comment: '',
    applied: [],
    raw: null,
    ...changes,
  };
}

/** What settles an invoice's copy: `{ 'P-1': '60.00' }`. */
export function settledBy(payments: Record<string, string>): InvoiceParts['settledBy'] {
  return Object.entries(payments).map(([id, amount]) => ({
    kind: 'payment',
    counterpart: { id, number: id },
    amount: usd(amount),
    date: '2026-03-05',
  }));
}

/** "create-invoice N-1-R1 posted", "unapply-payment 60.00"; or "park: drift". */
export function told(plan: Plan): string[] {
  return plan.do === 'steps' ? plan.steps.map(toldStep) : [`${plan.do}: ${plan.reason.code}`];
}

function toldStep(step: Step): string {
  switch (step.kind) {
    case 'create-invoice':
      return `${step.kind} ${step.number} ${step.post ? 'posted' : 'draft'} on ${step.bookedOn}`;
    case 'create-payment':
      return [
        `${step.kind} ${formatMoney(step.amount)}`,
        ...step.apply.map(({ amount }) => formatMoney(amount)),
      ].join(', applied ');
    case 'adjust-invoice':
      return `${step.kind} ${step.direction} ${formatMoney(step.amount)}`;
    default:
      return 'amount' in step ? `${step.kind} ${formatMoney(step.amount)}` : step.kind;
  }
}

export function notesOf(plan: Plan): readonly string[] {
  return plan.do === 'steps' ? plan.notes : [];
}
