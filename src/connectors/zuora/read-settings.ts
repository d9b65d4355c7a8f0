/** The settings of a tenant that plans and checks ask for; each is known or not known. */
import type { z } from 'zod';
import { readAnswer, type ZuoraClient } from './client.ts';
import type { CallName } from './operations.ts';
import { type Known, knownOf } from './preflight-reading.ts';
import {
  billingRulesSchema,
  currencySettingsSchema,
  entityProfileSchema,
  featureSettingsSchema,
  numbersSchema,
  paymentTermsSchema,
  periodsSchema,
  prefixSettingsSchema,
  taxCodesSchema,
} from './settings-wire.ts';

function setting<T>(call: CallName, path: string, schema: z.ZodType<T>) {
  return (client: ZuoraClient): Promise<Known<T>> =>
    knownOf(async () => readAnswer(schema, await client.get(call, path), call));
}

export const readTerms = setting('GET settings payment-terms', '/settings/payment-terms', paymentTermsSchema);
export const readCurrencies = setting(
  'GET settings currencies',
  '/settings/currencies',
  currencySettingsSchema,
);
export const readTaxCodes = setting('GET settings tax-codes', '/settings/tax-codes', taxCodesSchema);
export const readPrefixes = setting(
  'GET settings doc-prefixes',
  '/settings/doc-prefixes',
  prefixSettingsSchema,
);
export const readNumbers = setting(
  'GET settings numbers-and-skus',
  '/settings/numbers-and-skus',
  numbersSchema,
);
export const readBillingRules = setting(
  'GET settings billing-rules',
  '/settings/billing-rules',
  billingRulesSchema,
);
export const readFeatureSettings = setting(
  'GET settings manage-features',
  '/settings/manage-features',
  featureSettingsSchema,
);

/** Only Zuora Finance has periods, and the right to read them may be missing. */
export async function readPeriods(client: ZuoraClient) {
  return knownOf(async () => {
    const pages = await client.pages('GET accounting-periods', '/v1/accounting-periods', periodsSchema);
    return pages.flatMap(({ accountingPeriods }) => accountingPeriods);
  });
}

const readProfile = setting(
  'GET settings entity-profile-info',
  '/settings/entity-profile-info',
  entityProfileSchema,
);

export async function readTimeZone(client: ZuoraClient): Promise<Known<string>> {
  const profile = await readProfile(client);
  if (!profile.known) return profile;
  const { timeZone } = profile.value;
  return isTimeZone(timeZone)
    ? { known: true, value: timeZone }
    : { known: false, why: `Zuora calls it "${timeZone}", which is no name of a time zone` };
}

export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
