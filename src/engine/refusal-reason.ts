/** What a person is told of a step that the destination has refused: what it is about, and what can be done. */
import { OperatingError } from '../core/errors.ts';
import { formatMoney, type Money } from '../core/money.ts';
import { valueAt } from '../core/origins.ts';
import type { CopyState } from '../core/ports.ts';
import type { Step, StepOf } from '../core/steps.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Figures, Reason } from '../store/documents.ts';
import type { LaneWork } from './lane-work.ts';
import { labelOf } from './parts.ts';
import { inClosedPeriod, LEAVE_OUT, RENUMBER } from './plan/plan.ts';

export async function refusalReason(
  work: LaneWork,
  { step, request }: Pick<Delivery, 'step' | 'request'>,
  error: OperatingError,
): Promise<Reason> {
  if (error.code === 'duplicate') return numberTaken(work, step, error.message);
  // The same words and choices as where our own look at the periods has found it.
  if (error.code === 'closed-period' && 'bookedOn' in step)
    return inClosedPeriod(step.kind.replace(/^\w+-/, ''), step.bookedOn);
  const system = labelOf(work.parts, work.open.connection, 'destination');
  const { field } = error;
  return {
    code: error.code === 'closed-period' ? 'closed-period' : 'refused',
    message: `${system} refused it: ${error.message}`,
    ...(field === undefined
      ? {}
      : {
          problems: [
            { field, value: valueAt(request.body, field) ?? '', rule: `${system} names this field` },
          ],
        }),
    wayOut: 'Correct the cause, then replay the record.',
    choices: [LEAVE_OUT],
  };
}

async function numberTaken(work: LaneWork, step: Step, message: string): Promise<Reason> {
  const other =
    step.kind === 'create-invoice' ? await ifTold(work.open.destination.findInvoice(step.number)) : undefined;
  return {
    code: 'number-taken',
    message,
    ...(other && step.kind === 'create-invoice' ? { figures: await besideOther(work, step, other) } : {}),
    wayOut: 'Adopt the other document as the copy, or give the copy a number of its own.',
    choices: [
      {
        choice: 'adopt',
        label: 'Adopt it as the copy',
        explains: 'The document in the destination becomes the copy, and is made equal to the source.',
      },
      RENUMBER,
      LEAVE_OUT,
    ],
  };
}

/** Nothing depends on it but what a person sees. */
async function ifTold<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof OperatingError) return undefined;
    throw error;
  });
}

/** Ours beside the one that has the number. */
async function besideOther(
  { open }: LaneWork,
  { invoice, account, bookedOn }: StepOf<'create-invoice'>,
  other: CopyState,
): Promise<Figures> {
  const owner = await ifTold(open.destination.findAccount(other.accountId));
  const rows: Figures = [
    { name: 'total', source: show(invoice.total), destination: show(other.amount) },
    { name: 'date', source: bookedOn, destination: other.issuedOn ?? '' },
    { name: 'due date', source: invoice.dueOn, destination: other.date },
    {
      name: 'account',
      source: account.number,
      destination: owner ? `${owner.number} ${owner.name}`.trim() : other.accountId,
    },
    { name: 'state', source: invoice.stage, destination: other.stage },
    { name: 'comment', source: '', destination: other.comment },
  ];
  return rows.filter(({ source, destination }) => source !== '' || destination !== '');
}

function show(amount: Money): string {
  return `${formatMoney(amount)} ${amount.currency}`;
}
