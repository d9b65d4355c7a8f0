/** Zuora's call limits belong to a tenant; what they are by its type, until its answers tell (facts, section 3). */
import type { SharedBudget } from '../../core/ports.ts';
import { ourShare } from './headers.ts';
import { ZUORA_REGIONS } from './regions.ts';

type Limits = { minute: number; hour: number; day: number };

const PRODUCTION: Limits = { minute: 50_000, hour: 2_250_000, day: 27_000_000 };
const DEVELOPER_SANDBOX: Limits = { minute: 12_500, hour: 25_000, day: 50_000 };
const API_SANDBOX: Limits = { minute: 2_500, hour: 5_000, day: 10_000 };
/** Of one address; the tenant's own limit is twenty times that. */
const TOKENS: readonly { limit: number; windowMs: number }[] = [{ limit: ourShare(100), windowMs: 60_000 }];

const BY_TYPE: Readonly<Record<string, Limits>> = {
  production: PRODUCTION,
  'central-sandbox': PRODUCTION,
  'developer-sandbox': DEVELOPER_SANDBOX,
  'api-sandbox': API_SANDBOX,
};

/** Connections with different clients of one tenant share it as soon as a token has named the tenant. */
export function sharedBudget(settings: Readonly<Record<string, string>>): SharedBudget {
  const { tenantId, clientId = '' } = settings;
  const limits = BY_TYPE[settings.tenantType ?? ''] ?? limitsOfRegion(settings);
  return {
    name: tenantId ? `tenant ${tenantId}` : `client ${clientId}`,
    windows: (bucket) => (bucket === 'auth' ? TOKENS : toWindows(limits)),
  };
}

/** A central and a developer sandbox share their base: the smaller limits are taken until an answer tells. */
function limitsOfRegion({ region, baseUrl }: Readonly<Record<string, string>>): Limits | undefined {
  const id = ZUORA_REGIONS.find((known) => known.id === region || known.baseUrl === baseUrl)?.id ?? '';
  if (id.endsWith('-api-sandbox')) return API_SANDBOX;
  if (id.endsWith('-central-sandbox')) return DEVELOPER_SANDBOX;
  return id.endsWith('-production') ? PRODUCTION : undefined;
}

function toWindows(limits: Limits | undefined): readonly { limit: number; windowMs: number }[] {
  if (limits === undefined) return [];
  return [
    { limit: ourShare(limits.minute), windowMs: 60_000 },
    { limit: ourShare(limits.hour), windowMs: 3_600_000 },
    { limit: ourShare(limits.day), windowMs: 86_400_000 },
  ];
}
