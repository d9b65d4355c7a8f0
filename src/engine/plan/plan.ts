/** What a plan is: steps, or why there are none. Plans are pure; `notes` tell people what a policy or a rule decided. */
import type { PlainDate, Problem } from '../../core/canonical.ts';
import { formatMoney, type Money } from '../../core/money.ts';
import type { Policies } from '../../core/policy.ts';
import type { CopyState, DestinationFacts } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import type { Choice, Decisions, Figures, Reason } from '../../store/documents.ts';
import type { Link } from '../../store/links.ts';

export type Plan =
  /** No steps: the copy is as it should be. */
  | { do: 'steps'; steps: readonly Step[]; notes: readonly string[] }
  /** Not to be copied, for a reason that is no fault. */
  | { do: 'ignore'; reason: Reason }
  /** Ask a person; the steps are due whatever is decided. */
  | { do: 'park'; reason: Reason; steps?: readonly Step[] };

export function steps(taken: readonly Step[], notes: readonly string[] = []): Plan {
  return { do: 'steps', steps: taken, notes };
}

export function park(reason: Reason, due: readonly Step[] = []): Plan {
  return { do: 'park', reason, ...(due.length > 0 ? { steps: due } : {}) };
}

export function ignore(code: string, message: string): Plan {
  return { do: 'ignore', reason: { code, message } };
}

const DEAD: ReadonlySet<string> = new Set(['reversed', 'cancelled', 'deleted']);

/** Whether a copy or a link's stage still stands for something. */
export function isLiving(copy: { stage: string } | undefined): boolean {
  return copy !== undefined && !DEAD.has(copy.stage);
}

/** Dates are yyyy-mm-dd: the order of text is the order of days. */
export function latest(...dates: readonly (PlainDate | undefined)[]): PlainDate {
  return dates.reduce<PlainDate>((last, date) => (date !== undefined && date > last ? date : last), '');
}

export function show(amount: Money): string {
  return `${formatMoney(amount)} ${amount.currency}`;
}

export function toldProblems(problems: readonly Problem[]): string {
  return problems.map(({ field, value, rule }) => `${field} ${JSON.stringify(value)} ${rule}`).join('; ');
}

export const LEAVE_OUT: Choice = {
  choice: 'leave-out',
  label: 'Leave it out',
  explains: 'The record is not copied, and says who decided so. Replaying it takes the decision back.',
};

export const RENUMBER: Choice = {
  choice: 'renumber',
  label: 'Give the copy a new number',
  explains: 'The copy gets the suffix -R1; the other document stays as it is.',
};

const OPEN_DAY: Choice = {
  choice: 'open-day',
  label: 'Book it on the first open day',
  explains: 'The copy gets the first day after the closed period as its date. The source keeps its own.',
};

const HEAL: Choice = {
  choice: 'heal',
  label: 'Make it equal to the source again',
  explains: 'What was changed in the destination is overwritten with what the source says.',
};

/** The day on which something dated `date` can be booked; undefined when that is for a person to say. */
export function bookableDay(
  date: PlainDate,
  { closedPeriods }: Pick<DestinationFacts, 'closedPeriods'>,
  mayMove: boolean,
): { on: PlainDate; closed: boolean } | undefined {
  let on = date;
  for (let moved = true; moved; ) {
    const period = closedPeriods.find(({ from, to }) => from <= on && on <= to);
    moved = period !== undefined;
    if (period) on = dayAfter(period.to);
  }
  if (on === date) return { on, closed: false };
  return mayMove ? { on, closed: true } : undefined;
}

function dayAfter(date: PlainDate): PlainDate {
  const next = new Date(`${date}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

export function inClosedPeriod(what: string, date: PlainDate): Reason {
  return {
    code: 'closed-period',
    message: `The ${what} is dated ${date}, in an accounting period that is closed in the destination.`,
    wayOut: 'Open the period, or book it on the first open day (policy closedPeriods does that for all).',
    choices: [OPEN_DAY, LEAVE_OUT],
  };
}

export const LEFT_OUT: Reason = { code: 'left-out', message: 'Left out by a person’s decision.' };
const TAKEN_BACK: Reason = { code: 'removed', message: 'Its copy was taken back.' };

/** Why there is no copy: `never` holds only where there was none, or where a person wants none. */
export function pastOr(link: Link | undefined, never: Reason): Reason {
  return link && never !== LEFT_OUT ? TAKEN_BACK : never;
}

type Standing = { policies: Policies; decisions: Decisions };

/**
 * Why a copy cannot be planned from: somebody else has changed it since it was last confirmed (E12). Undefined when
 * nobody has, when steps of ours are not confirmed yet, and when it is to be made equal to the source again.
 *
 * Steps of ours may have been forgotten: by a replica that took over and lacks the last seconds, by a backup. So where
 * the source wants it `removed`, a copy that is gone is as it should be, and one that was unapplied or taken back to
 * draft is on its way. Another amount or date was nobody's way, and still asks a person.
 */
export function strayed(
  link: Link | undefined,
  copy: CopyState | undefined,
  { policies, decisions }: Standing,
  removed = false,
): Reason | undefined {
  if (!link || !isLiving(link) || link.touched) return undefined;
  if (policies.drift === 'heal' || decisions.heal || decisions['leave-out']) return undefined;
  if (removed && !isLiving(copy)) return undefined;
  if (!copy) return gone(link);
  const figures = driftOf(link, copy);
  const isOnTheWay = removed && figures.every(({ name }) => name === 'open amount' || name === 'stage');
  return figures.length > 0 && !isOnTheWay ? drifted(link.counterpart.number, figures) : undefined;
}

/** Whoever brought it there, the copy is as it should be: nothing is left to do. */
export function isAsWanted(plan: Plan): boolean {
  return plan.do === 'steps' && plan.steps.length === 0;
}

function driftOf({ confirmed }: Link, copy: CopyState): Figures {
  if (!confirmed) return [];
  const currency = copy.amount.currency;
  const amount = (minor: string) => show({ amountMinor: BigInt(minor), currency });
  return [
    { name: 'stage', source: confirmed.stage, destination: copy.stage },
    { name: 'amount', source: amount(confirmed.amountMinor), destination: show(copy.amount) },
    { name: 'date', source: confirmed.date, destination: copy.date },
    { name: 'open amount', source: amount(confirmed.balanceMinor), destination: show(copy.balance) },
  ].filter(({ source, destination }) => source !== destination);
}

function drifted(number: string, figures: Figures): Reason {
  const told = figures.map(({ name, source, destination }) => `${name} ${destination} instead of ${source}`);
  return {
    code: 'drift',
    message: `${number} was changed in the destination: ${told.join('; ')}.`,
    figures,
    wayOut: 'Undo the change there and replay the record, or let it be made equal to the source again.',
    choices: [HEAL, LEAVE_OUT],
  };
}

function gone({ counterpart }: Link): Reason {
  return {
    code: 'copy-not-there',
    message: `${counterpart.number} is not in the destination any more.`,
    wayOut: 'Find out who removed it. It can be made anew from the source.',
    choices: [HEAL, LEAVE_OUT],
  };
}
