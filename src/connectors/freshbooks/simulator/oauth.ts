/** OAuth state: authorization codes, access tokens, and the one live refresh token of the app and each user. */
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

/** Who said yes: somebody of this account, or somebody who can reach another one only. */
export type Grantor = 'own' | 'stranger';

type Code = {
  redirectUri: string;
  scopes: string[];
  expiresAt: number;
  challenge?: string | undefined;
  grantor: Grantor;
};
export type Access = { scopes: ReadonlySet<string>; expiresAt: number; grantor: Grantor };
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
  const refresh = new Map<Grantor, Refresh>();

  function issue(scopes: string[], redirectUri: string, grantor: Grantor): TokenAnswer {
    const createdAt = Math.floor(clock.now() / 1000);
    const expiresIn = options.tokenLifetimeSeconds();
    const accessToken = makeJwt(random, identity, { scopes, createdAt, expiresIn });
    const expiresAt = (createdAt + expiresIn) * 1000;
    accessTokens.set(accessToken, { scopes: new Set(scopes), expiresAt, grantor });
    const successor = randomHex(random, 64);
    refresh.set(grantor, { token: successor, redirectUri, scopes });
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
      refresh_token: successor,
      scope: scopes.join(' '),
      created_at: createdAt,
      direct_buy_tokens: {},
    };
  }

  const grantorOf = (token: string) => [...refresh].find(([, live]) => live.token === token)?.[0];
  const endTokensOf = (grantor: Grantor) => {
    for (const [token, access] of accessTokens) if (access.grantor === grantor) accessTokens.delete(token);
  };

  return {
    /** Scopes asked for, or all ticked ones; undefined when one is not ticked, which fails the whole consent. */
    resolveScopes(scope: string | undefined): string[] | undefined {
      const asked = (scope ?? '').split(' ').filter((part) => part !== '');
      if (asked.length === 0) return [...APP_SCOPES];
      if (asked.some((name) => !APP_SCOPES.includes(name))) return undefined;
      return [...new Set(['user:profile:read', ...asked])];
    },
    grantCode(redirectUri: string, scopes: string[], grantor: Grantor, challenge?: string): string {
      const code = randomHex(random, 64);
      codes.set(code, { redirectUri, scopes, grantor, expiresAt: clock.now() + CODE_LIFE_MS, challenge });
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
      return issue(granted.scopes, redirectUri, granted.grantor);
    },
    /** The token used is dead at once, whatever becomes of the answer. */
    refreshToken(token: string, redirectUri: string): TokenAnswer {
      const grantor = grantorOf(token);
      const live = grantor && refresh.get(grantor);
      if (grantor === undefined || live?.redirectUri !== redirectUri) throw invalidGrant();
      return issue(live.scopes, redirectUri, grantor);
    },
    revoke(token: string): void {
      accessTokens.delete(token);
      const grantor = grantorOf(token);
      if (grantor === undefined) return;
      refresh.delete(grantor);
      endTokensOf(grantor);
    },
    /** The owner withdraws the consent. */
    revokeGrant(): void {
      refresh.clear();
      accessTokens.clear();
    },
    expireAccessTokens(): void {
      accessTokens.clear();
    },
    /** How many people have a live grant. */
    grants: () => refresh.size,
    /** What a bearer token lets in, or undefined when it is unknown, expired or revoked. */
    accessOf(token: string): Access | undefined {
      const access = accessTokens.get(token);
      if (access === undefined) return undefined;
      if (access.expiresAt > clock.now()) return access;
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
