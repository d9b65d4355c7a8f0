/** Access tokens by client credentials: one for all workers, kept in the vault, renewed one at a time. */
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, Secrets } from '../../core/ports.ts';
import { untilOf } from './errors.ts';
import { entityHeader } from './headers.ts';
import { type Region, withoutTrailingSlash } from './regions.ts';
import { parseBody, tokenSchema } from './wire.ts';

/** Values of these members never reach a record. */
export const SECRET_FIELDS = ['client_secret', 'clientSecret', 'access_token', 'accessToken', 'jti'] as const;

const ISSUED_FIELDS = ['access_token', 'jti'] as const;

/** A token this close to its end is not used any more, so that it cannot run out on the way. */
const SPARE_MS = 60_000;

export type Session = { baseUrl: string; token: string; scope: string; expiresAt: number };

type TokenOutcome =
  | { type: 'granted'; session: Session }
  | { type: 'refused'; baseUrl: string; status: number; text: string }
  | { type: 'unreachable'; baseUrl: string; error: OperatingError };

export interface Auth {
  session(): Promise<Session>;
  /** A session whose token is not `refusedToken`; another worker's newer one is taken as it is. */
  renew(refusedToken: string): Promise<Session>;
}

export function createAuth(context: ConnectorContext, regions: readonly Region[]): Auth {
  let held: Session | undefined;

  const usable = (session: Session | undefined): session is Session =>
    session !== undefined && session.expiresAt - SPARE_MS > context.now();

  async function renew(refusedToken: string | undefined): Promise<Session> {
    const stored = await context.credentials.renew(
      async (current) => {
        const other = storedSession(context, regions, current);
        if (usable(other) && other.token !== refusedToken) return undefined;
        const session = await requestSession(context, regions, current, other?.baseUrl);
        assertSameTenant(context.settings, session);
        return toSecrets(current, context, session);
      },
      { early: refusedToken === undefined && held !== undefined },
    );
    const session = storedSession(context, regions, stored);
    if (session === undefined) throw new Error('the vault does not hold the token that was just stored');
    if (configuredBase(context.settings, regions) === undefined) {
      await context.rememberSetting('baseUrl', session.baseUrl);
    }
    const tenantId = tenantOf(session.scope);
    if (tenantId !== undefined && tenantId !== context.settings.tenantId) {
      await context.rememberSetting('tenantId', tenantId);
    }
    held = session;
    return session;
  }

  return {
    async session() {
      if (usable(held)) return held;
      const stored = storedSession(context, regions, await context.credentials.load());
      if (!usable(stored)) return renew(undefined);
      held = stored;
      return stored;
    },
    renew,
  };
}

/** New credentials may be another tenant's: what was copied would not be found there, and be copied again. */
function assertSameTenant({ tenantId: known }: Record<string, string>, { scope }: Session): void {
  const tenantId = tenantOf(scope);
  if (!known || tenantId === undefined || tenantId === known) return;
  const words = `these credentials are for Zuora tenant ${tenantId}, but this connection copies into tenant ${known}`;
  throw new OperatingError('unauthorized', words, { code: 'other-tenant' });
}

/** "entity.<uuid> ... tenant.<n> user.<hex>". */
function tenantOf(scope: string): string | undefined {
  return /(?:^|\s)tenant\.(\S+)/.exec(scope)?.[1];
}

/** The base URL as set or as named by the region; undefined means it has to be found. */
function configuredBase(settings: Record<string, string>, regions: readonly Region[]): string | undefined {
  if (settings.baseUrl) return withoutTrailingSlash(settings.baseUrl);
  return regions.find((region) => region.id === settings.region)?.baseUrl;
}

/** A stored token counts only for the client, the entity and the base it was issued for. */
function storedSession(
  context: ConnectorContext,
  regions: readonly Region[],
  secrets: Secrets,
): Session | undefined {
  const { accessToken, accessTokenBase, accessTokenExpiresAt, accessTokenClient, accessTokenScope } = secrets;
  if (!accessToken || !accessTokenBase || !accessTokenExpiresAt) return undefined;
  if (accessTokenClient !== clientMark(context.settings)) return undefined;
  const base = configuredBase(context.settings, regions);
  if (base !== undefined && base !== accessTokenBase) return undefined;
  const expiresAt = Number.parseInt(accessTokenExpiresAt, 10);
  return { baseUrl: accessTokenBase, token: accessToken, scope: accessTokenScope ?? '', expiresAt };
}

function toSecrets(current: Secrets, context: ConnectorContext, session: Session): Secrets {
  return {
    ...current,
    accessToken: session.token,
    accessTokenBase: session.baseUrl,
    accessTokenExpiresAt: String(session.expiresAt),
    accessTokenClient: clientMark(context.settings),
    accessTokenScope: session.scope,
  };
}

function clientMark(settings: Record<string, string>): string {
  return [settings.clientId ?? '', settings.entityId ?? ''].join(' ');
}

/** One base when it is known; otherwise the ten one after the other, because 100 tokens a minute and IP are allowed. */
async function requestSession(
  context: ConnectorContext,
  regions: readonly Region[],
  secrets: Secrets,
  lastBase: string | undefined,
): Promise<Session> {
  if (!secrets.clientSecret)
    throw new OperatingError('unauthorized', 'The client secret is missing: enter it for this address.', {
      code: 'wrong-secret',
    });
  const known = configuredBase(context.settings, regions) ?? lastBase;
  const bases = known === undefined ? regions.map((region) => region.baseUrl) : [known];
  const failures: Exclude<TokenOutcome, { type: 'granted' }>[] = [];
  for (const baseUrl of bases) {
    const outcome = await requestToken(context, baseUrl, secrets);
    if (outcome.type === 'granted') return outcome.session;
    failures.push(outcome);
  }
  throw noSession(failures);
}

async function requestToken(
  context: ConnectorContext,
  baseUrl: string,
  secrets: Secrets,
): Promise<TokenOutcome> {
  const unreachable = (error: OperatingError): TokenOutcome => ({ type: 'unreachable', baseUrl, error });
  const form = new URLSearchParams({
    client_id: context.settings.clientId ?? '',
    client_secret: secrets.clientSecret ?? '',
    grant_type: 'client_credentials',
  });
  const startedAt = context.now();
  const answer = await context
    .http({
      call: 'POST token',
      method: 'POST',
      url: `${baseUrl}/oauth/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...entityHeader(context.settings) },
      body: form.toString(),
      secretFields: SECRET_FIELDS,
      issues: ISSUED_FIELDS,
      safe: true,
      answer: 'small',
      bucket: 'auth',
    })
    .catch((error: unknown) => {
      if (error instanceof OperatingError) return error;
      throw error;
    });
  if (answer instanceof OperatingError) return unreachable(answer);
  if (answer.status === 429) {
    const until = untilOf(answer, context.now());
    await context.learnRate('auth', { blockedUntil: until });
    return unreachable(
      new OperatingError('rate_limited', `${baseUrl} limits token requests for now`, { code: '429', until }),
    );
  }
  const body = parseBody(answer.body);
  const token = tokenSchema.safeParse(body);
  if (answer.status >= 200 && answer.status < 300 && token.success) {
    const { access_token, expires_in, scope } = token.data;
    const expiresAt = startedAt + Number.parseInt(expires_in, 10) * 1000;
    return { type: 'granted', session: { baseUrl, token: access_token, scope, expiresAt } };
  }
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 408 && body !== undefined) {
    return { type: 'refused', baseUrl, status: answer.status, text: refusalText(body) };
  }
  const text = `${baseUrl} gave no token but HTTP ${answer.status}`;
  return unreachable(new OperatingError('transient', text, { code: String(answer.status) }));
}

function refusalText(body: unknown): string {
  if (body === null || typeof body !== 'object') return '';
  const { message, error_description, error } = Object.fromEntries(Object.entries(body));
  const text = [message, error_description, error].find((part) => typeof part === 'string' && part !== '');
  return typeof text === 'string' ? text : '';
}

const WORDS = {
  'wrong-secret': 'knows the client id and refuses the client secret',
  'user-disabled': 'says that the API user is deactivated or forbidden',
  'wrong-entity': 'does not let this client into the entity that is set',
} as const;

/** Statuses and words as Zuora's own Ruby client tells them apart (GEM). */
function causeOf(
  refused: { status: number; text: string } | undefined,
): keyof typeof WORDS | 'unknown-client' {
  if (/entity/i.test(refused?.text ?? '')) return 'wrong-entity';
  if (refused?.status === 403) return 'user-disabled';
  return refused?.status === 401 ? 'wrong-secret' : 'unknown-client';
}

/** As long as one base did not answer nobody knows whether the credentials are wrong. */
function noSession(failures: readonly Exclude<TokenOutcome, { type: 'granted' }>[]): OperatingError {
  const refused = failures.flatMap((failure) => (failure.type === 'refused' ? [failure] : []));
  // 400 "Invalid client id" means "not known here"; 401 and 403 come from a base that knows the client (GEM). Where
  // several say so, none of them does.
  const knowing = refused.filter(({ status }) => status === 401 || status === 403);
  const [only] = knowing.length === 1 ? knowing : [];
  const unreachable = failures.find((failure) => failure.type === 'unreachable');
  if (only === undefined && unreachable !== undefined) return unreachable.error;
  const nearest = only ?? refused[0];
  const cause = causeOf(only);
  const nowhere =
    refused.length === 1
      ? `${nearest?.baseUrl} does not know the client id (a wrong base URL looks the same: clear it to search all regions)`
      : `none of the ${refused.length} Zuora bases accepts the client id and secret`;
  const where = cause === 'unknown-client' ? nowhere : `${nearest?.baseUrl} ${WORDS[cause]}`;
  const said = nearest?.text ? `; ${nearest.baseUrl} says: ${nearest.text}` : '';
  return new OperatingError('unauthorized', `${where}${said}`, { code: cause });
}
