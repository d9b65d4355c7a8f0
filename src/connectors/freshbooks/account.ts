/** Which FreshBooks accounts a person can reach, and in which role. */
import type { WireMe } from './wire.ts';

export type AccountAccess = { accountId: string; name: string; role: string };

/**
 * `business.account_id` may be null even for an owner; `roles[]` then has it. A role of `client` in either list wins:
 * such a person sees their own invoices only.
 */
export function toAccounts(me: WireMe): AccountAccess[] {
  const accounts = new Map<string, AccountAccess>();
  for (const { role, business } of me.business_memberships ?? []) {
    const accountId = business?.account_id;
    if (accountId) accounts.set(accountId, { accountId, name: business?.name ?? '', role: role ?? '' });
  }
  for (const { role, accountid } of me.roles ?? []) {
    if (!accountid) continue;
    const known = accounts.get(accountid);
    if (!known) accounts.set(accountid, { accountId: accountid, name: '', role: role ?? '' });
    else if (role === 'client') known.role = role;
  }
  return [...accounts.values()];
}

export function isClientOnly(access: AccountAccess): boolean {
  return access.role === 'client';
}

/** The account that was asked for, or the only one of ours. */
export function findAccount(
  accounts: readonly AccountAccess[],
  wanted: string | undefined,
): AccountAccess | undefined {
  if (wanted) return accounts.find((access) => access.accountId === wanted);
  const own = accounts.filter((access) => !isClientOnly(access));
  return own.length === 1 ? own[0] : undefined;
}

/** "Maple Ltd (FrEsHb, owner)". */
export function describeAccount({ accountId, name, role }: AccountAccess): string {
  return `${name || 'unnamed'} (${accountId}, ${role || 'role unknown'})`;
}
