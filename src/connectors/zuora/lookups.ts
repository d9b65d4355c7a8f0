/** Finds what is already in Zuora by natural key: account number, invoice number, payment reference. */
import type { CanonicalClient } from '../../core/canonical.ts';
import { OperatingError } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { AccountCandidate, StepResult } from '../../core/ports.ts';
import type { Step } from '../../core/steps.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { ZuoraNotFound } from './errors.ts';
import type { CallName } from './operations.ts';
import {
  accountSchema,
  invoiceSchema,
  queriedAccountSchema,
  queriedContactSchema,
  queriedPaymentSchema,
} from './wire.ts';

/** An `IN` filter of Object Query; more accounts than this under one e-mail are looked at in several calls. */
const IN_MAXIMUM = 50;

/** Undefined when there surely is no effect of the step. */
export async function findEffect(client: ZuoraClient, step: Step): Promise<StepResult | undefined> {
  switch (step.kind) {
    case 'create-account':
      return findAccount(client, step.accountNumber, step.currency);
    case 'create-invoice':
      return findInvoice(client, step.number, step.externalKey);
    case 'create-payment':
      return findPayment(client, step.externalKey);
    case 'post-invoice':
      return findPosted(client, step.invoice.id);
  }
}

async function findAccount(
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

async function readAccount(client: ZuoraClient, accountNumber: string) {
  const raw = await readIfThere(client, 'GET account', `/v1/accounts/${encodeURIComponent(accountNumber)}`);
  if (raw === undefined) return undefined;
  return { account: readAnswer(accountSchema, raw, 'GET account'), raw };
}

async function findInvoice(
  client: ZuoraClient,
  number: string,
  externalKey: string,
): Promise<StepResult | undefined> {
  const raw = await readIfThere(client, 'GET invoice', `/v1/invoices/${encodeURIComponent(number)}`);
  if (raw === undefined) return undefined;
  const invoice = readAnswer(invoiceSchema, raw, 'GET invoice');
  if (invoice.comments !== externalKey) {
    const mark = invoice.comments ? `it is marked "${invoice.comments.slice(0, 100)}"` : 'it carries no mark';
    throw taken(`invoice ${number} exists already but is not the copy of ${externalKey}: ${mark}`);
  }
  if (isDead(invoice.status)) {
    throw taken(`invoice ${number}, the copy of ${externalKey}, is ${invoice.status} and keeps its number`);
  }
  return { counterpart: { id: invoice.id, number: invoice.invoiceNumber }, raw };
}

/** `referenceId` is not unique in Zuora, so two living payments are said aloud and not chosen between. */
async function findPayment(client: ZuoraClient, externalKey: string): Promise<StepResult | undefined> {
  const rows = await client.query('payments', [['filter[]', `referenceid.EQ:${externalKey}`]]);
  const living = rows
    .map((raw) => ({ raw, payment: readAnswer(queriedPaymentSchema, raw, 'GET object-query payments') }))
    .filter(({ payment }) => payment.referenceId === externalKey && !isDead(payment.status));
  const [first, second] = living;
  if (second !== undefined) {
    const numbers = living.map(({ payment }) => payment.paymentNumber).join(', ');
    throw taken(`several living payments carry the reference ${externalKey}: ${numbers}`);
  }
  if (first === undefined) return undefined;
  return { counterpart: { id: first.payment.id, number: first.payment.paymentNumber }, raw: first.raw };
}

async function findPosted(client: ZuoraClient, invoiceId: string): Promise<StepResult | undefined> {
  const raw = await client.get('GET invoice', `/v1/invoices/${encodeURIComponent(invoiceId)}`);
  const invoice = readAnswer(invoiceSchema, raw, 'GET invoice');
  if (invoice.status === 'Posted')
    return { counterpart: { id: invoice.id, number: invoice.invoiceNumber }, raw };
  if (invoice.status === 'Draft') return undefined;
  throw new OperatingError(
    'conflict',
    `invoice ${invoice.invoiceNumber} is ${invoice.status}, so it cannot be posted`,
  );
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

async function readIfThere(
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
function isDead(status: string | null | undefined): boolean {
  return status === 'Canceled' || status === 'Cancelled' || status === 'Error';
}

function taken(message: string): OperatingError {
  return new OperatingError('rejected', message, { code: 'duplicate' });
}
