/** Which account a client's documents go to: one of those that were found, a new one, or a person is asked. Pure. */
import type { CanonicalClient } from '../../core/canonical.ts';
import { isMadeForAnother } from '../../core/ids.ts';
import type { AccountCandidate } from '../../core/ports.ts';
import type { Holder } from '../../store/account-owners.ts';
import type { Choice, Decisions, Reason } from '../../store/documents.ts';

export type AccountSituation = {
  client: CanonicalClient;
  /** Of the client; its own accounts' numbers begin with it. */
  externalKey: string;
  found: readonly AccountCandidate[];
  /** Whose those that were found are, by id. */
  holders: ReadonlyMap<string, Holder>;
  decisions: Decisions;
};

export type AccountPlan =
  | { do: 'link'; account: AccountCandidate }
  | { do: 'make'; note?: string }
  | { do: 'park'; reason: Reason };

/** K1 to K5: its own number first, then the only free account with its e-mail. */
export function planAccount({
  client,
  externalKey,
  found,
  holders,
  decisions,
}: AccountSituation): AccountPlan {
  const own = found.find(({ reason }) => reason === 'external-id');
  if (own) {
    const isOurs = (holders.get(own.id) ?? SELF).who === 'self' || decisions['share-account'] === own.number;
    return isOurs
      ? { do: 'link', account: own }
      : { do: 'park', reason: anothersAccount(client, own, holders.get(own.id), []) };
  }
  const byEmail = found.filter(({ reason }) => reason === 'email');
  const isFree = (candidate: AccountCandidate) => isFreeFor(externalKey, candidate, holders);
  const free = decisions['new-account'] ? [] : byEmail.filter(isFree);
  const [only, second] = free;
  if (second) return { do: 'park', reason: severalAccounts(client, free) };
  if (only) return { do: 'link', account: only };
  const shared = byEmail.find((candidate) => !isFree(candidate));
  return shared ? { do: 'make', note: sharesEmail(client, shared, holders.get(shared.id)) } : { do: 'make' };
}

/** K5: not where a client of any connection has it, nor where its number was made for another one. */
export function isFreeFor(
  externalKey: string,
  { id, number }: Pick<AccountCandidate, 'id' | 'number'>,
  holders: AccountSituation['holders'],
): boolean {
  const holder = holders.get(id);
  return holder ? holder.who === 'self' : !isMadeForAnother(number, externalKey);
}

/** What a person is asked before an account is shared. */
export function anothersAccount(
  { sourceId }: CanonicalClient,
  { number, name }: AccountCandidate,
  holder: Holder | undefined,
  others: readonly Choice[],
): Reason {
  return {
    code: 'account-of-another',
    message: `Account ${number} (${name}) ${whose(holder)}: client ${sourceId} is not booked there without a person’s word.`,
    wayOut: 'Say that both are to share it, or link another account.',
    choices: [
      {
        choice: 'share-account',
        argument: number,
        label: `Share ${number} (${name})`,
        explains: `What client ${sourceId} is billed goes to the same account; name and e-mail stay those of its owner.`,
      },
      ...others,
    ],
  };
}

/** "is that of Ada (north/7)". */
export function whose(holder: Holder | undefined): string {
  switch (holder?.who) {
    case 'other':
      return `is that of ${holder.told}`;
    case 'nobody':
      return 'is shared, and nobody has said whose it is';
    case 'self':
      return 'is its own';
    case undefined:
      return 'was made for another client, by its number';
  }
}

export const NEW_ACCOUNT: Choice = {
  choice: 'new-account',
  label: 'Make a new account',
  explains: 'The client gets an account of its own; the others stay as they are.',
};

const SELF: Holder = { who: 'self' };

function sharesEmail(client: CanonicalClient, other: AccountCandidate, holder: Holder | undefined): string {
  const who = holder?.who === 'other' ? `another client, ${holder.told}` : 'another client';
  return `Account ${other.number} has the e-mail ${client.email ?? ''}, too, but belongs to ${who}: this one has an account of its own.`;
}

function severalAccounts(client: CanonicalClient, candidates: readonly AccountCandidate[]): Reason {
  const told = candidates.map((c) => `${c.number} (${c.name})`).join(', ');
  return {
    code: 'several-accounts',
    message: `${candidates.length} accounts have the e-mail ${client.email ?? ''}: ${told}.`,
    wayOut: 'Choose the one that is the client’s, or let a new one be made.',
    choices: [
      ...candidates.map(({ number, name }) => ({
        choice: 'account' as const,
        argument: number,
        label: `Link ${number} (${name})`,
        explains: 'The client’s invoices and payments go to this account from now on.',
      })),
      NEW_ACCOUNT,
    ],
  };
}
