/** The plan of a payment: one external payment over the cash received, applied to what it settles. Pure. */
import type { CanonicalPayment, PlainDate } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import { addMoney, type Money, subtractMoney, zeroMoney } from '../../core/money.ts';
import type { Policies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts } from '../../core/ports.ts';
import type { Application, Counterpart, Step } from '../../core/steps.ts';
import type { Decisions, Reason } from '../../store/documents.ts';
import type { Copied, Link } from '../../store/links.ts';
import {
  bookableDay,
  inClosedPeriod,
  isLiving,
  LEAVE_OUT,
  LEFT_OUT,
  latest,
  type Plan,
  park,
  show,
  steps,
  strayed,
} from './plan.ts';

export type Refund = { refund: Counterpart; amount: Money };

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
  /** What went into a credit of the same cash (P5). */
  rest: Money;
  /** What other payments take out of that credit, by the copy's id of the invoice they settle. */
  claims: ReadonlyMap<string, Money>;
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
  const { payment, link, copy, decisions } = situation;
  const isThere = isLiving(link) && isLiving(copy);

  const strange = strayed(link, copy, situation);
  if (strange) return park(strange);
  const without = notToBeCopied(payment, decisions);
  if (without) return isThere ? steps(cancel(situation), [GONE]) : { do: 'ignore', reason: without };
  if (payment.amount.amountMinor < 0n) return park(negative(payment));
  const { invoice } = situation;
  if (invoice && invoice.amount.currency !== payment.amount.currency)
    return park(otherCurrency(payment, invoice));

  const booked = paymentDay(situation);
  if ('reason' in booked) return park(booked.reason);
  if (!isThere) return steps([create(situation, booked.on, [])], booked.notes);
  return change(situation, booked.on, booked.notes);
}

const GONE = 'Not in the source any more: unapplied and cancelled.';

// ---------------------------------------------------------------- what it should be

/** The cash: what it settles, and what the same cash left over. */
export function cashOf({ payment, rest }: Pick<PaymentSituation, 'payment' | 'rest'>): Money {
  return addMoney(payment.amount, rest);
}

/** As much of the invoice as there is room for besides what others have paid (E5: the rest stays unapplied). */
export function applicationsOf({ payment, invoice, copy }: PaymentSituation): Application[] {
  if (!invoice) return [];
  const mine = copy?.applied.find(({ invoiceId }) => invoiceId === invoice.counterpart.id)?.amount;
  const room = mine && isLiving(copy) ? addMoney(invoice.balance, mine) : invoice.balance;
  const amount = room.amountMinor < payment.amount.amountMinor ? room : payment.amount;
  return amount.amountMinor > 0n ? [{ invoice: invoice.counterpart, amount }] : [];
}

/** How much of the copy should be applied to each invoice's copy: its own part and what other payments claim. */
function wantedBy(situation: PaymentSituation): Map<string, bigint> {
  const wanted = new Map([...situation.claims].map(([id, amount]) => [id, amount.amountMinor]));
  for (const { invoice, amount } of applicationsOf(situation))
    wanted.set(invoice.id, (wanted.get(invoice.id) ?? 0n) + amount.amountMinor);
  return wanted;
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

function create(situation: PaymentSituation, bookedOn: PlainDate, kept: readonly Application[]): Step {
  const { payment, account, externalKey } = situation;
  const apply = [...applicationsOf({ ...situation, copy: undefined }), ...kept];
  return {
    kind: 'create-payment',
    payment,
    account,
    externalKey,
    amount: cashOf(situation),
    apply,
    bookedOn,
  };
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
  const isRefund = less.amountMinor > 0n && policies.reducedPayments === 'refund' && !isOther;

  if (copy.amount.currency !== payment.amount.currency || isOther || (less.amountMinor !== 0n && !isRefund))
    return steps([...cancel(situation), create(roomAfterCancel(situation), bookedOn, [])], notes);
  const on = settleDay(situation);
  const wanted = wantedBy(situation);
  const target = link.counterpart;
  const off = copy.applied.flatMap(({ invoiceId, amount }): Step[] => {
    const surplus = amount.amountMinor - (wanted.get(invoiceId) ?? 0n);
    const invoice = { id: invoiceId, number: '' };
    if (surplus <= 0n) return [];
    return [
      { kind: 'unapply-payment', payment: target, invoice, amount: { ...amount, amountMinor: surplus }, on },
    ];
  });
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
  const isApplied = (id: string) => copy.applied.find(({ invoiceId }) => invoiceId === id)?.amount;
  const onto = applicationsOf(situation).flatMap(({ invoice }): Step[] => {
    const missing = (wanted.get(invoice.id) ?? 0n) - (isApplied(invoice.id)?.amountMinor ?? 0n);
    if (missing <= 0n) return [];
    const amount = { currency: payment.amount.currency, amountMinor: missing };
    return [{ kind: 'apply-payment', payment: target, invoice, amount, on }];
  });
  const texts: Step[] =
    copied.texts === undefined || copied.texts === textsHash(payment)
      ? []
      : [{ kind: 'update-payment', payment: target, from: payment, externalKey }];
  return steps([...off, ...moves, ...refund, ...onto, ...texts], notes);
}

/** What is applied comes off, refunds are taken back, and the payment is cancelled. */
function cancel(situation: PaymentSituation): Step[] {
  const { link, copy, refunds } = situation;
  if (!link || !copy) throw new Error('a cancellation of a payment that is not there');
  const payment = link.counterpart;
  const on = settleDay(situation);
  return [
    ...copy.applied.map(
      ({ invoiceId, amount }): Step => ({
        kind: 'unapply-payment',
        payment,
        invoice: { id: invoiceId, number: '' },
        amount,
        on,
      }),
    ),
    ...refunds.map(({ refund }): Step => ({ kind: 'cancel-refund', payment, refund })),
    { kind: 'cancel-payment', payment },
  ];
}

/** The invoice as it will stand once this payment has come off it. */
function roomAfterCancel(situation: PaymentSituation): PaymentSituation {
  const { invoice, copy } = situation;
  const mine = invoice && copy?.applied.find(({ invoiceId }) => invoiceId === invoice.counterpart.id);
  return mine
    ? { ...situation, invoice: { ...invoice, balance: addMoney(invoice.balance, mine.amount) } }
    : situation;
}

function settleDay({ facts, copy, invoice }: PaymentSituation): PlainDate {
  return latest(facts.today, copy?.date, invoice?.issuedOn);
}

// ---------------------------------------------------------------- out of a credit: no new cash (P6)

export type FromCreditSituation = {
  payment: CanonicalPayment;
  decisions: Decisions;
  facts: DestinationFacts;
  link: Link | undefined;
  /** What holds the credit in the destination: a memo, or a payment with an unapplied rest. */
  credit: CopyState;
  holder: 'credit' | 'payment';
  invoice: CopyState | undefined;
  /** The copy's id of the invoice that it settled before, if that was another one. */
  before: Counterpart | undefined;
  /** What other payments take from the same credit for the same invoice, and for the one before. */
  others: ReadonlyMap<string, bigint>;
};

export function planFromCredit(situation: FromCreditSituation): Plan {
  const { payment, decisions, facts, link, credit, invoice, before, others } = situation;
  const without = notToBeCopied(payment, decisions);
  if (without && !link) return { do: 'ignore', reason: without };
  if (payment.amount.amountMinor < 0n) return park(negative(payment));
  if (!without && invoice && invoice.accountId !== credit.accountId) return park(otherAccount(credit));
  const on = latest(facts.today, credit.date, invoice?.issuedOn);
  const target = without ? undefined : invoice;
  const wanted = new Map<string, bigint>();
  if (before) wanted.set(before.id, others.get(before.id) ?? 0n);
  if (invoice) wanted.set(invoice.counterpart.id, others.get(invoice.counterpart.id) ?? 0n);
  if (target)
    wanted.set(target.counterpart.id, (others.get(target.counterpart.id) ?? 0n) + payment.amount.amountMinor);
  const taken: Step[] = [];
  for (const [invoiceId, amountMinor] of wanted) {
    const applied = credit.applied.find((part) => part.invoiceId === invoiceId)?.amount;
    const missing = amountMinor - (applied ?? zeroMoney(payment.amount.currency)).amountMinor;
    const at = invoice?.counterpart.id === invoiceId ? invoice.counterpart : { id: invoiceId, number: '' };
    const amount = (minor: bigint) => ({ currency: payment.amount.currency, amountMinor: minor });
    if (missing > 0n) taken.push(move(situation, 'apply', at, amount(missing), on));
    if (missing < 0n) taken.unshift(move(situation, 'unapply', at, amount(-missing), on));
  }
  return steps(taken, without ? [GONE_FROM_CREDIT] : []);
}

const GONE_FROM_CREDIT = 'Not in the source any more: taken off the invoice, back into the credit.';

function move(
  { credit, holder }: FromCreditSituation,
  how: 'apply' | 'unapply',
  invoice: Counterpart,
  amount: Money,
  on: PlainDate,
): Step {
  const { counterpart } = credit;
  return holder === 'payment'
    ? { kind: `${how}-payment`, payment: counterpart, invoice, amount, on }
    : { kind: `${how}-credit`, credit: counterpart, invoice, amount, on };
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
    amountMinor: payment.amount.amountMinor.toString(),
    method: payment.method,
  };
}

function negative(payment: CanonicalPayment): Reason {
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

function otherAccount(credit: CopyState): Reason {
  return {
    code: 'credit-on-other-account',
    message: `The credit ${credit.counterpart.number} belongs to another account than the invoice; it cannot settle it there.`,
    wayOut: 'Move the credit in the destination, or correct the source; then replay the record.',
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
