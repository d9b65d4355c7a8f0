/** Checks a connection with reads only, and says in plain words what works, what does not and what to do. */
import { OperatingError, type OperatingErrorKind } from '../../core/errors.ts';
import type { JsonValue } from '../../core/json.ts';
import type { PingCheck } from '../../core/ports.ts';
import { readAnswer, type ZuoraClient } from './client.ts';
import { budgetText } from './headers.ts';
import type { Taxation } from './invoice-request.ts';
import { toInvoicePrefixes } from './numbers.ts';
import { METHOD_TYPES } from './payment-request.ts';
import { type Region, regionName } from './regions.ts';
import { currencySettingsSchema, paymentTermsSchema, prefixSettingsSchema } from './settings-wire.ts';
import { queriedPaymentMethodSchema } from './wire.ts';

type TaxationMemory = { taxation: () => Taxation; rememberNoTaxation: () => Promise<void> };
type Findings = { ok: boolean; detail: string; fix?: string };

export async function checkTenant(
  client: ZuoraClient,
  settings: Record<string, string>,
  regions: readonly Region[],
  memory: TaxationMemory,
): Promise<PingCheck[]> {
  const signIn = await check('Sign-in', () => checkSignIn(client, regions));
  if (!signIn.ok) return [signIn];
  const tenant = await check('Tenant', () => checkScope(client, settings));
  const rest = [
    await check('Invoice Settlement', () => checkSettlement(client)),
    await check('Taxation', () => checkTaxation(client, settings, memory)),
    await check('Currencies', () => checkCurrencies(client)),
    await check('Payment terms', () => checkTerms(client)),
    await check('Payment methods', () => checkMethods(client)),
    await check('Invoice prefix', () => checkPrefixes(client, settings)),
  ];
  return [
    signIn,
    tenant,
    ...rest,
    { name: 'Rate budget', ok: true, detail: budgetText(client.lastHeaders()) },
  ];
}

async function check(name: string, find: () => Promise<Findings>): Promise<PingCheck> {
  try {
    return { name, ...(await find()) };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { name, ok: false, detail: error.message, fix: fixOf(error) };
  }
}

function fixOf(error: OperatingError): string {
  switch (error.kind) {
    case 'unauthorized':
      return 'Check client id, client secret and region; create a new OAuth client for the API user in Zuora.';
    case 'rate_limited':
      return 'Wait and try again: the tenant has used up its calls for now.';
    case 'transient':
    case 'ambiguous':
      return 'Check that this machine can reach Zuora over HTTPS, then try again.';
    case 'rejected':
    case 'conflict':
      return 'Ask the Zuora administrator for the permission or the feature that is named.';
  }
}

async function checkSignIn(client: ZuoraClient, regions: readonly Region[]): Promise<Findings> {
  const { baseUrl } = await client.auth.session();
  return { ok: true, detail: `a token was issued by ${baseUrl} (${regionName(baseUrl, regions)})` };
}

async function checkScope(client: ZuoraClient, settings: Record<string, string>): Promise<Findings> {
  const { scope } = await client.auth.session();
  const parts = scope.split(/\s+/);
  const valueOf = (kind: string) => parts.find((part) => part.startsWith(`${kind}.`))?.slice(kind.length + 1);
  const entities = parts.filter((part) => part.startsWith('entity.')).map((part) => part.slice(7));
  const wanted = settings.entityId?.replaceAll('-', '').toLowerCase();
  const detail = `tenant ${valueOf('tenant') ?? 'unknown'}, ${entities.length === 1 ? 'entity' : 'entities'} ${entities.join(', ') || 'unknown'}`;
  const isKnown = entities.some((entity) => entity.replaceAll('-', '').toLowerCase() === wanted);
  if (!wanted || entities.length === 0 || isKnown) return { ok: true, detail };
  return {
    ok: false,
    detail: `${detail}; not ${settings.entityId}`,
    fix: 'Correct the entity id or leave it empty.',
  };
}

/** Every page about /v1/payments says that it needs Invoice Settlement, and a list changes nothing. */
async function checkSettlement(client: ZuoraClient): Promise<Findings> {
  const fix = 'Invoice Settlement has to be on in the tenant: payments cannot be copied without it.';
  const off = await refusal(() => client.get('GET payments', '/v1/payments', [['pageSize', '1']]));
  if (off === undefined) return { ok: true, detail: 'payments can be read, so it is on' };
  return { ok: false, detail: off, fix };
}

/**
 * No documented setting tells it. A refusal to list taxation items is taken for "off" (an assumption, like the probe for
 * Invoice Settlement); otherwise the first invoice with a tax tells, and is planned again where it was wrong.
 */
async function checkTaxation(
  client: ZuoraClient,
  settings: Record<string, string>,
  { taxation, rememberNoTaxation }: TaxationMemory,
): Promise<Findings> {
  if (settings.taxation === 'on' || settings.taxation === 'off') {
    return { ok: true, detail: `set to "${settings.taxation}"` };
  }
  const call = 'GET object-query taxation-items';
  const path = '/object-query/taxation-items';
  const off = await refusal(() =>
    orUndefined(() => client.get(call, path, [['pageSize', '1']]), ['conflict']),
  );
  if (off !== undefined) await rememberNoTaxation();
  const how = taxation() === 'on' ? 'taxes become tax items' : 'taxes become ordinary lines';
  return { ok: true, detail: `taken to be ${taxation()}: ${how}` };
}

async function checkCurrencies(client: ZuoraClient): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings currencies', '/settings/currencies'));
  if (answer === undefined) return unknown('active currencies');
  const rows = readAnswer(currencySettingsSchema, answer, 'GET settings currencies');
  const codes = rows.filter((row) => row.active !== false).map((row) => row.currencyCode);
  if (codes.length > 0) return { ok: true, detail: codes.join(', ') };
  return {
    ok: false,
    detail: 'no currency is active',
    fix: 'Activate the currencies of your invoices in Zuora.',
  };
}

async function checkTerms(client: ZuoraClient): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings payment-terms', '/settings/payment-terms'));
  if (answer === undefined) return unknown('payment terms');
  const rows = readAnswer(paymentTermsSchema, answer, 'GET settings payment-terms');
  const names = rows.filter((row) => row.isActive !== false).map((row) => row.name);
  return { ok: true, detail: `${names.join(', ')}; due dates go along with each invoice anyway` };
}

async function checkMethods(client: ZuoraClient): Promise<Findings> {
  const rows = await client.query('payment-methods', [['filter[]', 'issystem.EQ:true']]);
  const methods = rows.map((row) =>
    readAnswer(queriedPaymentMethodSchema, row, 'GET object-query payment-methods'),
  );
  const enabled = new Set(methods.filter(({ active }) => active !== false).map(({ type }) => type));
  const missing = [...new Set(Object.values(METHOD_TYPES))].filter((type) => !enabled.has(type));
  if (missing.length === 0) return { ok: true, detail: 'every type we use is enabled' };
  return {
    ok: false,
    detail: `not enabled: ${missing.join(', ')}`,
    fix: 'Enable these types for external payments under Settings > Payments > Payment Methods.',
  };
}

async function checkPrefixes(client: ZuoraClient, settings: Record<string, string>): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings doc-prefixes', '/settings/doc-prefixes'));
  if (answer === undefined) return unknown('prefixes');
  const rows = readAnswer(prefixSettingsSchema, answer, 'GET settings doc-prefixes');
  const prefixes = rows.flatMap((row) => (row.documentType === 'Invoice' && row.prefix ? [row.prefix] : []));
  const kept = toInvoicePrefixes(settings);
  const missing = prefixes.filter(
    (prefix) => !kept.some((known) => prefix.toUpperCase().startsWith(known.toUpperCase())),
  );
  if (missing.length === 0) return { ok: true, detail: `numbers with ${kept.join(', ')} are left to Zuora` };
  return {
    ok: false,
    detail: `Zuora numbers its own invoices with ${missing.join(', ')}`,
    fix: `Set the connection's invoice prefixes to ${[...kept, ...missing].join(',')}.`,
  };
}

/** The words of a refusal for want of a feature or permission; undefined when the read works. */
async function refusal(read: () => Promise<JsonValue | undefined>): Promise<string | undefined> {
  try {
    await read();
    return undefined;
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'rejected') return error.message;
    throw error;
  }
}

/** The settings API needs an administrator: without the right nothing is known, and nothing is wrong. */
async function readable(read: () => Promise<JsonValue>): Promise<JsonValue | undefined> {
  return orUndefined(read, ['rejected', 'conflict']);
}

async function orUndefined(
  read: () => Promise<JsonValue>,
  kinds: readonly OperatingErrorKind[],
): Promise<JsonValue | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatingError && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}

function unknown(what: string): Findings {
  return { ok: true, detail: `${what} unknown: the API user may not read settings` };
}
