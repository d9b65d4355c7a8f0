/** The mapping tables of a connection against the tenant, as far as a read can tell. */
import type { ZuoraClient } from './client.ts';
import { type Findings, knownOf } from './preflight-reading.ts';
import { readTaxCodes } from './read-settings.ts';
import { readTable, type Settings } from './tables.ts';

const LATER = 'the first invoice with a wrong one would be parked, and name the setting';

/** The description of an object is XML; each field's own name stands in it as it does in requests. */
export async function checkCustomFields(client: ZuoraClient, settings: Settings): Promise<Findings> {
  const wanted = [...readTable('customFields', settings, []).values()];
  const described = await knownOf(() => client.get('GET describe', '/v1/describe/Invoice'));
  const xml = described.known ? described.value : undefined;
  if (typeof xml !== 'string')
    return {
      ok: true,
      detail: `${wanted.join(', ')}: the API user may not read what fields there are; ${LATER} customFields`,
    };
  const known = new Set([...xml.matchAll(/<name>\s*([^<\s]+)\s*<\/name>/g)].map(([, name]) => name));
  const missing = wanted.filter((name) => !known.has(name));
  if (missing.length === 0)
    return { ok: true, detail: `${wanted.join(', ')} ${wanted.length > 1 ? 'are' : 'is'} there` };
  return {
    ok: false,
    detail: `no fields of invoices: ${missing.join(', ')}; every invoice would be parked`,
    fix: `Create ${missing.join(', ')} on Invoice in Zuora's Object Manager, or correct the connection's setting customFields; names are case-sensitive.`,
  };
}

/** Those that taxes are mapped to; a name that is mapped to none goes along as it is. */
export async function checkTaxCodes(client: ZuoraClient, settings: Settings): Promise<Findings> {
  const codes = [...new Set(readTable('taxCodes', settings, []).values())];
  const told = await readTaxCodes(client);
  if (!told.known) {
    const mapped = codes.length === 0 ? '' : `${codes.join(', ')} cannot be checked beforehand; `;
    return { ok: true, detail: `not known: ${told.why}; ${mapped}${LATER} taxCodes` };
  }
  const active = told.value.filter((row) => row.active !== false).map(({ name }) => name);
  const missing = codes.filter((code) => !active.includes(code));
  if (missing.length === 0)
    return {
      ok: true,
      detail: active.length === 0 ? 'the tenant has none' : `${active.join(', ')} are there`,
    };
  return {
    ok: false,
    detail: `no tax codes of the tenant: ${missing.join(', ')}; it has ${active.join(', ') || 'none'}`,
    fix: `Create ${missing.join(', ')} in Zuora under Settings > Billing > Tax Codes, or correct the connection's setting taxCodes.`,
  };
}
