/** Policies: how a money case is settled where there is more than one right way. Settings of a connection. */

export type PolicySpec = {
  name: string;
  label: string;
  help: string;
  choices: readonly { value: string; label: string }[];
  default: string;
};

export const POLICIES = [
  {
    name: 'drafts',
    label: 'Drafts',
    help: 'Whether an invoice is copied before it is sent.',
    choices: [
      { value: 'mirror', label: 'Copy drafts as drafts, post them when they are sent' },
      { value: 'wait', label: 'Copy from the moment an invoice is sent' },
    ],
    default: 'mirror',
  },
  {
    name: 'edits',
    label: 'Edits of posted invoices',
    help: 'How a change of lines or amounts reaches an invoice that is already posted.',
    choices: [
      { value: 'unpost', label: 'Take it back to draft, change it, post it again: same number' },
      { value: 'reissue', label: 'Reverse it and issue it anew with the suffix -R1, -R2, …' },
      { value: 'memo', label: 'Leave it and add a credit or debit memo for the difference' },
    ],
    default: 'unpost',
  },
  {
    name: 'zeroTotals',
    label: 'Invoices over zero',
    help: 'An invoice without anything to pay, for example with a discount of 100 %.',
    choices: [
      { value: 'copy', label: 'Copy them like any other' },
      { value: 'leave-out', label: 'Leave them out, with a note on the record' },
    ],
    default: 'copy',
  },
  {
    name: 'closedPeriods',
    label: 'Closed accounting periods',
    help: 'A document dated in a period that is already closed in the destination.',
    choices: [
      { value: 'park', label: 'Ask a person' },
      { value: 'next-open-day', label: 'Book it on the first open day after, with a note on the record' },
    ],
    default: 'park',
  },
  {
    name: 'paymentDates',
    label: 'Odd payment dates',
    help: 'A payment dated before its invoice, or in the future.',
    choices: [
      { value: 'keep', label: 'Keep the date, with a note on the record' },
      { value: 'move', label: 'Move it to the invoice’s date, or to today' },
      { value: 'park', label: 'Ask a person' },
    ],
    default: 'keep',
  },
  {
    name: 'reducedPayments',
    label: 'Payments that became smaller',
    help: 'The source shows a refund as a payment with a smaller amount.',
    choices: [
      { value: 'refund', label: 'Record a refund of the difference' },
      { value: 'replace', label: 'Cancel the payment and record it anew' },
    ],
    default: 'refund',
  },
  {
    name: 'clientEdits',
    label: 'Changes of clients',
    help: 'Whether name, address and e-mail of an account follow the client.',
    choices: [
      { value: 'follow', label: 'Every account follows its client' },
      { value: 'made-only', label: 'Only accounts that were made here follow' },
      { value: 'leave', label: 'Accounts stay as they are, with a note on the record' },
    ],
    default: 'follow',
  },
  {
    name: 'drift',
    label: 'Changes made in the destination',
    help: 'A copy that somebody changed in the destination.',
    choices: [
      { value: 'park', label: 'Ask a person, showing both sides' },
      { value: 'heal', label: 'Make it equal to the source again' },
    ],
    default: 'park',
  },
] as const satisfies readonly PolicySpec[];

type Spec = (typeof POLICIES)[number];
export type Policies = { [S in Spec as S['name']]: S['choices'][number]['value'] };

/** Stored choices over the defaults; a choice this version does not know counts as the default. */
export function toPolicies(stored: Readonly<Record<string, unknown>>): Policies {
  const chosen = POLICIES.map(({ name, choices, default: standard }) => {
    const value = stored[name];
    return [name, choices.some((choice) => choice.value === value) ? value : standard] as const;
  });
  return Object.fromEntries(chosen) as Policies;
}

/** What is wrong with a choice, in words; undefined when it is one. */
export function policyProblem(name: string, value: string): string | undefined {
  const spec = POLICIES.find((policy) => policy.name === name);
  if (!spec)
    return `There is no policy "${name}". Known: ${POLICIES.map((policy) => policy.name).join(', ')}.`;
  if (spec.choices.some((choice) => choice.value === value)) return undefined;
  return `${name} is one of ${spec.choices.map((choice) => choice.value).join(', ')}, not "${value}".`;
}
