/** Where FreshBooks' simulator is, and how to get working credentials from a running one. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { OperatingError } from '../../core/errors.ts';
import type { SimulatorManifest } from '../../core/ports.ts';
import { toTokenSecrets } from './auth.ts';
import { tokenSchema } from './wire.ts';

const grantSchema = z.object({
  code: z.string(),
  clientId: z.string(),
  clientSecret: z.string(),
  accountId: z.string(),
});

/** The control API hands out the code that a person's consent would give; the rest is plain OAuth. */
async function connect(url: string, redirectUri: string) {
  const grant = grantSchema.parse(
    await post(`${url}/_control/grant`, 'application/json', JSON.stringify({ redirectUri })),
  );
  const tokenUrl = `${url}/auth/oauth/token`;
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: grant.code,
    client_id: grant.clientId,
    client_secret: grant.clientSecret,
    redirect_uri: redirectUri,
  });
  const tokens = tokenSchema.parse(
    await post(tokenUrl, 'application/x-www-form-urlencoded', form.toString()),
  );
  // A simulator always says when its tokens end; the 0 is never used.
  const { accessToken, refreshToken, expiresAt } = toTokenSecrets(tokens, 0);
  return {
    settings: {
      clientId: grant.clientId,
      redirectUri,
      accountId: grant.accountId,
      apiBaseUrl: url,
      authorizeUrl: `${url}/oauth/authorize`,
      tokenUrl,
    },
    secrets: { clientSecret: grant.clientSecret, accessToken, refreshToken, expiresAt },
  };
}

async function post(url: string, contentType: string, body: string): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.ok) return answer.json();
  throw new OperatingError('rejected', `The FreshBooks simulator answered ${answer.status} at ${url}.`, {
    code: String(answer.status),
  });
}

export const simulator: SimulatorManifest = {
  // ".ts" from the sources, ".js" from a build.
  program: fileURLToPath(new URL(`./simulator/main${import.meta.url.slice(-3)}`, import.meta.url)),
  defaultPort: 4010,
  connect,
};
