/** Which features and permissions of the tenant decide what can be copied; by reads only. */

import type { ZuoraClient } from './client.ts';
import type { Taxation } from './invoice-items.ts';
import { type CallName, OPERATIONS } from './operations.ts';
import { type Findings, notKnown, orNotThere, refusal } from './preflight-reading.ts';
import { readBillingRules, readFeatureSettings } from './read-settings.ts';

export type TaxationMemory = { taxation: () => Taxation; rememberNoTaxation: () => Promise<void> };

/** What every copy reads; a look-up by a key that nothing has is an answer too. */
const READS: readonly { call: CallName; path: string; what: string; permission: string }[] = [
  {
    call: 'GET object-query accounts',
    path: '/object-query/accounts',
    what: 'accounts',
    permission: 'Billing: View Customer Accounts',
  },
  {
    call: 'GET object-query contacts',
    path: '/object-query/contacts',
    what: 'contacts',
    permission: 'Billing: View Customer Accounts',
  },
  {
    call: 'GET object-query payments',
    path: '/object-query/payments',
    what: 'payments by reference',
    permission: 'Payments: View Payments',
  },
  { call: 'GET invoice', path: '/v1/invoices/none', what: 'invoices', permission: 'Billing: View Invoices' },
];

export async function checkReading(client: ZuoraClient): Promise<Findings> {
  const denied: string[] = [];
  const permissions = new Set<string>();
  for (const { call, path, what, permission } of READS) {
    const isList = OPERATIONS[call].endsWith(path);
    const said = await refusal(() =>
      orNotThere(() => client.get(call, path, isList ? [['pageSize', '1']] : [])),
    );
    if (said === undefined) continue;
    denied.push(what);
    permissions.add(permission);
  }
  if (denied.length === 0)
    return { ok: true, detail: 'accounts, contacts, invoices and payments can be read' };
  return {
    ok: false,
    detail: `the API user may not read ${denied.join(', ')}: every copy would be parked, because it could not be confirmed`,
    fix: `Give the API user's role the permission ${[...permissions].join(' and ')}.`,
  };
}

/** Every page about /v1/payments says that it needs Invoice Settlement, and a list changes nothing. */
export async function checkSettlement(client: ZuoraClient): Promise<Findings> {
  const off = await refusal(() => client.get('GET payments', '/v1/payments', [['pageSize', '1']]));
  if (off !== undefined) {
    return {
      ok: false,
      detail: `${off} Invoices would be copied, every payment would be parked.`,
      fix: 'Switch on Invoice Settlement in the tenant (ask Zuora support): payments cannot be copied without it.',
    };
  }
  const rules = await readBillingRules(client);
  const on = 'on: payments are made and applied to invoices';
  if (!rules.known)
    return { ok: true, detail: `${on}; whether single items are settled is not known: ${rules.why}` };
  if (rules.value.invoiceItemSettlement !== true) return { ok: true, detail: on };
  return {
    ok: true,
    detail: `${on}; with Invoice Item Settlement the tenant's application rules decide which items a payment settles`,
  };
}

/**
 * No documented setting tells it. A refusal to list taxation items is taken for "off" (an assumption, like the probe for
 * Invoice Settlement); otherwise the first invoice with a tax tells, and is planned again where it was wrong.
 */
export async function checkTaxation(
  client: ZuoraClient,
  settings: Record<string, string>,
  { taxation, rememberNoTaxation }: TaxationMemory,
): Promise<Findings> {
  const call = 'GET object-query taxation-items';
  const off = await refusal(() =>
    orNotThere(() => client.get(call, '/object-query/taxation-items', [['pageSize', '1']])),
  );
  if (settings.taxation === 'on' && off !== undefined) {
    return {
      ok: false,
      detail:
        'the connection is set to "on" but the tenant has no Taxation: invoices with a tax would be parked',
      fix: 'Set taxation of the connection to "off" or "auto", or switch on Taxation in Zuora.',
    };
  }
  if (off !== undefined && settings.taxation !== 'off') await rememberNoTaxation();
  const how =
    taxation() === 'on' ? 'taxes become tax items' : 'taxes become ordinary lines, totals stay equal';
  return { ok: true, detail: `${taxation()}: ${how}` };
}

export async function checkFeatures(
  client: ZuoraClient,
  settings: Record<string, string>,
): Promise<Findings> {
  const features = await readFeatureSettings(client);
  if (!features.known) {
    const { ok, detail } = notKnown('features', features.why);
    return { ok, detail: `${detail}: one account is made for each client and currency` };
  }
  const rows = features.value;
  const isOn = (name: string) =>
    rows.some((row) => row.featureName === name && /^(enabled|active|on)$/i.test(row.status ?? ''));
  if (isOn('Multi-Org') && !settings.organizationLabel) {
    return {
      ok: false,
      detail: 'Multi-Org is on and no organisation is named: new accounts would be parked',
      fix: 'Set the organisation label of the connection to the organisation that new accounts belong to.',
    };
  }
  const said = [
    `Multiple Currencies ${isOn('Multiple Currencies') ? 'on' : 'off'}: one account for each client and currency`,
    `Flexible Billing Attributes ${isOn('Flexible Billing Attributes') ? 'on' : 'off'}: not needed, contacts and terms stay on the account`,
  ];
  return { ok: true, detail: said.join('; ') };
}
