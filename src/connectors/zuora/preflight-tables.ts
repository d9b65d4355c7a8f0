/** The mapping tables of a connection against the tenant, as far as a read can tell. */
import type { ZuoraClient } from './client.ts';
import { type Findings, readable } from './preflight-reading.ts';
import { readTable, type Settings } from './tables.ts';

const LATER = 'the first invoice with a wrong one would be parked, and name the setting';

/** The description of an object is XML; each field's own name stands in it as it does in requests. */
export async function checkCustomFields(client: ZuoraClient, settings: Settings): Promise<Findings> {
  const wanted = [...readTable('customFields', settings, []).values()];
  const xml = await readable(() => client.get('GET describe', '/v1/describe/Invoice'));
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

/** No documented call lists the tax codes of a tenant. */
export function checkTaxCodes(settings: Settings): Findings {
  const codes = [...new Set(readTable('taxCodes', settings, []).values())];
  return { ok: true, detail: `${codes.join(', ')}: cannot be checked beforehand; ${LATER} taxCodes` };
}
