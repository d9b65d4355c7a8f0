/** OAuth pages and endpoints: authorize, token, revoke, metadata, in both URL families. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml } from './html.ts';
import { type Grantor, OAuthError } from './oauth.ts';
import type { Simulator } from './simulator.ts';

type Fields = Record<string, unknown>;

export function registerOAuthPages(app: FastifyInstance, sim: Simulator): void {
  for (const path of ['/oauth/authorize', '/service/auth/oauth/authorize']) {
    app.get(path, (request, reply) => authorize(sim, path, toFields(request.query), reply));
  }
  app.get('/.well-known/oauth-authorization-server', () => {
    const base = `${sim.url()}/service/auth/oauth`;
    return {
      issuer: sim.url(),
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      revocation_endpoint: `${base}/revoke`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    };
  });
}

export function registerOAuthEndpoints(api: FastifyInstance, sim: Simulator): void {
  for (const base of ['/auth/oauth', '/service/auth/oauth']) {
    api.post(`${base}/token`, { config: { kind: 'POST token', open: true } }, (request, reply) =>
      answerToken(sim, request, reply),
    );
    api.post(`${base}/revoke`, { config: { kind: 'POST revoke', open: true } }, (request, reply) => {
      try {
        const fields = checkApp(sim, request);
        sim.oauth.revoke(text(fields, 'token'));
        return {};
      } catch (error) {
        return sendOAuthError(error, reply);
      }
    });
  }
}

function authorize(sim: Simulator, path: string, query: Fields, reply: FastifyReply) {
  const redirectUri = text(query, 'redirect_uri');
  if (text(query, 'client_id') !== sim.identity.clientId) {
    return reply.code(401).type('text/html').send(errorPage('Client authentication failed: unknown client.'));
  }
  if (!isAllowedRedirect(redirectUri)) {
    return reply
      .code(401)
      .type('text/html')
      .send(errorPage('The redirect uri included is not valid: it must be https and hold no query string.'));
  }
  if (text(query, 'response_type') !== 'code') {
    return redirectBack(reply, redirectUri, query, {
      error: 'unsupported_response_type',
      error_description: 'The authorization server does not support this response type.',
    });
  }
  const scopes = sim.oauth.resolveScopes(text(query, 'scope'));
  if (scopes === undefined) {
    return redirectBack(reply, redirectUri, query, {
      error: 'invalid_scope',
      error_description: 'The requested scope is invalid, unknown, or malformed.',
    });
  }
  if (query.decision === 'deny') {
    return redirectBack(reply, redirectUri, query, {
      error: 'access_denied',
      error_description: 'The resource owner or authorization server denied the request.',
    });
  }
  if (query.decision === 'allow' || query.auto === '1') {
    const challenge = text(query, 'code_challenge');
    const bound = challenge === '' ? undefined : challenge;
    const code = sim.oauth.grantCode(redirectUri, scopes, grantorNow(sim), bound);
    return redirectBack(reply, redirectUri, query, { code });
  }
  return reply.type('text/html').send(consentPage(sim, path, query, scopes));
}

export function grantorNow({ faults }: Simulator): Grantor {
  return faults.person === 'stranger' ? 'stranger' : 'own';
}

function answerToken(sim: Simulator, request: FastifyRequest, reply: FastifyReply) {
  try {
    const fields = checkApp(sim, request);
    const grantType = text(fields, 'grant_type');
    const redirectUri = required(fields, 'redirect_uri');
    if (grantType === 'authorization_code') {
      const codeVerifier = typeof fields.code_verifier === 'string' ? fields.code_verifier : undefined;
      return sim.oauth.exchangeCode(required(fields, 'code'), redirectUri, codeVerifier);
    }
    if (grantType === 'refresh_token') {
      return sim.oauth.refreshToken(required(fields, 'refresh_token'), redirectUri);
    }
    throw new OAuthError(
      400,
      'unsupported_grant_type',
      'The authorization grant type is not supported by the authorization server.',
    );
  } catch (error) {
    return sendOAuthError(error, reply);
  }
}

function checkApp(sim: Simulator, request: FastifyRequest): Fields {
  const fields = toFields(request.body);
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [basicId, basicSecret] =
    basic === undefined
      ? []
      : Buffer.from(basic, 'base64').toString('utf8').split(':').map(decodeURIComponent);
  const clientId = basicId ?? text(fields, 'client_id');
  const clientSecret = basicSecret ?? text(fields, 'client_secret');
  if (clientId !== sim.identity.clientId || clientSecret !== sim.identity.clientSecret) {
    throw new OAuthError(
      401,
      'invalid_client',
      'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.',
    );
  }
  return fields;
}

function sendOAuthError(error: unknown, reply: FastifyReply) {
  if (!(error instanceof OAuthError)) throw error;
  return reply.code(error.status).send({ error: error.code, error_description: error.message });
}

/** Real FreshBooks takes https only; plain http is let through for this machine so that a demo needs no certificate. */
function isAllowedRedirect(redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const { protocol, hostname, search } = new URL(redirectUri);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return search === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}

function redirectBack(
  reply: FastifyReply,
  redirectUri: string,
  query: Fields,
  added: Record<string, string>,
) {
  const url = new URL(redirectUri);
  for (const [key, value] of Object.entries(added)) url.searchParams.set(key, value);
  if (typeof query.state === 'string') url.searchParams.set('state', query.state);
  return reply.redirect(url.href, 302);
}

function toFields(value: unknown): Fields {
  return value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value)) : {};
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  return typeof value === 'string' ? value : '';
}

function required(fields: Fields, key: string): string {
  const value = text(fields, key);
  if (value === '') {
    throw new OAuthError(400, 'invalid_request', `Missing required parameter: ${key}.`);
  }
  return value;
}

function consentPage(sim: Simulator, path: string, query: Fields, scopes: string[]): string {
  const hidden = Object.entries(query)
    .map(
      ([key, value]) =>
        `<input type="hidden" name="${escapeHtml(key)}" value="${escapeHtml(String(value))}">`,
    )
    .join('');
  const list = scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Allow access</title>
<body style="font:16px system-ui;max-width:32rem;margin:4rem auto"><h1>Allow access?</h1>
<p>An app asks for access to <b>${escapeHtml(sim.identity.businessName)}</b> in this simulated FreshBooks:</p><ul>${list}</ul>
<form method="get" action="${path}">${hidden}
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form></body></html>`;
}

function errorPage(message: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Error</title><body><h1>An error has occurred</h1><p>${escapeHtml(message)}</p></body></html>`;
}
