/** The plan of a payment out of a credit: no new cash; the credit's copy is applied to the invoice (P6, C3). Pure. */
import type { CanonicalPayment, PlainDate } from '../../core/canonical.ts';
import type { Money } from '../../core/money.ts';
import type { CopyState, DestinationFacts } from '../../core/ports.ts';
import type { Counterpart, Owed, Step } from '../../core/steps.ts';
import type { Decisions, Reason } from '../../store/documents.ts';
import type { Link } from '../../store/links.ts';
import { appliedTo, isShort, least, negative, notToBeCopied, spread } from './payment.ts';
import { LEAVE_OUT, latest, type Plan, park, steps } from './plan.ts';

export type FromCreditSituation = {
  payment: CanonicalPayment;
  decisions: Decisions;
  facts: DestinationFacts;
  link: Link | undefined;
  /** What holds the credit in the destination: a memo, or a payment with an unapplied rest. */
  credit: CopyState;
  holder: 'credit' | 'payment';
  invoice: CopyState | undefined;
  /** Debit memos beside it that are owed, too (E11). */
  debits: readonly CopyState[];
  /** The copy's id of the invoice that it settled before, if that was another one. */
  before: Counterpart | undefined;
  /** What else the credit's copy settles of these invoices: other payments out of it, and the payment it is the rest of. */
  others: ReadonlyMap<string, bigint>;
};

/** How much of the credit's copy should be applied to the invoice, as far as there is room (E5), and to the one before. */
export function wantedOfCredit(situation: FromCreditSituation): Map<string, bigint> {
  const { payment, decisions, credit, invoice, debits, before, others } = situation;
  const wanted = new Map<string, bigint>();
  if (before) wanted.set(before.id, least(others.get(before.id) ?? 0n, appliedTo(before.id, credit)));
  if (!invoice) return wanted;
  const own = notToBeCopied(payment, decisions) ? 0n : payment.amount.amountMinor;
  const settling = own + (others.get(invoice.counterpart.id) ?? 0n);
  for (const [id, part] of spread(settling, [invoice, ...debits], credit)) wanted.set(id, part);
  return wanted;
}

/** Whether its invoice, as it is now, has room for more of the credit than is applied. */
export function couldTakeMore(situation: FromCreditSituation): boolean {
  return isShort(wantedOfCredit(situation), situation.invoice, situation.credit);
}

export function planFromCredit(situation: FromCreditSituation): Plan {
  const { payment, decisions, facts, link, credit, invoice } = situation;
  const without = notToBeCopied(payment, decisions);
  if (without && !link) return { do: 'ignore', reason: without };
  if (payment.amount.amountMinor < 0n) return park(negative(payment));
  if (!without && invoice && invoice.accountId !== credit.accountId) return park(otherAccount(credit));
  const on = latest(facts.today, credit.date, invoice?.issuedOn);
  const taken: Step[] = [];
  for (const [invoiceId, amountMinor] of wantedOfCredit(situation)) {
    const missing = amountMinor - appliedTo(invoiceId, credit);
    const owed = [...(invoice ? [invoice] : []), ...situation.debits].map(({ counterpart }) => counterpart);
    const at = owed.find(({ id }) => id === invoiceId) ?? { id: invoiceId, number: '' };
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
  invoice: Owed,
  amount: Money,
  on: PlainDate,
): Step {
  const { counterpart } = credit;
  return holder === 'payment'
    ? { kind: `${how}-payment`, payment: counterpart, invoice, amount, on }
    : { kind: `${how}-credit`, credit: counterpart, invoice, amount, on };
}

function otherAccount(credit: CopyState): Reason {
  return {
    code: 'credit-on-other-account',
    message: `The credit ${credit.counterpart.number} belongs to another account than the invoice; it cannot settle it there.`,
    wayOut: 'Move the credit in the destination, or correct the source; then replay the record.',
    choices: [LEAVE_OUT],
  };
}
