/** The token endpoint and the check of bearer tokens. */
import { createHash } from 'node:crypto';
import type { JsonRecord } from './answers.ts';
import { number } from './answers.ts';
import { refuse } from './refusal.ts';
import { type Region, TOKEN_LIMITS } from './regions.ts';
import type { Tenant } from './tenant.ts';

const TOKEN_LIFETIME_SECONDS = 3599;
const MINUTE_MS = 60_000;

export type TokenAnswer = { status: number; body: JsonRecord; headers: Record<string, string> };
export type TokenRequest = {
  region: Region;
  ip: string;
  contentType: string;
  body: string;
  entityIds: string | undefined;
};
export type TokenOffice = ReturnType<typeof createTokenOffice>;

export function createTokenOffice(tenant: Tenant) {
  const expiryByToken = new Map<string, number>();
  const callsByIp = new Map<string, { minute: number; count: number }>();
  let lifetimeSeconds = TOKEN_LIFETIME_SECONDS;

  const countCall = (ip: string): number => {
    const minute = Math.floor(tenant.clock.now() / MINUTE_MS);
    const known = callsByIp.get(ip);
    const count = known?.minute === minute ? known.count + 1 : 1;
    callsByIp.set(ip, { minute, count });
    return count;
  };

  const failure = (status: number, error: string, message: string): TokenAnswer => ({
    status,
    body: {
      timestamp: tenant.offsetTime(tenant.clock.now()),
      status: number(status),
      error,
      message,
      path: '/oauth/token',
    },
    headers: {},
  });

  const grant = (request: TokenRequest): TokenAnswer => {
    if (!/^application\/x-www-form-urlencoded\b/i.test(request.contentType)) {
      return failure(415, 'Unsupported Media Type', `Content type '${request.contentType}' not supported`);
    }
    const form = new URLSearchParams(request.body);
    const clientId = form.get('client_id') ?? '';
    if (form.get('grant_type') !== 'client_credentials')
      return failure(400, 'Bad Request', 'Unsupported grant type');
    if (request.region !== tenant.region || clientId !== tenant.clientId) {
      return failure(400, 'Bad Request', `Invalid client id: ${clientId.slice(0, 36)}`);
    }
    if (form.get('client_secret') !== tenant.clientSecret)
      return failure(401, 'Unauthorized', 'Bad credentials');
    if (!tenant.features.userActive) return failure(403, 'Forbidden', 'The user is deactivated');
    const wanted = request.entityIds;
    if (wanted !== undefined && (!tenant.features.multiEntity || wanted !== tenant.entityId))
      return failure(403, 'Forbidden', `Bad entity id: ${wanted}`);
    const token = tenant.hex(32);
    expiryByToken.set(token, tenant.clock.now() + lifetimeSeconds * 1000);
    const body = {
      access_token: token,
      token_type: 'bearer',
      expires_in: number(lifetimeSeconds),
      scope: `entity.${tenant.entityId} platform.read platform.write service.billing.read tenant.${tenant.tenantId} user.${tenant.userId}`,
      jti: createHash('sha256').update(token).digest('hex').slice(0, 32),
    };
    return { status: 200, body, headers: {} };
  };

  return {
    answer(request: TokenRequest): TokenAnswer {
      const count = countCall(request.ip);
      const headers = {
        'X-RateLimit-Limit-minute': String(TOKEN_LIMITS.perMinutePerIp),
        'X-RateLimit-Remaining-minute': String(Math.max(0, TOKEN_LIMITS.perMinutePerIp - count)),
      };
      const answer =
        count > TOKEN_LIMITS.perMinutePerIp
          ? failure(429, 'Too Many Requests', 'API rate limit exceeded')
          : grant(request);
      return { ...answer, headers };
    },
    /** Throws the v1 refusal of category 11. */
    requireBearer(authorization: string, region: Region): void {
      const token = /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '';
      const expiry = expiryByToken.get(token);
      if (region === tenant.region && expiry !== undefined && tenant.clock.now() < expiry) return;
      throw refuse('auth', 'authentication', 'this resource is protected, please sign in first', 401);
    },
    setLifetime(seconds: number | undefined): void {
      lifetimeSeconds = seconds ?? TOKEN_LIFETIME_SECONDS;
    },
    revokeAll(): void {
      expiryByToken.clear();
    },
  };
}
