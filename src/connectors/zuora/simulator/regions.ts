/** The ten bases a tenant can live on, served as path prefixes, and the limits by type of tenant. */

export const REGIONS = [
  'us1-production',
  'us1-api-sandbox',
  'us2-production',
  'us2-api-sandbox',
  'us-central-sandbox',
  'eu-production',
  'eu-api-sandbox',
  'eu-central-sandbox',
  'ap-production',
  'ap-central-sandbox',
] as const;

export type Region = (typeof REGIONS)[number];

export function isRegion(name: string): name is Region {
  return REGIONS.some((region) => region === name);
}

export type TenantType = 'production' | 'developer-sandbox' | 'api-sandbox';

export const TENANT_TYPES: readonly TenantType[] = ['production', 'developer-sandbox', 'api-sandbox'];

export type ApiLimits = { minute: number; hour: number; day: number };

/** facts/zuora.md section 3 */
export const API_LIMITS: Record<TenantType, ApiLimits> = {
  production: { minute: 50_000, hour: 2_250_000, day: 27_000_000 },
  'developer-sandbox': { minute: 12_500, hour: 25_000, day: 50_000 },
  'api-sandbox': { minute: 2_500, hour: 5_000, day: 10_000 },
};

export const TOKEN_LIMITS = { perMinutePerIp: 100, minute: 2_000, hour: 67_500, day: 810_000 };

export const CONCURRENCY = { default: 40, highVolume: 200, objectQuery: 80 } as const;
export type ConcurrencyPool = keyof typeof CONCURRENCY;
