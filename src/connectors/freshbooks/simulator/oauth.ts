/** OAuth state: authorization codes, access tokens, and the one live refresh token of the app and user. */
import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../../platform/clock.ts';
import { type Identity, randomHex, randomText } from './identity.ts';

const CODE_LIFE_MS = 5 * 60_000;

/** The scopes ticked for the app in the developer portal. */
const APP_SCOPES: readonly string[] = [
  'user:profile:read',
  ...['invoices', 'payments', 'clients', 'credit_notes', 'taxes', 'billable_items', 'other_income'].flatMap(
    (name) => [`user:${name}:read`, `user:${name}:write`],
  ),
];

export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string) {
    super(description);
    this.status = status;
    this.code = code;
  }
}

export type TokenAnswer = {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  refresh_token: string;
  scope: string;
  created_at: number;
  direct_buy_tokens: Record<string, never>;
};

type Code = { redirectUri: string; scopes: string[]; expiresAt: number; challenge?: string | undefined };
type Access = { scopes: ReadonlySet<string>; expiresAt: number };
type Refresh = { token: string; redirectUri: string; scopes: string[] };

export type OAuth = ReturnType<typeof createOAuth>;

export function createOAuth(options: {
  clock: Clock;
  random: Random;
  identity: Identity;
  tokenLifetimeSeconds: () => number;
}) {
  const { clock, random, identity } = options;
  const codes = new Map<string, Code>();
  const accessTokens = new Map<string, Access>();
  let refresh: Refresh | undefined;

  function issue(scopes: string[], redirectUri: string): TokenAnswer {
    const createdAt = Math.floor(clock.now() / 1000);
    const expiresIn = options.tokenLifetimeSeconds();
    const accessToken = makeJwt(random, identity, { scopes, createdAt, expiresIn });
    accessTokens.set(accessToken, { scopes: new Set(scopes), expiresAt: (createdAt + expiresIn) * 1000 });
    refresh = { token: randomHex(random, 64), redirectUri, scopes };
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      refresh_token: refresh.token,
      scope: scopes.join(' '),
      created_at: createdAt,
      direct_buy_tokens: {},
    };
  }

  return {
    /** Scopes asked for, or all ticked ones; undefined when one is not ticked, which fails the whole consent. */
    resolveScopes(scope: string | undefined): string[] | undefined {
      const asked = (scope ?? '').split(' ').filter((part) => part !== '');
      if (asked.length === 0) return [...APP_SCOPES];
      if (asked.some((name) => !APP_SCOPES.includes(name))) return undefined;
      return [...new Set(['user:profile:read', ...asked])];
    },
    grantCode(redirectUri: string, scopes: string[], challenge?: string): string {
      const code = randomHex(random, 64);
      codes.set(code, { redirectUri, scopes, expiresAt: clock.now() + CODE_LIFE_MS, challenge });
      return code;
    },
    exchangeCode(code: string, redirectUri: string, codeVerifier: string | undefined): TokenAnswer {
      const granted = codes.get(code);
      codes.delete(code);
      if (granted === undefined || granted.expiresAt <= clock.now() || granted.redirectUri !== redirectUri) {
        throw invalidGrant();
      }
      if (granted.challenge !== undefined && granted.challenge !== challengeOf(codeVerifier ?? '')) {
        throw invalidGrant();
      }
      return issue(granted.scopes, redirectUri);
    },
    /** The token used is dead at once, whatever becomes of the answer. */
    refreshToken(token: string, redirectUri: string): TokenAnswer {
      if (refresh === undefined || refresh.token !== token || refresh.redirectUri !== redirectUri) {
        throw invalidGrant();
      }
      return issue(refresh.scopes, redirectUri);
    },
    revoke(token: string): void {
      accessTokens.delete(token);
      if (refresh?.token === token) {
        refresh = undefined;
        accessTokens.clear();
      }
    },
    /** The owner withdraws the consent. */
    revokeGrant(): void {
      refresh = undefined;
      accessTokens.clear();
    },
    expireAccessTokens(): void {
      accessTokens.clear();
    },
    /** Scopes of a bearer token, or undefined when it is unknown, expired or revoked. */
    scopesOf(token: string): ReadonlySet<string> | undefined {
      const access = accessTokens.get(token);
      if (access === undefined) return undefined;
      if (access.expiresAt > clock.now()) return access.scopes;
      accessTokens.delete(token);
      return undefined;
    },
  };
}

function invalidGrant(): OAuthError {
  return new OAuthError(
    400,
    'invalid_grant',
    'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
  );
}

export function challengeOf(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url');
}

/** Shaped like a JWT of about 1 kB; the signature part is filling, nothing checks it. */
function makeJwt(
  random: Random,
  identity: Identity,
  grant: { scopes: string[]; createdAt: number; expiresIn: number },
): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = {
    iss: 'https://auth.freshbooks.com',
    sub: String(identity.identityId),
    client_id: identity.clientId,
    iat: grant.createdAt,
    exp: grant.createdAt + grant.expiresIn,
    jti: randomHex(random, 32),
    scope: grant.scopes.slice(0, 4).join(' '),
  };
  return `${encode({ typ: 'JWT', alg: 'RS256' })}.${encode(payload)}.${randomText(random, 683)}`;
}
