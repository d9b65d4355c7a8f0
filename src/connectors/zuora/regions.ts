/** The ten REST bases of Zuora, and which of them knows a client. */

export type Region = { id: string; label: string; baseUrl: string };

/** Source: `servers` of the official OpenAPI, 2026-05-01; production first because a wrong try costs a call. */
export const ZUORA_REGIONS: readonly Region[] = [
  { id: 'us1-production', label: 'US Cloud 1 production', baseUrl: 'https://rest.na.zuora.com' },
  { id: 'us2-production', label: 'US Cloud 2 production', baseUrl: 'https://rest.zuora.com' },
  { id: 'eu-production', label: 'EU production', baseUrl: 'https://rest.eu.zuora.com' },
  { id: 'ap-production', label: 'APAC production', baseUrl: 'https://rest.ap.zuora.com' },
  {
    id: 'us-central-sandbox',
    label: 'US central or developer sandbox',
    baseUrl: 'https://rest.test.zuora.com',
  },
  { id: 'us1-api-sandbox', label: 'US Cloud 1 API sandbox', baseUrl: 'https://rest.sandbox.na.zuora.com' },
  { id: 'us2-api-sandbox', label: 'US Cloud 2 API sandbox', baseUrl: 'https://rest.apisandbox.zuora.com' },
  {
    id: 'eu-central-sandbox',
    label: 'EU central or developer sandbox',
    baseUrl: 'https://rest.test.eu.zuora.com',
  },
  { id: 'eu-api-sandbox', label: 'EU API sandbox', baseUrl: 'https://rest.sandbox.eu.zuora.com' },
  {
    id: 'ap-central-sandbox',
    label: 'APAC central or developer sandbox',
    baseUrl: 'https://rest.test.ap.zuora.com',
  },
];

export function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

export function regionName(baseUrl: string, regions: readonly Region[]): string {
  return regions.find((region) => region.baseUrl === baseUrl)?.label ?? 'own base URL';
}
