/** OAuth consent by a person: code grant with state and PKCE S256. */
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { OperatingError } from '../../core/errors.ts';
import type { ConnectorContext, ConsentFlow } from '../../core/ports.ts';
import { type AccountAccess, describeAccount, findAccount, isClientOnly, toAccounts } from './account.ts';
import { requestTokens, revokeTokens } from './auth.ts';
import { requireClientSecret, toSettings } from './settings.ts';
import { parseJson, parseMe } from './wire.ts';

/** `scope` is left out: one name that is not ticked in the portal would make the whole consent fail. */
const authorizeUrl: ConsentFlow['authorizeUrl'] = async (request) => {
  const { authorizeUrl: page, clientId } = toSettings(request.settings);
  const url = new URL(page);
  const query = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: await calculatePKCECodeChallenge(request.codeVerifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
};

/** Enough for an answer that was lost on the way; what is still not told then is not known. */
const QUESTIONS = 3;

const exchange: ConsentFlow['exchange'] = async (context, request) => {
  const settings = { ...toSettings(request.settings), redirectUri: request.redirectUri };
  const tokens = await requestTokens(context, settings, requireClientSecret(request.secrets), {
    grant_type: 'authorization_code',
    code: request.code,
    ...(request.codeVerifier === undefined ? {} : { code_verifier: request.codeVerifier }),
  });
  const accounts = await askForAccounts(context, settings.apiBaseUrl, tokens.accessToken);
  // Not given back: the person may be the right one, and FreshBooks would end what they gave before, too.
  if (!accounts && settings.accountId) throw unknownPerson(settings.accountId);
  const refusal = accounts && refusalOf(accounts, settings.accountId);
  if (refusal) {
    await giveBack(context, { settings: request.settings, secrets: { ...request.secrets, ...tokens } });
    throw refusal;
  }
  const chosen = accounts && findAccount(accounts, settings.accountId);
  return {
    settings: { redirectUri: request.redirectUri, ...(chosen ? { accountId: chosen.accountId } : {}) },
    secrets: tokens,
  };
};

/** Why this person's consent is none for us; `wanted` is the account that the connection belongs to. */
function refusalOf(
  accounts: readonly AccountAccess[],
  wanted: string | undefined,
): OperatingError | undefined {
  const chosen = findAccount(accounts, wanted);
  if (wanted && !chosen) {
    const theirs = accounts.map(describeAccount).join(', ') || 'no account';
    return new OperatingError(
      'rejected',
      `This consent is for ${theirs}, but the connection belongs to FreshBooks account ${wanted}. Nothing was changed; a person of that account has to give it.`,
      { code: 'other_account' },
    );
  }
  const isRefused = chosen ? isClientOnly(chosen) : accounts.length > 0 && accounts.every(isClientOnly);
  if (!isRefused) return undefined;
  return new OperatingError(
    'rejected',
    'This person is only a client of that FreshBooks account; consent must come from its owner, an admin or staff.',
    { code: 'role_client' },
  );
}

function unknownPerson(wanted: string): OperatingError {
  return new OperatingError(
    'transient',
    `FreshBooks did not say whose account this consent is for, so it cannot be told whether it is ${wanted}. Nothing was changed; give it again in a few minutes.`,
    { code: 'account_unknown' },
  );
}

/** Undefined where the question fails. */
async function askForAccounts(
  context: Pick<ConnectorContext, 'http'>,
  apiBaseUrl: string,
  accessToken: string,
): Promise<AccountAccess[] | undefined> {
  for (let question = 1; question <= QUESTIONS; question += 1) {
    const accounts = await tryAccounts(context, apiBaseUrl, accessToken);
    if (accounts) return accounts;
  }
  return undefined;
}

async function tryAccounts(
  context: Pick<ConnectorContext, 'http'>,
  apiBaseUrl: string,
  accessToken: string,
): Promise<AccountAccess[] | undefined> {
  try {
    const answer = await context.http({
      call: 'GET users/me',
      method: 'GET',
      url: `${apiBaseUrl}/auth/api/v1/users/me`,
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      safe: true,
      bucket: 'read',
    });
    return answer.status === 200 ? toAccounts(parseMe(parseJson(answer.body))) : undefined;
  } catch {
    return undefined;
  }
}

const giveBack: NonNullable<ConsentFlow['giveBack']> = async (context, { settings, secrets }) => {
  await revokeTokens(context, toSettings(settings), secrets).catch((error: unknown) => {
    if (!(error instanceof OperatingError)) throw error;
  });
};

export const consent: ConsentFlow = { authorizeUrl, exchange, giveBack };
