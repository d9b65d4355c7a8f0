/** The plan of a payment: one external payment over the cash received, applied to what it settles. Pure. */
import type { CanonicalPayment, PlainDate } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import { type Money, subtractMoney } from '../../core/money.ts';
import type { Policies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts } from '../../core/ports.ts';
import type { Counterpart, Owed, Step } from '../../core/steps.ts';
import type { Decisions, Reason } from '../../store/documents.ts';
import type { Copied, Link } from '../../store/links.ts';
import {
  bookableDay,
  inClosedPeriod,
  isAsWanted,
  isLiving,
  LEAVE_OUT,
  LEFT_OUT,
  latest,
  type Plan,
  park,
  pastOr,
  show,
  steps,
  strayed,
} from './plan.ts';

export type Refund = { refund: Counterpart; amount: Money };

/** The client is whose credit it is. */
export type Rest = { amount: Money; clientId: string };

export type PaymentSituation = {
  payment: CanonicalPayment;
  externalKey: string;
  policies: Policies;
  facts: DestinationFacts;
  decisions: Decisions;
  link: Link | undefined;
  copy: CopyState | undefined;
  refunds: readonly Refund[];
  /** The invoice's living posted copy; undefined where the source has none for it any more (deleted, left out). */
  invoice: CopyState | undefined;
  /** Why there is none yet, of an invoice that is to have one. */
  waits: Reason | undefined;
  /** Debit memos beside it that are owed, too (E11). */
  debits: readonly CopyState[];
  /** What of the same cash is a credit (P5). */
  rest: Rest;
  /** What is paid out of that credit, in minor units by the copy's id of the invoice. */
  claims: ReadonlyMap<string, bigint>;
  /** Where it belongs. */
  account: Counterpart;
};

export function paymentFingerprint(payment: CanonicalPayment): string {
  const { invoiceId, amount, paidOn, method, methodLabel, note, fromCredit, creditId, overpaymentId } =
    payment;
  const { clientId, visibility } = payment;
  const settles = { invoiceId, amount, fromCredit, creditId, overpaymentId, clientId, visibility };
  return fingerprintOf({ ...settles, paidOn, method, methodLabel, note });
}

function textsHash({ methodLabel, note }: CanonicalPayment): string {
  return fingerprintOf({ methodLabel, note });
}

/** Why there is nothing to copy, whatever the destination holds; undefined when there is. */
export function notToBeCopied(payment: CanonicalPayment, decisions: Decisions): Reason | undefined {
  if (decisions['leave-out']) return LEFT_OUT;
  if (payment.visibility === 'deleted')
    return { code: 'deleted-before-copy', message: 'Deleted in the source before it was ever copied.' };
  if (payment.amount.amountMinor === 0n)
    return { code: 'zero-amount', message: 'A payment of nothing: there is nothing to copy.' };
  return undefined;
}

export function planPayment(situation: PaymentSituation): Plan {
  const { link, copy } = situation;
  const strange = strayed(link, copy, situation, situation.payment.visibility === 'deleted');
  if (!strange) return decide(situation);
  if (!isLiving(copy)) return park(strange);
  const plan = decide(situation);
  return isAsWanted(plan) ? plan : park(strange);
}

function decide(situation: PaymentSituation): Plan {
  const { payment, link, copy, decisions } = situation;
  const isThere = isLiving(link) && isLiving(copy);
  const without = notToBeCopied(payment, decisions);
  if (without && (decisions['leave-out'] || cashOf(situation).amountMinor === 0n))
    return isThere ? steps(cancel(situation), [GONE]) : { do: 'ignore', reason: pastOr(link, without) };
  if (payment.amount.amountMinor < 0n) return park(negative(payment));
  const off = isThere ? takeOff(situation) : [];
  if (situation.rest.amount.amountMinor > 0n && situation.rest.clientId !== payment.clientId)
    return park(restOfOther(situation), off);
  const { invoice, waits } = situation;
  if (waits) return park(waits, off);
  if (invoice && invoice.amount.currency !== payment.amount.currency)
    return park(otherCurrency(payment, invoice), off);

  const booked = paymentDay(situation);
  if ('reason' in booked) return park(booked.reason);
  const notes = without ? [...booked.notes, REST_STAYS] : booked.notes;
  if (!isThere) return steps([create(situation, booked.on)], notes);
  return change(situation, booked.on, notes);
}

const GONE = 'Not in the source any more: unapplied and cancelled.';
const REST_STAYS = 'Not in the source any more; what it left over still is a credit there, and stays.';

// ---------------------------------------------------------------- what it should be

/** The cash: what it settles, and what the same cash left over, which outlives the payment (P5). */
export function cashOf({ payment, rest }: Pick<PaymentSituation, 'payment' | 'rest'>): Money {
  return { ...rest.amount, amountMinor: ownOf(payment) + rest.amount.amountMinor };
}

function ownOf({ visibility, amount }: CanonicalPayment): bigint {
  return visibility === 'deleted' ? 0n : amount.amountMinor;
}

/**
 * How much of the cash should be applied, in minor units by the copy's id of the invoice: what is paid out of the rest,
 * and its own part, as far as there is room besides what others have paid (E5: what has no room stays unapplied).
 */
export function wantedOf({ payment, invoice, debits, copy, claims }: PaymentSituation): Map<string, bigint> {
  const wanted = new Map(claims);
  if (!invoice) return wanted;
  const settling = ownOf(payment) + (claims.get(invoice.counterpart.id) ?? 0n);
  for (const [id, part] of spread(settling, [invoice, ...debits], copy)) wanted.set(id, part);
  return wanted;
}

/** Whether its invoice, as it is now, has room for more of it than is applied. */
export function couldSettleMore(situation: PaymentSituation): boolean {
  return isShort(wantedOf(situation), situation.invoice, situation.copy);
}

/** Whether less of the copy is applied to the invoice than is wanted. */
export function isShort(
  wanted: ReadonlyMap<string, bigint>,
  invoice: CopyState | undefined,
  copy: CopyState | undefined,
): boolean {
  const { id } = invoice?.counterpart ?? {};
  return id !== undefined && (wanted.get(id) ?? 0n) > appliedTo(id, copy);
}

/** What settles an invoice goes to its copy first, then to the debit memos beside it, each as far as it has room. */
export function spread(
  amountMinor: bigint,
  owed: readonly CopyState[],
  holder: CopyState | undefined,
): Map<string, bigint> {
  const parts = new Map<string, bigint>();
  let left = amountMinor;
  for (const { counterpart, balance } of owed) {
    const part = least(left, balance.amountMinor + appliedTo(counterpart.id, holder));
    parts.set(counterpart.id, part);
    left -= part;
  }
  return parts;
}

export function appliedTo(invoiceId: string, copy: CopyState | undefined): bigint {
  if (!isLiving(copy)) return 0n;
  return copy?.applied.find((part) => part.invoiceId === invoiceId)?.amount.amountMinor ?? 0n;
}

export function owedIn({ invoiceId, isDebit }: CopyState['applied'][number]): Owed {
  return { id: invoiceId, number: '', ...(isDebit ? { isDebit } : {}) };
}

export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function paymentDay(situation: PaymentSituation): { on: PlainDate; notes: string[] } | { reason: Reason } {
  const { payment, invoice, facts, policies, decisions, link } = situation;
  const { dated, bookedOn } = link?.copied ?? {};
  if (isLiving(link) && dated === payment.paidOn && bookedOn !== undefined)
    return { on: bookedOn, notes: [] };
  const notes: string[] = [];
  let on = payment.paidOn;
  const odd = oddDate(on, invoice?.issuedOn, facts.today);
  if (odd) {
    if (policies.paymentDates === 'park' && !decisions['open-day'])
      return { reason: oddlyDated(payment, odd.why) };
    if (policies.paymentDates === 'move' || decisions['open-day']) on = odd.instead;
    notes.push(`${odd.why}: ${on === payment.paidOn ? 'kept' : `booked on ${on}`} (policy paymentDates).`);
  }
  const mayMove = policies.closedPeriods === 'next-open-day' || decisions['open-day'] === true;
  const open = bookableDay(on, facts, mayMove);
  if (!open) return { reason: inClosedPeriod('payment', on) };
  if (open.closed)
    notes.push(`Dated ${on}, in a closed period: booked on ${open.on} (policy closedPeriods).`);
  return { on: open.on, notes };
}

function oddDate(paidOn: PlainDate, issuedOn: PlainDate | undefined, today: PlainDate) {
  if (issuedOn !== undefined && paidOn < issuedOn)
    return { why: `Paid on ${paidOn}, before its invoice of ${issuedOn}`, instead: issuedOn };
  if (paidOn > today) return { why: `Dated ${paidOn}, in the future`, instead: latest(today, issuedOn) };
  return undefined;
}

function create(situation: PaymentSituation, bookedOn: PlainDate): Step {
  const { payment, account, externalKey } = situation;
  const amount = cashOf(situation);
  const wanted = wantedOf(situation);
  const apply = owedOf(situation).flatMap(({ counterpart: invoice }) => {
    const part = { ...amount, amountMinor: wanted.get(invoice.id) ?? 0n };
    return part.amountMinor > 0n ? [{ invoice, amount: part }] : [];
  });
  return { kind: 'create-payment', payment, account, externalKey, amount, apply, bookedOn };
}

function owedOf({ invoice, debits }: PaymentSituation): readonly CopyState[] {
  return invoice ? [invoice, ...debits] : [];
}

// ---------------------------------------------------------------- the present copy, changed

function change(situation: PaymentSituation, bookedOn: PlainDate, notes: readonly string[]): Plan {
  const { payment, link, copy, account, policies, externalKey } = situation;
  if (!link || !copy) throw new Error('a change of a payment that is not there');
  const { copied } = link;
  const received = subtractMoney(copy.amount, copy.refunded);
  const cash = cashOf(situation);
  const less = subtractMoney(received, cash);
  const isOther = copy.date !== bookedOn || (copied.method ?? payment.method) !== payment.method;
  const isKept = payment.visibility !== 'deleted' && !isOther;
  const isRefund = less.amountMinor > 0n && policies.reducedPayments === 'refund' && isKept;

  if (copy.amount.currency !== payment.amount.currency || isOther || (less.amountMinor !== 0n && !isRefund))
    return steps([...cancel(situation), create(situation, bookedOn)], notes);
  const on = settleDay(situation);
  const wanted = wantedOf(situation);
  const target = link.counterpart;
  const moves: Step[] =
    copy.accountId === account.id ? [] : [{ kind: 'transfer-payment', payment: target, account, on }];
  const refund: Step[] = isRefund
    ? [
        {
          kind: 'refund-payment',
          payment: target,
          amount: less,
          method: payment.method,
          mark: `${externalKey}-to-${cash.amountMinor}`,
          on,
        },
      ]
    : [];
  const onto = owedOf(situation).flatMap(({ counterpart: owed }): Step[] => {
    const after = { ...cash, amountMinor: wanted.get(owed.id) ?? 0n };
    const missing = { ...cash, amountMinor: after.amountMinor - appliedTo(owed.id, copy) };
    if (missing.amountMinor <= 0n) return [];
    return [{ kind: 'apply-payment', payment: target, invoice: owed, amount: missing, after, on }];
  });
  const texts: Step[] =
    copied.texts === undefined || copied.texts === textsHash(payment)
      ? []
      : [{ kind: 'update-payment', payment: target, from: payment, externalKey }];
  return steps([...takeOff(situation), ...moves, ...refund, ...onto, ...texts], notes);
}

/** What is applied to invoices that it does not settle, or not so much of, comes off. */
function takeOff(situation: PaymentSituation): Step[] {
  const { link, copy } = situation;
  if (!link || !copy) throw new Error('nothing is applied of a payment that is not there');
  const wanted = wantedOf(situation);
  const { counterpart: payment } = link;
  return copy.applied.flatMap((part): Step[] => {
    const after = { ...part.amount, amountMinor: wanted.get(part.invoiceId) ?? 0n };
    const surplus = subtractMoney(part.amount, after);
    if (surplus.amountMinor <= 0n) return [];
    const on = settleDay(situation);
    return [{ kind: 'unapply-payment', payment, invoice: owedIn(part), amount: surplus, after, on }];
  });
}

/** What is applied comes off, refunds are taken back, and the payment is cancelled. */
function cancel(situation: PaymentSituation): Step[] {
  const { link, copy, refunds } = situation;
  if (!link || !copy) throw new Error('a cancellation of a payment that is not there');
  const payment = link.counterpart;
  const on = settleDay(situation);
  return [
    ...copy.applied.map(
      (part): Step => ({
        kind: 'unapply-payment',
        payment,
        invoice: owedIn(part),
        amount: part.amount,
        on,
      }),
    ),
    ...refunds.map(({ refund }): Step => ({ kind: 'cancel-refund', payment, refund })),
    { kind: 'cancel-payment', payment },
  ];
}

function settleDay({ facts, copy, invoice }: PaymentSituation): PlainDate {
  return latest(facts.today, copy?.date, invoice?.issuedOn);
}

// ---------------------------------------------------------------- words and small things

/** What a link keeps of the payment as it is now. */
export function copiedPayment(
  payment: CanonicalPayment,
  before: Copied,
  bookedOn: PlainDate | undefined,
): Copied {
  const { overpaymentId, creditId, fromCredit } = payment;
  return {
    ...before,
    clientId: payment.clientId,
    texts: textsHash(payment),
    dated: payment.paidOn,
    ...(bookedOn === undefined ? {} : { bookedOn }),
    invoiceSourceId: payment.invoiceId,
    ...(fromCredit && creditId ? { creditSourceId: creditId } : {}),
    ...(overpaymentId ? { overpaymentId } : {}),
    amountMinor: ownOf(payment).toString(),
    method: payment.method,
  };
}

export function negative(payment: CanonicalPayment): Reason {
  return {
    code: 'negative-payment',
    message: `A payment of ${show(payment.amount)}: the source shows refunds as smaller payments, so nobody can say what this one gives back.`,
    wayOut: 'Lower the payment that was refunded in the source, and delete this one.',
    choices: [LEAVE_OUT],
  };
}

function otherCurrency(payment: CanonicalPayment, invoice: CopyState): Reason {
  return {
    code: 'other-currency',
    message: `The payment is in ${payment.amount.currency}, its invoice ${invoice.counterpart.number} in ${invoice.amount.currency}.`,
    wayOut: 'Correct it in the source.',
    choices: [LEAVE_OUT],
  };
}

function restOfOther({ payment, rest }: PaymentSituation): Reason {
  return {
    code: 'rest-of-other-client',
    message: `The payment belongs to client ${payment.clientId}; ${show(rest.amount)} of the same cash is a credit of client ${rest.clientId}. In the destination it is one payment, which cannot be on two accounts.`,
    wayOut:
      'Delete the payment in the source; enter it anew for the one client, and the credit for the other.',
    choices: [LEAVE_OUT],
  };
}

function oddlyDated(payment: CanonicalPayment, why: string): Reason {
  return {
    code: 'odd-payment-date',
    message: `${why}.`,
    wayOut: 'Correct the date in the source, or book it on the nearest possible day.',
    choices: [
      {
        choice: 'open-day',
        label: 'Book it on the nearest possible day',
        explains: `The copy gets the invoice’s date, or today’s, instead of ${payment.paidOn}.`,
      },
      LEAVE_OUT,
    ],
  };
}
