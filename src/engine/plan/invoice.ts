/** The plan of an invoice: from what the source says and what the destination holds to the steps between. Pure. */
import { type Breakdown, toBreakdown } from '../../core/breakdown.ts';
import type { CanonicalInvoice, PlainDate, Problem } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import { subtractMoney } from '../../core/money.ts';
import type { Policies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts, InvoiceParts } from '../../core/ports.ts';
import type { Counterpart, Step, StepOf } from '../../core/steps.ts';
import type { Decisions, Reason } from '../../store/documents.ts';
import type { Copied, Link } from '../../store/links.ts';
import {
  bookableDay,
  ignore,
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

export type InvoiceSituation = {
  invoice: CanonicalInvoice;
  externalKey: string;
  policies: Policies;
  facts: DestinationFacts;
  decisions: Decisions;
  /** What it was copied to, and that copy as it is now. */
  link: Link | undefined;
  copy: CopyState | undefined;
  parts: InvoiceParts;
  /** Memos that carry later changes of it, living ones (E11). */
  memos: readonly CopyState[];
  /** Ids of payments and credits in the destination that are copies of ours. */
  ours: ReadonlySet<string>;
  /** Where a new copy belongs; undefined where the source has deleted it. */
  account: Counterpart | undefined;
  toNumber: (generation: number) => string;
  /** Taking this copy back to draft was refused before. */
  unpostingRefused: boolean;
  /** Deleting this copy was refused before: a draft is cancelled first. */
  deletingRefused: boolean;
};

/** What of an invoice makes its copy: a change of anything else needs no step. */
export function invoiceFingerprint(invoice: CanonicalInvoice): string {
  const { clientId, currency, stage, visibility, number, issuedOn, dueOn, total } = invoice;
  const content = { clientId, currency, stage, visibility, number, issuedOn, dueOn, total };
  return fingerprintOf({ ...content, lines: linesHash(invoice), texts: textsHash(invoice) });
}

export function linesHash({ lines, discountPercent, discountTotal, total }: CanonicalInvoice): string {
  return fingerprintOf({ lines, discountPercent, discountTotal, total });
}

export function textsHash({ notes, terms, poNumber }: CanonicalInvoice): string {
  return fingerprintOf({ notes, terms, poNumber });
}

/** Begun, and nothing in it: no destination takes such an invoice, and nobody owes anything. */
export function isEmpty({ lines, total }: CanonicalInvoice): boolean {
  return lines.length === 0 && total.amountMinor === 0n;
}

function isElsewhere(invoice: CanonicalInvoice, link: Link): boolean {
  const { clientId = invoice.clientId } = link.copied;
  return clientId !== invoice.clientId || link.currency !== invoice.currency;
}

export function planInvoice(situation: InvoiceSituation): Plan {
  const plan = decide(situation);
  const isBlocked = situation.memos.length > 0 && plan.do === 'steps' && plan.steps.some(takesBack);
  return isBlocked ? park(memosInTheWay(situation)) : plan;
}

/** What a destination refuses for an invoice that memos were made from. */
function takesBack({ kind }: Step): boolean {
  return kind === 'unpost-invoice' || kind === 'reverse-invoice';
}

function decide(situation: InvoiceSituation): Plan {
  const { invoice, link, copy, policies, decisions } = situation;
  const isThere = isLiving(link) && isLiving(copy);
  const foreign = situation.parts.settledBy.filter(({ counterpart }) => !situation.ours.has(counterpart.id));

  const strange = isSame(situation)
    ? undefined
    : strayed(link, copy, situation, invoice.visibility === 'deleted');
  if (strange) return park(strange);
  if (link && isThere && foreign.length > 0) return park(settledByHand(link.counterpart, foreign));
  if (decisions['leave-out']) return isThere ? remove(situation) : { do: 'ignore', reason: LEFT_OUT };
  if (invoice.visibility === 'deleted') return isThere ? remove(situation) : neverThere(situation);
  if (!isThere && invoice.stage === 'draft' && policies.drafts === 'wait')
    return ignore('draft-waits', 'A draft: copied once it is sent (policy drafts).');
  if (isEmpty(invoice))
    return isThere
      ? remove(situation)
      : ignore('no-lines', 'It has no lines yet: copied by itself once there are some.');
  if (invoice.total.amountMinor < 0n) return park(negativeTotal(invoice));
  if (invoice.total.amountMinor === 0n && policies.zeroTotals === 'leave-out')
    return isThere
      ? remove(situation)
      : ignore('zero-total', 'Nothing to pay: left out (policy zeroTotals).');
  const archived = invoice.visibility === 'archived' ? ['Archived in the source; the copy stays.'] : [];
  if (!isThere) return withNotes(create(situation, halfRemoved(situation)), archived);
  if (isElsewhere(invoice, present(link)))
    return withNotes(create(situation, remove(situation).steps), archived);
  return withNotes(change(situation), archived);
}

/** The copy says what the source says, as far as figures go. */
function isSame({ invoice, copy, link }: InvoiceSituation): boolean {
  if (!copy || !link || invoice.visibility === 'deleted') return false;
  return (
    copy.stage === (invoice.stage === 'draft' ? 'draft' : 'posted') &&
    copy.amount.amountMinor + adjustedOf(link) === invoice.total.amountMinor &&
    copy.date === dueDate(invoice, copy.issuedOn)
  );
}

function neverThere(situation: InvoiceSituation): Plan {
  return situation.link
    ? steps(halfRemoved(situation), ['Deleted in the source, and in the destination.'])
    : ignore('deleted-before-copy', 'Deleted in the source before it was ever copied.');
}

/** A draft that was cancelled to be deleted, when the process died in between. */
function halfRemoved({ link, externalKey }: InvoiceSituation): Step[] {
  if (link?.stage !== 'cancelled') return [];
  return [{ kind: 'delete-invoice', invoice: link.counterpart, externalKey }];
}

// ---------------------------------------------------------------- a new copy

function create(situation: InvoiceSituation, before: readonly Step[]): Plan {
  const { invoice, account, link, copy, decisions, externalKey } = situation;
  const breakdown = toBreakdown(invoice);
  if (!breakdown.ok) return park(notExplained(breakdown.problems));
  const booked = bookedOn(situation);
  if (!booked) return park(inClosedPeriod('invoice', invoice.issuedOn));
  if (!account) throw new Error(`invoice ${invoice.sourceId} has no account to be copied to`);
  // A reversed invoice keeps its number for good; a deleted draft gives it back.
  const stage = isLiving(link) && !isLiving(copy) ? (copy?.stage ?? 'deleted') : link?.stage;
  const isFree = stage === 'deleted' || before.at(-1)?.kind === 'delete-invoice';
  const again = link ? link.generation + (isFree ? 0 : 1) : 0;
  const generation = Math.max(again, decisions.renumber ?? 0);
  const step: StepOf<'create-invoice'> = {
    kind: 'create-invoice',
    invoice,
    breakdown: breakdown.value,
    account,
    number: situation.toNumber(generation),
    externalKey,
    generation,
    post: invoice.stage === 'issued',
    bookedOn: booked.on,
  };
  return steps([...before, step], movedOut(invoice, booked.on));
}

function bookedOn({ invoice, facts, policies, decisions }: InvoiceSituation) {
  const mayMove = policies.closedPeriods === 'next-open-day' || decisions['open-day'] === true;
  return bookableDay(invoice.issuedOn, facts, mayMove);
}

function movedOut({ issuedOn }: CanonicalInvoice, to: PlainDate): string[] {
  return issuedOn === to ? [] : [`Dated ${issuedOn}, in a closed period: booked on ${to}.`];
}

/** A due date before the invoice's own would be refused. */
export function dueDate(invoice: CanonicalInvoice, booked: PlainDate | undefined): PlainDate {
  return latest(invoice.dueOn, booked);
}

// ---------------------------------------------------------------- the present copy, changed

function change(situation: InvoiceSituation): Plan {
  const { invoice, policies, facts } = situation;
  const link = present(situation.link);
  const copy = present(situation.copy);
  const { counterpart: target } = link;
  const { externalKey } = situation;
  const texts: Step[] =
    link.copied.texts === textsHash(invoice)
      ? []
      : [{ kind: 'change-texts', invoice: target, externalKey, from: invoice }];
  const booked = dayInDestination(situation);
  if (!booked) return park(inClosedPeriod('invoice', invoice.issuedOn));
  const renaming = renamed(link, invoice);
  const notes = [...renaming, ...movedOut(invoice, booked)];
  if (copy.stage === 'posted' && policies.edits === 'memo' && linesDiffer(situation))
    return adjust(situation, texts, notes);
  const breakdown = toBreakdown(invoice);
  if (linesDiffer(situation) && !breakdown.ok) return park(notExplained(breakdown.problems));
  const wanted = onDraft(situation, booked, breakdown.ok ? breakdown.value : undefined);

  if (wanted.length === 0) return steps([...texts, ...stageSteps(situation, copy.stage)], notes);
  const mayUnpost = policies.edits !== 'reissue' && facts.unposting && !situation.unpostingRefused;
  if (copy.stage === 'posted' && !mayUnpost)
    return withNotes(create(situation, remove(situation).steps), renaming);
  const unpost: Step = { kind: 'unpost-invoice', invoice: target, externalKey };
  const toDraft = copy.stage === 'posted' ? [...release(situation), unpost] : [];
  if (wanted.some(isTaxed) && !facts.taxedLinesReplaceable) {
    return withNotes(create(situation, [...toDraft, ...discard(situation)]), renaming);
  }
  return steps([...toDraft, ...wanted, ...texts, ...stageSteps(situation, 'draft')], notes);
}

function isTaxed(step: Step): boolean {
  return step.kind === 'replace-lines' && step.breakdown.lines.some(({ taxes }) => taxes.length > 0);
}

/** The day it is booked on already, unless the source has changed its own. */
function dayInDestination(situation: InvoiceSituation): PlainDate | undefined {
  const { dated, bookedOn: before } = present(situation.link).copied;
  if (dated === situation.invoice.issuedOn) return before ?? present(situation.copy).issuedOn ?? dated;
  return bookedOn(situation)?.on;
}

/** By what was written and by the total; only by the total where nobody knows what was written. */
function linesDiffer({ invoice, link, copy }: InvoiceSituation): boolean {
  const { copied } = present(link);
  const net = present(copy).amount.amountMinor + adjustedOf(present(link));
  return (
    net !== invoice.total.amountMinor || (copied.lines !== undefined && copied.lines !== linesHash(invoice))
  );
}

/** The steps on a draft that make it say what the source says. */
function onDraft(situation: InvoiceSituation, booked: PlainDate, breakdown: Breakdown | undefined): Step[] {
  const { invoice, externalKey, parts } = situation;
  const { counterpart: target } = present(situation.link);
  const copy = present(situation.copy);
  const wanted: Step[] = [];
  if (copy.issuedOn !== undefined && copy.issuedOn !== booked)
    wanted.push({ kind: 'change-invoice-date', invoice: target, externalKey, bookedOn: booked });
  const dueOn = dueDate(invoice, booked);
  if (copy.date !== dueOn || wanted.length > 0)
    wanted.push({ kind: 'change-due-date', invoice: target, externalKey, dueOn });
  if (breakdown && linesDiffer(situation)) {
    const lines = { from: invoice, breakdown, itemIds: parts.itemIds, bookedOn: booked };
    wanted.push({ kind: 'replace-lines', invoice: target, externalKey, ...lines });
  }
  return wanted;
}

function stageSteps({ invoice, link, externalKey }: InvoiceSituation, now: CopyState['stage']): Step[] {
  const target = present(link).counterpart;
  if (now === 'draft' && invoice.stage === 'issued')
    return [{ kind: 'post-invoice', invoice: target, externalKey }];
  if (now === 'posted' && invoice.stage === 'draft')
    return [{ kind: 'unpost-invoice', invoice: target, externalKey }];
  return [];
}

/** E11: the posted invoice stays; a memo carries the difference. */
function adjust(situation: InvoiceSituation, texts: readonly Step[], notes: readonly string[]): Plan {
  const { invoice, externalKey, facts, parts } = situation;
  const link = present(situation.link);
  const copy = present(situation.copy);
  const net = { ...copy.amount, amountMinor: copy.amount.amountMinor + adjustedOf(link) };
  const difference = subtractMoney(invoice.total, net);
  if (difference.amountMinor === 0n) return steps(texts, [...notes, LINES_ONLY]);
  const isMore = difference.amountMinor > 0n;
  const step: StepOf<'adjust-invoice'> = {
    kind: 'adjust-invoice',
    invoice: link.counterpart,
    externalKey,
    direction: isMore ? 'debit' : 'credit',
    amount: isMore ? difference : subtractMoney(net, invoice.total),
    mark: `${externalKey}-A${(link.copied.adjustments ?? []).length + 1}`,
    items: parts.items,
    on: latest(facts.today, copy.issuedOn),
  };
  // A credit needs room on the invoice: payments make way and come back.
  const hasRoom = isMore || copy.balance.amountMinor >= step.amount.amountMinor;
  const room = hasRoom ? [] : release(situation).filter(({ kind }) => kind === 'unapply-payment');
  return steps([...texts, ...room, step], notes);
}

const LINES_ONLY =
  'Lines were changed without changing the total; the posted copy keeps the old ones (policy edits = memo).';

// ---------------------------------------------------------------- the present copy, removed

/** Takes off what is applied, then deletes a draft or reverses what was posted. */
function remove(situation: InvoiceSituation): Extract<Plan, { do: 'steps' }> {
  const { externalKey, facts } = situation;
  const { counterpart: invoice } = present(situation.link);
  const copy = present(situation.copy);
  const done = (taken: readonly Step[]) => ({ do: 'steps' as const, steps: taken, notes: [] });
  if (copy.stage === 'draft') return done(discard(situation));
  // Nothing to credit: an invoice over zero cannot be reversed.
  if (copy.amount.amountMinor === 0n)
    return done([{ kind: 'unpost-invoice', invoice, externalKey }, ...discard(situation)]);
  const on = latest(facts.today, copy.issuedOn);
  return done([...release(situation), { kind: 'reverse-invoice', invoice, externalKey, on }]);
}

function discard({ link, externalKey, deletingRefused }: InvoiceSituation): Step[] {
  const draft = { invoice: present(link).counterpart, externalKey };
  const gone: Step = { kind: 'delete-invoice', ...draft };
  return deletingRefused ? [{ kind: 'cancel-invoice', ...draft }, gone] : [gone];
}

function release({ parts, facts, copy, link }: InvoiceSituation): Step[] {
  const { counterpart: invoice } = present(link);
  return parts.settledBy.map(({ kind, counterpart, amount, date }) => {
    const on = latest(facts.today, copy?.issuedOn, date);
    return kind === 'payment'
      ? { kind: 'unapply-payment', payment: counterpart, invoice, amount, on }
      : { kind: 'unapply-credit', credit: counterpart, invoice, amount, on };
  });
}

// ---------------------------------------------------------------- words and small things

/** What memos have added to the posted total, or taken from it. */
export function adjustedOf({ copied }: Link): bigint {
  return (copied.adjustments ?? []).reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a plan for a copy that is not there');
  return value;
}

function withNotes(plan: Plan, notes: readonly string[]): Plan {
  return plan.do === 'steps' ? { ...plan, notes: [...plan.notes, ...notes] } : plan;
}

function renamed({ copied, counterpart }: Link, { number }: CanonicalInvoice): string[] {
  if (copied.label === undefined || copied.label === number) return [];
  return [
    `Renumbered from ${copied.label} to ${number} in the source; ${counterpart.number} keeps its number.`,
  ];
}

function notExplained(problems: readonly Problem[]): Reason {
  const [problem] = problems;
  return {
    code: 'total-not-explained',
    message: `The total ${problem?.value ?? ''} ${problem?.rule ?? ''}.`,
    problems: [...problems],
    wayOut: 'Check lines, taxes and discount in the source.',
    choices: [LEAVE_OUT],
  };
}

function negativeTotal({ total }: CanonicalInvoice): Reason {
  return {
    code: 'negative-total',
    message: `The total is negative (${show(total)}); the destination takes no negative invoices.`,
    wayOut:
      'Delete it in the source and issue a credit note over the amount, which is copied by itself; or leave it out and book it in the destination by hand.',
    choices: [LEAVE_OUT],
  };
}

function memosInTheWay({ link, memos }: InvoiceSituation): Reason {
  const { number } = present(link).counterpart;
  const told = memos.map(({ counterpart, amount }) => `${counterpart.number} (${show(amount)})`).join(', ');
  return {
    code: 'memos-in-the-way',
    message: `${number} would have to be taken back, which cannot be done while memos carry changes of it: ${told}.`,
    wayOut:
      'Unapply, unpost and cancel these memos in the destination; then replay the record, and let the copy be made equal.',
  };
}

function settledByHand(invoice: Counterpart, foreign: InvoiceParts['settledBy']): Reason {
  const told = foreign.map(({ counterpart, amount }) => `${counterpart.number} (${show(amount)})`);
  return {
    code: 'settled-by-hand',
    message: `${invoice.number} is settled in the destination by what was not copied from the source: ${told.join(', ')}.`,
    wayOut: 'Unapply it in the destination, or enter it in the source; then replay the record.',
  };
}

/** What a link keeps of the invoice as it is now. */
export function copiedInvoice(
  invoice: CanonicalInvoice,
  before: Copied,
  booked: PlainDate | undefined,
): Copied {
  return {
    ...before,
    clientId: invoice.clientId,
    lines: linesHash(invoice),
    texts: textsHash(invoice),
    label: before.label ?? invoice.number,
    dated: invoice.issuedOn,
    ...(booked === undefined ? {} : { bookedOn: booked }),
  };
}
