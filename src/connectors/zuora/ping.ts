/** Checks a connection with reads only, and says in plain words what works, what does not and what to do. */
import { ADDRESS_REFUSED } from '../../core/addresses.ts';
import { OperatingError } from '../../core/errors.ts';
import type { PingCheck } from '../../core/ports.ts';
import type { ZuoraClient } from './client.ts';
import { budgetText } from './headers.ts';
import {
  checkFeatures,
  checkReading,
  checkSettlement,
  checkTaxation,
  type TaxationMemory,
} from './preflight-features.ts';
import type { Findings, Known } from './preflight-reading.ts';
import {
  checkCurrencies,
  checkMethods,
  checkPeriods,
  checkPrefixes,
  checkTerms,
  checkTimeZone,
} from './preflight-settings.ts';
import { checkCustomFields, checkTaxCodes } from './preflight-tables.ts';
import { readTimeZone } from './read-settings.ts';
import { type Region, regionName } from './regions.ts';

export async function checkTenant(
  client: ZuoraClient,
  settings: Record<string, string>,
  regions: readonly Region[],
  memory: TaxationMemory,
  today: (told: string | undefined) => string,
): Promise<PingCheck[]> {
  const signIn = await check('Sign-in', () => checkSignIn(client, regions));
  if (!signIn.ok) return [signIn];
  const checks = [signIn];
  const add = async (name: string, find: () => Promise<Findings>) => checks.push(await check(name, find));
  await add('Tenant', () => checkScope(client, settings));
  const zone = await knownZone(client);
  await add('Time zone', async () => checkTimeZone(settings, zone, today));
  await add('Permissions', () => checkReading(client));
  await add('Invoice Settlement', () => checkSettlement(client));
  await add('Taxation', () => checkTaxation(client, settings, memory));
  await add('Features', () => checkFeatures(client, settings));
  await add('Currencies', () => checkCurrencies(client));
  await add('Payment terms', () => checkTerms(client));
  await add('Payment methods', () => checkMethods(client, settings));
  if (settings.customFields) await add('Custom fields', () => checkCustomFields(client, settings));
  await add('Tax codes', () => checkTaxCodes(client, settings));
  await add('Number prefixes', () => checkPrefixes(client, settings));
  await add('Accounting periods', () => checkPeriods(client, today(zone.known ? zone.value : undefined)));
  checks.push({ name: 'Rate budget', ok: true, detail: budgetText(client.lastHeaders()) });
  return checks;
}

/** An outage is told by the checks that need what they ask for. */
async function knownZone(client: ZuoraClient): Promise<Known<string>> {
  try {
    return await readTimeZone(client);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { known: false, why: error.message };
  }
}

async function check(name: string, find: () => Promise<Findings>): Promise<PingCheck> {
  try {
    return { name, ...(await find()) };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { name, ok: false, detail: error.message, fix: fixOf(error) };
  }
}

const ANY_SIGN_IN_FIX =
  'Check client id, client secret and region; create a new OAuth client for the API user in Zuora.';
const SIGN_IN_FIXES: Readonly<Record<string, string>> = {
  [ADDRESS_REFUSED]: 'Correct the base URL; clear it for the one of the region.',
  'unknown-client': 'Check client id and region: the OAuth client belongs to one tenant in one data centre.',
  'wrong-secret': 'Set the client secret anew; create a new OAuth client for the API user if it is lost.',
  'user-disabled': 'Activate the API user in Zuora under Administration > Manage Users.',
  'other-tenant':
    'Enter credentials of the tenant that the copies are in; for another tenant add a connection of its own.',
  'wrong-entity': 'Correct the entity id, or leave it empty when the tenant has no Multi-entity.',
};

function fixOf(error: OperatingError): string {
  switch (error.kind) {
    case 'unauthorized':
      return SIGN_IN_FIXES[error.code ?? ''] ?? ANY_SIGN_IN_FIX;
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
