/** The plan of a client whose accounts are there: do they follow a change? Pure. */
import type { CanonicalClient } from '../../core/canonical.ts';
import { fingerprintOf } from '../../core/json.ts';
import type { Policies } from '../../core/policy.ts';
import type { Step } from '../../core/steps.ts';
import type { Holder } from '../../store/account-owners.ts';
import type { Link } from '../../store/links.ts';
import { whose } from './account.ts';
import { ignore, type Plan, steps } from './plan.ts';

export function clientFingerprint(client: CanonicalClient): string {
  const { organization, firstName, lastName, email, phone, address, vatNumber } = client;
  return fingerprintOf({ organization, firstName, lastName, email, phone, address, vatNumber });
}

/** `links` are the accounts there are, one for each currency; only those that are the client's own follow it (K5). */
export function planClient(
  client: CanonicalClient,
  links: readonly Link[],
  holders: ReadonlyMap<string, Holder>,
  policies: Policies,
): Plan {
  if (links.length === 0)
    return ignore('no-invoice-yet', 'No invoice yet: the account is made together with the first one.');
  const numbers = links.map(({ counterpart }) => counterpart.number).join(', ');
  // A deletion by itself changes nothing, but the change before it may be seen only now.
  const notes =
    client.visibility === 'active'
      ? []
      : [`${HIDDEN[client.visibility]} in the source; account ${numbers} stays.`];
  const isOwn = ({ counterpart }: Link) => holders.get(counterpart.id)?.who === 'self';
  for (const { counterpart } of links.filter((link) => !isOwn(link)))
    notes.push(sharedNote(counterpart.number, holders.get(counterpart.id)));
  const fingerprint = clientFingerprint(client);
  const changed = links.filter((link) => isOwn(link) && link.fingerprint !== fingerprint);
  const following = changed.filter(({ copied }) => follows(policies, copied.found === true));
  const left = changed.filter((link) => !following.includes(link));
  if (left.length > 0) {
    const stay = left.map(({ counterpart }) => counterpart.number).join(', ');
    notes.push(`The client was changed; account ${stay} stays as it is (policy clientEdits).`);
  }
  const updates = following.map(
    ({ counterpart: account }): Step => ({ kind: 'update-account', account, client }),
  );
  return steps(updates, notes);
}

function sharedNote(number: string, holder: Holder = { who: 'nobody' }): string {
  const names = holder.who === 'other' ? 'its name and e-mail stay' : 'no name or e-mail is written to it';
  return `Account ${number} ${whose(holder)}: ${names}.`;
}

const HIDDEN = { archived: 'Archived', deleted: 'Deleted' } as const;

function follows({ clientEdits }: Policies, wasFound: boolean): boolean {
  return clientEdits === 'follow' || (clientEdits === 'made-only' && !wasFound);
}
