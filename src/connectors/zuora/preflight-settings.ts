/** Settings of the tenant that decide what can be copied: currencies, terms, methods, prefixes, periods. */
import { readAnswer, type ZuoraClient } from './client.ts';
import { ACCOUNT_PREFIX, toInvoicePrefixes } from './numbers.ts';
import { type Findings, readable, unknown } from './preflight-reading.ts';
import {
  currencySettingsSchema,
  paymentTermsSchema,
  periodsSchema,
  prefixSettingsSchema,
} from './settings-wire.ts';
import { methodTypes, type Settings } from './tables.ts';
import { queriedPaymentMethodSchema } from './wire.ts';

export async function checkCurrencies(client: ZuoraClient): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings currencies', '/settings/currencies'));
  if (answer === undefined) return unknown('active currencies');
  const rows = readAnswer(currencySettingsSchema, answer, 'GET settings currencies');
  const codes = rows.filter((row) => row.active !== false).map((row) => row.currencyCode);
  if (codes.length > 0) return { ok: true, detail: `${codes.join(', ')} work; others would be parked` };
  return {
    ok: false,
    detail: 'no currency is active: every invoice would be parked',
    fix: 'Activate the currencies of your invoices under Settings > Billing > Customize Currencies.',
  };
}

export async function checkTerms(client: ZuoraClient): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings payment-terms', '/settings/payment-terms'));
  if (answer === undefined) return unknown('payment terms');
  const rows = readAnswer(paymentTermsSchema, answer, 'GET settings payment-terms');
  const names = rows.filter((row) => row.isActive !== false).map((row) => row.name);
  if (names.length > 0)
    return { ok: true, detail: `${names.join(', ')}; due dates go along with each invoice anyway` };
  return {
    ok: false,
    detail: 'no payment term is active: new accounts would be parked for want of a default',
    fix: 'Activate a payment term, "Due Upon Receipt" for one, under Settings > Billing > Payment Terms.',
  };
}

export async function checkMethods(client: ZuoraClient, settings: Settings): Promise<Findings> {
  const rows = await client.query('payment-methods', [['filter[]', 'issystem.EQ:true']]);
  const methods = rows.map((row) =>
    readAnswer(queriedPaymentMethodSchema, row, 'GET object-query payment-methods'),
  );
  const enabled = new Set(methods.filter(({ active }) => active !== false).map(({ type }) => type));
  const missing = [...new Set(Object.values(methodTypes(settings, [])))].filter((type) => !enabled.has(type));
  if (missing.length === 0) return { ok: true, detail: 'every type we use is enabled' };
  return {
    ok: false,
    detail: `not enabled: ${missing.join(', ')}; payments of these types would be parked, others work`,
    fix: `Enable ${missing.join(', ')} for external payments under Settings > Payments > Payment Methods, or name enabled types in the connection's setting paymentMethods.`,
  };
}

export async function checkPrefixes(
  client: ZuoraClient,
  settings: Record<string, string>,
): Promise<Findings> {
  const answer = await readable(() => client.get('GET settings doc-prefixes', '/settings/doc-prefixes'));
  if (answer === undefined) return unknown('prefixes');
  const rows = readAnswer(prefixSettingsSchema, answer, 'GET settings doc-prefixes');
  const prefixesOf = (type: string) =>
    rows.flatMap((row) => (row.documentType === type && row.prefix ? [row.prefix.toUpperCase()] : []));
  const clash = prefixesOf('Account').find((prefix) => prefix !== ACCOUNT_PREFIX);
  if (clash !== undefined) {
    return {
      ok: false,
      detail: `Zuora numbers its own accounts with ${clash}: account numbers of ours that begin so would be refused`,
      fix: `Set the account prefix under Settings > Billing > Document Numbers back to ${ACCOUNT_PREFIX}.`,
    };
  }
  const kept = toInvoicePrefixes(settings);
  const missing = prefixesOf('Invoice').filter(
    (prefix) => !kept.some((known) => prefix.startsWith(known.toUpperCase())),
  );
  if (missing.length === 0) return { ok: true, detail: `numbers with ${kept.join(', ')} are left to Zuora` };
  return {
    ok: false,
    detail: `Zuora numbers its own invoices with ${missing.join(', ')}: copies with such a number would be parked`,
    fix: `Set the connection's invoice prefixes to ${[...kept, ...missing].join(',')}.`,
  };
}

/** Needs Zuora Finance; without it no period can be closed. */
export async function checkPeriods(client: ZuoraClient, today: string): Promise<Findings> {
  const answer = await readable(() =>
    client.get('GET accounting-periods', '/v1/accounting-periods', [['pageSize', '300']]),
  );
  if (answer === undefined) return { ok: true, detail: 'not readable: taken to be open' };
  const { accountingPeriods } = readAnswer(periodsSchema, answer, 'GET accounting-periods');
  const closed = accountingPeriods.filter(({ status }) => /closed/i.test(status ?? ''));
  const current = closed.find(({ startDate, endDate }) => startDate <= today && today <= endDate);
  if (current !== undefined) {
    return {
      ok: false,
      detail: `the present period ${current.name} is closed: invoices of today would be parked`,
      fix: `Open the accounting period ${current.name} in Zuora, or wait until the next one begins.`,
    };
  }
  const latest = closed
    .map(({ endDate }) => endDate)
    .sort()
    .at(-1);
  if (latest === undefined) return { ok: true, detail: 'every period is open' };
  return { ok: true, detail: `open after ${latest}; invoices dated until then would be parked` };
}
