/** Settings of the tenant that decide what can be copied: currencies, terms, methods, prefixes, periods. */
import { readAnswer, type ZuoraClient } from './client.ts';
import { ACCOUNT_PREFIX, toInvoicePrefixes } from './numbers.ts';
import { type Findings, type Known, knownOf, notKnown } from './preflight-reading.ts';
import { readCurrencies, readNumbers, readPeriods, readPrefixes, readTerms } from './read-settings.ts';
import { methodTypes, type Settings } from './tables.ts';
import { queriedPaymentMethodSchema } from './wire.ts';

export async function checkCurrencies(client: ZuoraClient): Promise<Findings> {
  const currencies = await readCurrencies(client);
  if (!currencies.known) return notKnown('active currencies', currencies.why);
  const codes = currencies.value.filter((row) => row.active !== false).map((row) => row.currencyCode);
  if (codes.length > 0) return { ok: true, detail: `${codes.join(', ')} work; others would be parked` };
  return {
    ok: false,
    detail: 'no currency is active: every invoice would be parked',
    fix: 'Activate the currencies of your invoices under Settings > Billing > Customize Currencies.',
  };
}

export async function checkTerms(client: ZuoraClient): Promise<Findings> {
  const terms = await readTerms(client);
  if (!terms.known) return notKnown('payment terms', terms.why);
  const names = terms.value.filter((row) => row.isActive !== false).map((row) => row.name);
  if (names.length > 0)
    return { ok: true, detail: `${names.join(', ')}; due dates go along with each invoice anyway` };
  return {
    ok: false,
    detail: 'no payment term is active: new accounts would be parked for want of a default',
    fix: 'Activate a payment term, "Due Upon Receipt" for one, under Settings > Billing > Payment Terms.',
  };
}

export async function checkMethods(client: ZuoraClient, settings: Settings): Promise<Findings> {
  const methods = await knownOf(async () => {
    const rows = await client.query('payment-methods', [['filter[]', 'issystem.EQ:true']]);
    return rows.map((row) => readAnswer(queriedPaymentMethodSchema, row, 'GET object-query payment-methods'));
  });
  if (!methods.known) return notKnown('enabled payment methods', methods.why);
  const enabled = new Set(methods.value.filter(({ active }) => active !== false).map(({ type }) => type));
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
  const prefixes = await readPrefixes(client);
  if (!prefixes.known) return notKnown('prefixes', prefixes.why);
  const account = prefixes.value.account ?? (await ownAccountPrefix(client));
  const clash = account !== undefined && account.toUpperCase() !== ACCOUNT_PREFIX ? account : undefined;
  if (clash !== undefined) {
    return {
      ok: false,
      detail: `Zuora numbers its own accounts with ${clash}: account numbers of ours that begin so would be refused`,
      fix: `Set the account prefix under Settings > Billing > Document Numbers back to ${ACCOUNT_PREFIX}.`,
    };
  }
  const kept = toInvoicePrefixes(settings);
  const invoice = prefixes.value.invoice?.toUpperCase();
  const isKept = !invoice || kept.some((known) => invoice.startsWith(known.toUpperCase()));
  const missing = isKept ? [] : [invoice];
  if (missing.length === 0) return { ok: true, detail: `numbers with ${kept.join(', ')} are left to Zuora` };
  return {
    ok: false,
    detail: `Zuora numbers its own invoices with ${missing.join(', ')}: copies with such a number would be parked`,
    fix: `Set the connection's invoice prefixes to ${[...kept, ...missing].join(',')}.`,
  };
}

/** Where the prefixes of documents are one object, that of accounts is on another page. */
async function ownAccountPrefix(client: ZuoraClient): Promise<string | undefined> {
  const numbers = await readNumbers(client);
  return numbers.known ? numbers.value.billingAccountprefix : undefined;
}

/** Decides what is today, and so what is in the future. */
export function checkTimeZone(
  settings: Settings,
  told: Known<string>,
  today: (told: string | undefined) => string,
): Findings {
  const day = today(told.known ? told.value : undefined);
  const { timeZone } = settings;
  if (!told.known) {
    const how = timeZone ? `the setting says ${timeZone}` : 'taken to be US Pacific';
    return { ok: true, detail: `not known: ${told.why}; ${how}, where today is ${day}` };
  }
  if (!timeZone || timeZone === told.value) return { ok: true, detail: `${told.value}; today is ${day}` };
  return {
    ok: false,
    detail: `Zuora says ${told.value}, the connection's setting ${timeZone}, where today is ${day}`,
    fix: "Clear the connection's setting timeZone, unless it is to overrule Zuora.",
  };
}

/** Needs Zuora Finance; without it no period can be closed. */
export async function checkPeriods(client: ZuoraClient, today: string): Promise<Findings> {
  const periods = await readPeriods(client);
  if (!periods.known) return { ok: true, detail: `not known: ${periods.why}; taken to be open` };
  const closed = periods.value.filter(({ status }) => /closed/i.test(status ?? ''));
  const current = closed.find(({ startDate, endDate }) => startDate <= today && endDate && today <= endDate);
  if (current !== undefined) {
    return {
      ok: false,
      detail: `the present period ${current.name} is closed: invoices of today would be parked`,
      fix: `Open the accounting period ${current.name} in Zuora, or wait until the next one begins.`,
    };
  }
  const latest = closed
    .flatMap(({ endDate }) => endDate ?? [])
    .sort()
    .at(-1);
  if (latest === undefined) return { ok: true, detail: 'every period is open' };
  return { ok: true, detail: `open after ${latest}; invoices dated until then would be parked` };
}
