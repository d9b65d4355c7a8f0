/** The plan of a client whose accounts are there: do they follow a change? Pure. */
import type { CanonicalClient } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import type { Policies } from '../../core/policy.ts';
import type { Step } from '../../core/steps.ts';
import type { Link } from '../../store/links.ts';
import { ignore, type Plan, steps } from './plan.ts';

export function clientFingerprint(client: CanonicalClient): string {
  const { organization, firstName, lastName, email, phone, address, vatNumber } = client;
  return fingerprintOf({ organization, firstName, lastName, email, phone, address, vatNumber });
}

export type AccountPlan = { link: Link; steps: readonly Step[] };

/** `links` are the accounts there are, one for each currency; each has its own steps. */
export function planClient(
  client: CanonicalClient,
  links: readonly Link[],
  policies: Policies,
): { accounts: readonly AccountPlan[]; plan: Plan } {
  if (links.length === 0) {
    const reason = 'No invoice yet: the account is made together with the first one.';
    return { accounts: [], plan: ignore('no-invoice-yet', reason) };
  }
  const numbers = links.map(({ counterpart }) => counterpart.number).join(', ');
  if (client.visibility === 'deleted')
    return { accounts: [], plan: steps([], [`Deleted in the source; account ${numbers} stays as it is.`]) };
  const notes = client.visibility === 'archived' ? [`Archived in the source; account ${numbers} stays.`] : [];
  const fingerprint = clientFingerprint(client);
  const changed = links.filter((link) => link.fingerprint !== fingerprint);
  const following = changed.filter(({ copied }) => follows(policies, copied.found === true));
  const left = changed.filter((link) => !following.includes(link));
  if (left.length > 0) {
    const stay = left.map(({ counterpart }) => counterpart.number).join(', ');
    notes.push(`The client was changed; account ${stay} stays as it is (policy clientEdits).`);
  }
  const accounts = following.map((link) => ({ link, steps: updates(link, client) }));
  return {
    accounts,
    plan: steps(
      accounts.flatMap((account) => account.steps),
      notes,
    ),
  };
}

function follows({ clientEdits }: Policies, wasFound: boolean): boolean {
  return clientEdits === 'follow' || (clientEdits === 'made-only' && !wasFound);
}

function updates({ counterpart: account }: Link, client: CanonicalClient): Step[] {
  return [{ kind: 'update-account', account, client }];
}
