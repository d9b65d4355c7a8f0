/** Access tokens: loading, and renewing them once under the store's lock (invariant I6). */
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, HttpAnswer, Secrets } from '../../core/ports.ts';
import { parseWireError } from './errors.ts';
import { parseWhole, toBlockedUntil } from './rate.ts';
import { type FreshBooksSettings, requireClientSecret, type TokenSecrets, toSettings } from './settings.ts';
import { parseJson, tokenSchema, type WireTokens } from './wire.ts';

const EXPIRY_MARGIN_MS = 60_000;
const DEFAULT_LIFETIME_SECONDS = 43_200;
const SECRET_FIELDS = [
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'code',
  'code_verifier',
] as const;
const ISSUED_FIELDS = ['access_token', 'refresh_token', 'id_token'] as const;

/** The token to send. Renewed first when its end is near, unless a renewal was lost: then the old one is tried. */
export async function loadAccessToken(context: ConnectorContext): Promise<string> {
  const secrets = await context.credentials.load();
  const token = secrets['accessToken'];
  if (!token) {
    throw new OperatingError('unauthorized', 'FreshBooks is not connected yet: a person must give consent.', {
      code: 'no_token',
    });
  }
  if (!isNearEnd(secrets, context.now()) || secrets['refreshLostAt']) return token;
  const renewed = await renew(context, token, { early: true });
  return renewed['accessToken'] || token;
}

/** After a 401 for `refused`: another token, or OperatingError `unauthorized`. */
export async function renewRefusedToken(context: ConnectorContext, refused: string): Promise<string> {
  const token = (await renew(context, refused))['accessToken'];
  if (token && token !== refused) return token;
  throw consentNeeded('the answer to the last renewal was lost and the old token is dead', 'refresh_lost');
}

function isNearEnd(secrets: Secrets, nowMs: number): boolean {
  const expiresAt = parseWhole(secrets['expiresAt']);
  return expiresAt !== undefined && nowMs >= expiresAt - EXPIRY_MARGIN_MS;
}

/**
 * At most one refresh call per refresh token. Nothing is sent where somebody else has renewed meanwhile, or where an
 * earlier answer was lost: that mark is stored with the secrets, so no other process repeats the call either.
 */
async function renew(
  context: ConnectorContext,
  stale: string,
  options: { early?: boolean } = {},
): Promise<Secrets> {
  return context.credentials.renew(async (current) => {
    if (current['accessToken'] !== stale || current['refreshLostAt']) return undefined;
    try {
      return { ...current, ...(await refresh(context, current)) };
    } catch (error) {
      if (!(error instanceof OperatingError) || error.kind !== 'ambiguous') throw error;
      return { ...current, refreshLostAt: String(context.now()) };
    }
  }, options);
}

async function refresh(context: ConnectorContext, current: Secrets): Promise<TokenSecrets> {
  const refreshToken = current['refreshToken'];
  if (!refreshToken) throw consentNeeded('no refresh token is stored', 'no_refresh_token');
  return requestTokens(context, toSettings(context.settings), requireClientSecret(current), {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  });
}

/**
 * One call to the token endpoint; `redirect_uri` goes along with every grant. Throws OperatingError: `ambiguous` when
 * the answer was lost, `unauthorized` when the grant or the app's credentials were refused.
 */
export async function requestTokens(
  context: Pick<ConnectorContext, 'http' | 'now'>,
  settings: Pick<FreshBooksSettings, 'clientId' | 'redirectUri' | 'tokenUrl'>,
  clientSecret: string,
  grant: Record<string, string>,
): Promise<TokenSecrets> {
  const answer = await context.http({
    call: 'POST token',
    method: 'POST',
    url: settings.tokenUrl,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      ...grant,
      client_id: settings.clientId,
      client_secret: clientSecret,
      redirect_uri: settings.redirectUri,
    }).toString(),
    secretFields: SECRET_FIELDS,
    issues: ISSUED_FIELDS,
    safe: false,
    answer: 'small',
    bucket: 'token',
  });
  return toTokenSecrets(parseTokenAnswer(answer, context.now()), context.now());
}

function parseTokenAnswer(answer: HttpAnswer, nowMs: number): WireTokens {
  let json: unknown;
  try {
    json = parseJson(answer.body);
  } catch {
    json = undefined;
  }
  if (answer.status >= 200 && answer.status < 300) {
    const parsed = tokenSchema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new OperatingError('ambiguous', 'FreshBooks answered a token request unreadably.', {
      code: 'unreadable_tokens',
    });
  }
  throw toTokenError(answer, json, nowMs);
}

/** 429 and 503 refuse for load before any effect; other 5xx may hide a rotation that took place. */
function toTokenError(answer: HttpAnswer, json: unknown, nowMs: number): OperatingError {
  const { status } = answer;
  const said = parseWireError(json);
  const code = said?.code || String(status);
  if (status === 429 || status === 503) {
    const until = status === 429 ? toBlockedUntil(answer.headers, nowMs) : undefined;
    const kind = status === 429 ? 'rate_limited' : 'transient';
    return new OperatingError(kind, `FreshBooks, token request: HTTP ${status}`, { code, until });
  }
  if (status >= 500) {
    return new OperatingError('ambiguous', `FreshBooks, token request: HTTP ${status}`, { code });
  }
  if (code === 'invalid_client') {
    const words = 'FreshBooks refuses the client id or the client secret; correct them and consent again.';
    return new OperatingError('unauthorized', words, { code });
  }
  return consentNeeded(said?.message || `HTTP ${status}`, code);
}

function consentNeeded(why: string, code: string): OperatingError {
  return new OperatingError('unauthorized', `FreshBooks needs consent again by a person: ${why}.`, { code });
}

/**
 * Ends the refresh token and the access token, best effort in this order: the first one alone cuts us off for good.
 * Throws OperatingError where FreshBooks did not take it.
 */
export async function revokeTokens(
  context: Pick<ConnectorContext, 'http'>,
  settings: Pick<FreshBooksSettings, 'clientId' | 'tokenUrl'>,
  secrets: Secrets,
): Promise<void> {
  for (const token of [secrets['refreshToken'], secrets['accessToken']]) {
    if (!token) continue;
    const answer = await context.http({
      call: 'POST revoke',
      method: 'POST',
      url: settings.tokenUrl.replace(/token$/, 'revoke'),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        client_id: settings.clientId,
        client_secret: requireClientSecret(secrets),
        token,
      }).toString(),
      secretFields: [...SECRET_FIELDS, 'token'],
      safe: true,
      answer: 'small',
      bucket: 'token',
    });
    if (answer.status >= 200 && answer.status < 300) continue;
    throw new OperatingError('rejected', `FreshBooks, revoking a token: HTTP ${answer.status}`, {
      code: String(answer.status),
    });
  }
}

/**
 * A refresh can come back with the earlier `created_at` and the rest of `expires_in`: the end is their sum. One that is
 * over already by our clock says that the clocks differ; then only how long it lasts is believed.
 */
export function toTokenSecrets(tokens: WireTokens, nowMs: number): TokenSecrets {
  const createdAt = tokens.created_at ?? Math.floor(nowMs / 1000);
  const lifetime = tokens.expires_in ?? DEFAULT_LIFETIME_SECONDS;
  const endMs = Math.floor(createdAt + lifetime) * 1000;
  const isOver = endMs - EXPIRY_MARGIN_MS <= nowMs;
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAt: String(isOver ? nowMs + Math.floor(lifetime) * 1000 : endMs),
    refreshLostAt: '',
  };
}
