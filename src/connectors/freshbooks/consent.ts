/** OAuth consent by a person: code grant with state and PKCE S256. */
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { OperatingError } from '../../core/errors.ts';
import type { ConsentFlow } from '../../core/ports.ts';
import { type AccountAccess, findAccount, isClientOnly, toAccounts } from './account.ts';
import { requestTokens } from './auth.ts';
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

/** Throws OperatingError `rejected` where the person is only a client of the account. */
const exchange: ConsentFlow['exchange'] = async (context, request) => {
  const settings = { ...toSettings(request.settings), redirectUri: request.redirectUri };
  const tokens = await requestTokens(context, settings, requireClientSecret(request.secrets), {
    grant_type: 'authorization_code',
    code: request.code,
    ...(request.codeVerifier === undefined ? {} : { code_verifier: request.codeVerifier }),
  });
  const accounts = await tryAccounts(context, settings.apiBaseUrl, tokens.accessToken);
  const chosen = findAccount(accounts, settings.accountId);
  const refused = chosen ? isClientOnly(chosen) : accounts.length > 0 && accounts.every(isClientOnly);
  if (refused) {
    throw new OperatingError(
      'rejected',
      'This person is only a client of that FreshBooks account; consent must come from its owner, an admin or staff.',
      { code: 'role_client' },
    );
  }
  return {
    settings: { redirectUri: request.redirectUri, ...(chosen ? { accountId: chosen.accountId } : {}) },
    secrets: tokens,
  };
};

/** No accounts where the question fails: tokens in hand must not be lost over it, and a ping asks again. */
async function tryAccounts(
  context: Pick<Parameters<typeof exchange>[0], 'http'>,
  apiBaseUrl: string,
  accessToken: string,
): Promise<AccountAccess[]> {
  try {
    const answer = await context.http({
      call: 'GET users/me',
      method: 'GET',
      url: `${apiBaseUrl}/auth/api/v1/users/me`,
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      safe: true,
      bucket: 'read',
    });
    return answer.status === 200 ? toAccounts(parseMe(parseJson(answer.body))) : [];
  } catch {
    return [];
  }
}

export const consent: ConsentFlow = { authorizeUrl, exchange };
