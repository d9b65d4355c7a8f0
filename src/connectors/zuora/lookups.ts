/** Finds accounts by natural key: account number, then e-mail; or as a person names them. */
import type { CanonicalClient } from '../../core/canonical.ts';
import { ACCOUNT_GONE, OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { AccountCandidate, StepResult } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { ZuoraNotFound } from './errors.ts';
import type { CallName } from './operations.ts';
import { accountSchema, queriedAccountSchema, queriedContactSchema } from './wire.ts';

/** An `IN` filter of Object Query; more accounts than this under one e-mail are looked at in several calls. */
const IN_MAXIMUM = 50;

/** The account made under that number; undefined when there is none. */
export async function findOwnAccount(
  client: ZuoraClient,
  accountNumber: string,
  currency: string,
): Promise<StepResult | undefined> {
  const found = await readAccount(client, accountNumber);
  if (found === undefined) return undefined;
  const { account, raw } = found;
  if (account.billingAndPayment.currency !== currency) {
    throw taken(
      `account ${accountNumber} exists in ${account.billingAndPayment.currency}, not in ${currency}`,
    );
  }
  if (isDead(account.basicInfo.status)) {
    throw taken(`account ${accountNumber} exists but is ${account.basicInfo.status}: link another one`);
  }
  return { counterpart: { id: account.basicInfo.id, number: account.basicInfo.accountNumber }, raw };
}

/** By number or id. */
export async function readAccount(client: ZuoraClient, key: string) {
  const raw = await readIfThere(client, 'GET account', `/v1/accounts/${encodeURIComponent(key)}`);
  if (raw === undefined) return undefined;
  return { account: readAnswer(accountSchema, raw, 'GET account'), raw };
}

/** Where Zuora says that it does not know the account of a step, the account itself is looked at. */
export async function lookForAccount(client: ZuoraClient, step: Step, error: unknown): Promise<unknown> {
  if (!(error instanceof ZuoraNotFound) || !('account' in step)) return error;
  if (!error.ofAccount && step.kind !== 'update-account') return error;
  const { id, number } = step.account;
  const found = await readAccount(client, id);
  const status = found?.account.basicInfo.status;
  // Not seen everywhere yet, or called by a number that it has no more: the plan is made again.
  if (found !== undefined && !isDead(status)) return error;
  const is = found === undefined ? 'is not in Zuora any more' : `is ${status} in Zuora`;
  const details = { code: ACCOUNT_GONE, field: 'account', cause: error };
  return new OperatingError('conflict', `Account ${number} ${is} (${error.message})`, details);
}

export async function findAccountByHand(
  client: ZuoraClient,
  key: string,
): Promise<AccountCandidate | undefined> {
  const found = await readAccount(client, key);
  if (found === undefined || isDead(found.account.basicInfo.status)) return undefined;
  const { id, accountNumber: number, name } = found.account.basicInfo;
  return { id, number, name, currency: found.account.billingAndPayment.currency, reason: 'by-hand' };
}

/** By our own number first; only without one by e-mail, because several accounts may share an address (K3, K5). */
export async function findAccounts(
  client: ZuoraClient,
  person: CanonicalClient,
  currency: string,
  accountNumber: string,
): Promise<AccountCandidate[]> {
  const own = await readAccount(client, accountNumber);
  if (own !== undefined && !isDead(own.account.basicInfo.status)) {
    const { id, name } = own.account.basicInfo;
    const inCurrency = own.account.billingAndPayment.currency;
    return [{ id, number: accountNumber, name, currency: inCurrency, reason: 'external-id' }];
  }
  const email = person.email?.trim();
  if (!email) return [];
  const contacts = await client.query('contacts', [['filter[]', `workemail.EQ:${email}`]]);
  const ids = new Set<string>();
  for (const row of contacts) {
    const { accountId, workEmail } = readAnswer(queriedContactSchema, row, 'GET object-query contacts');
    if (accountId && workEmail?.toLowerCase() === email.toLowerCase()) ids.add(accountId);
  }
  return accountsByIds(client, [...ids], currency);
}

async function accountsByIds(
  client: ZuoraClient,
  ids: readonly string[],
  currency: string,
): Promise<AccountCandidate[]> {
  const candidates: AccountCandidate[] = [];
  for (let from = 0; from < ids.length; from += IN_MAXIMUM) {
    const some = ids.slice(from, from + IN_MAXIMUM);
    const filter = some.length === 1 ? `id.EQ:${some[0]}` : `id.IN:[${some.join(',')}]`;
    for (const row of await client.query('accounts', [['filter[]', filter]])) {
      const account = readAnswer(queriedAccountSchema, row, 'GET object-query accounts');
      if (account.status !== 'Active' || account.currency !== currency) continue;
      const { id, accountNumber, name } = account;
      candidates.push({ id, number: accountNumber, name, currency, reason: 'email' });
    }
  }
  return candidates.sort((a, b) => (a.number < b.number ? -1 : 1));
}

export async function readIfThere(
  client: ZuoraClient,
  call: CallName,
  path: string,
): Promise<JsonValue | undefined> {
  try {
    return await client.get(call, path);
  } catch (error) {
    if (error instanceof ZuoraNotFound) return undefined;
    throw error;
  }
}

/** American spelling on the wire, British in some enumerations. */
export function isDead(status: string | null | undefined): boolean {
  return status === 'Canceled' || status === 'Cancelled' || status === 'Error';
}

export function taken(message: string): OperatingError {
  return new OperatingError('rejected', message, { code: 'duplicate' });
}
