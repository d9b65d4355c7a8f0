/** The plan of a credit: a credit memo, unapplied cash, or the rest of a payment, by its type. Pure. */
import type { CanonicalCredit, CanonicalPayment } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import type { Policies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts } from '../../core/ports.ts';
import type { Counterpart, Step } from '../../core/steps.ts';
import type { Decisions, Reason } from '../../store/documents.ts';
import type { Copied, Link } from '../../store/links.ts';
import { owedIn } from './payment.ts';
import {
  bookableDay,
  inClosedPeriod,
  isLiving,
  LEAVE_OUT,
  LEFT_OUT,
  latest,
  type Plan,
  park,
  pastOr,
  steps,
  strayed,
} from './plan.ts';

/** `memo`: a credit memo. `cash`: a payment that settles nothing yet. `rest`: held by the payment it came from. */
export type CreditForm = 'memo' | 'cash' | 'rest';

const FORMS: ReadonlyMap<string, CreditForm> = new Map<string, CreditForm>([
  ['goodwill', 'memo'],
  ['prepayment', 'cash'],
  ['overpayment', 'rest'],
]);

export function formOf({ creditType }: CanonicalCredit): CreditForm | undefined {
  return FORMS.get(creditType.toLowerCase());
}

export type CreditSituation = {
  credit: CanonicalCredit;
  form: Exclude<CreditForm, 'rest'>;
  externalKey: string;
  policies: Policies;
  facts: DestinationFacts;
  decisions: Decisions;
  link: Link | undefined;
  copy: CopyState | undefined;
  account: Counterpart;
  toNumber: (generation: number) => string;
};

export function creditFingerprint(credit: CanonicalCredit): string {
  const { clientId, visibility, number, amount, issuedOn, creditType } = credit;
  return fingerprintOf({ clientId, visibility, number, amount, issuedOn, creditType });
}

export function planCredit(situation: CreditSituation): Plan {
  const { credit, form, facts, policies, decisions, link, copy } = situation;
  const isThere = isLiving(link) && isLiving(copy);
  const strange = strayed(link, copy, situation, credit.visibility === 'deleted');
  if (strange) return park(strange);
  if (decisions['leave-out'] || credit.visibility === 'deleted') {
    if (isThere) return steps(cancel(situation));
    return { do: 'ignore', reason: decisions['leave-out'] ? LEFT_OUT : pastOr(link, NEVER_COPIED) };
  }
  if (credit.amount.amountMinor === 0n)
    return isThere ? steps(cancel(situation)) : { do: 'ignore', reason: NOTHING };
  if (form === 'memo' && !facts.credits) return park(NO_CHARGE);
  const mayMove = policies.closedPeriods === 'next-open-day' || decisions['open-day'] === true;
  const booked = bookableDay(credit.issuedOn, facts, mayMove);
  if (!booked) return park(inClosedPeriod('credit', credit.issuedOn));
  const notes = booked.closed
    ? [`Dated ${credit.issuedOn}, in a closed period: booked on ${booked.on}.`]
    : [];
  if (!isThere) return steps([create(situation, booked.on)], notes);
  const isSame =
    copy?.amount.amountMinor === credit.amount.amountMinor && link?.copied.dated === credit.issuedOn;
  return isSame ? steps([], notes) : steps([...cancel(situation), create(situation, booked.on)], notes);
}

function create(
  { credit, form, account, link, externalKey, toNumber }: CreditSituation,
  bookedOn: string,
): Step {
  if (form === 'cash') {
    const payment = asPayment(credit);
    return {
      kind: 'create-payment',
      payment,
      account,
      externalKey,
      amount: credit.amount,
      apply: [],
      bookedOn,
    };
  }
  const generation = link ? link.generation + 1 : 0;
  const number = toNumber(generation);
  return { kind: 'create-credit', credit, account, number, externalKey, generation, bookedOn };
}

/** C5: cash that settles nothing yet. */
export function asPayment(credit: CanonicalCredit): CanonicalPayment {
  return {
    kind: 'payment',
    sourceId: credit.sourceId,
    clientId: credit.clientId,
    visibility: credit.visibility,
    invoiceId: '',
    amount: credit.amount,
    paidOn: credit.issuedOn,
    method: 'other',
    methodLabel: `${credit.creditType} ${credit.number}`,
    note: '',
    fromCredit: false,
  };
}

function cancel({ form, link, copy, facts }: CreditSituation): Step[] {
  if (!link || !copy) throw new Error('a cancellation of a credit that is not there');
  const target = link.counterpart;
  const on = latest(facts.today, copy.date);
  const invoices = copy.applied.map((part) => ({ invoice: owedIn(part), amount: part.amount }));
  if (form === 'cash') {
    const off = invoices.map((part): Step => ({ kind: 'unapply-payment', payment: target, ...part, on }));
    return [...off, { kind: 'cancel-payment', payment: target }];
  }
  const off = invoices.map((part): Step => ({ kind: 'unapply-credit', credit: target, ...part, on }));
  const unpost: Step[] = copy.stage === 'posted' ? [{ kind: 'unpost-credit', credit: target }] : [];
  return [...off, ...unpost, { kind: 'cancel-credit', credit: target }];
}

/** What a link keeps of the credit as it is now. */
export function copiedCredit(credit: CanonicalCredit, before: Copied, bookedOn: string | undefined): Copied {
  return {
    ...before,
    clientId: credit.clientId,
    dated: credit.issuedOn,
    amountMinor: credit.amount.amountMinor.toString(),
    method: formOf(credit) ?? '',
    ...(bookedOn === undefined ? {} : { bookedOn }),
  };
}

const NEVER_COPIED: Reason = {
  code: 'deleted-before-copy',
  message: 'Deleted in the source before it was ever copied.',
};

const NOTHING: Reason = { code: 'zero-amount', message: 'A credit of nothing: there is nothing to copy.' };

const NO_CHARGE: Reason = {
  code: 'no-credit-charge',
  message: 'The destination books credits only on a charge of its product catalogue, and none is configured.',
  wayOut: 'Set the connection’s credit charge (a catalogue charge made for this), then replay the record.',
  choices: [LEAVE_OUT],
};

export function unknownType({ creditType }: CanonicalCredit): Reason {
  return {
    code: 'credit-type-unknown',
    message: `Nobody here knows what a credit of the type “${creditType}” is.`,
    wayOut: 'Enter it by hand in the destination, and leave it out here.',
    choices: [LEAVE_OUT],
  };
}
