/** Lets only signed-in people and programs with a token through, and changes only from our own pages. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Actor, isLower, type Role, requireRole } from '../operations/context.ts';
import type { ShownToken } from '../operations/tokens.ts';
import { trustedOrigins } from '../platform/sign-in-options.ts';
import type { Scope } from './contract-verbs.ts';
import type { ApiParts } from './parts.ts';
import { sendProblem } from './problems.ts';
import type { ApiApp } from './server.ts';
import { scopeOf } from './verb-route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor | null;
  }
}

/** The person behind a request that the guard let through. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('a route that needs a session was registered outside the guard');
  return request.actor;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests for another host's name: a page elsewhere whose name was pointed at this machine (DNS rebinding) would
 * otherwise be one of our own. Ports may differ: a proxy or a tunnel has its own.
 */
export function guardHost(app: FastifyInstance, hosts: readonly string[]): void {
  const known = new Set([...LOOPBACK_NAMES, ...hosts.map((host) => host.toLowerCase())]);
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
    if (known.has(host)) return;
    return sendProblem(reply, 421, {
      detail: `This service does not go by the name ${JSON.stringify(host)}.`,
      hint: 'Open it under its public address (ML_PUBLIC_URL), or set that to the name you use.',
    });
  });
}

const HARMLESS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses changes that a browser sends from another site's page; programs send no Origin and are let through. */
export function guardOrigin(app: ApiApp, publicUrl: string): void {
  const trusted = new Set(trustedOrigins(publicUrl));
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const { origin } = request.headers;
    if (HARMLESS.has(request.method) || origin === undefined || trusted.has(origin)) return;
    return sendProblem(reply, 403, {
      detail: `This page was opened at ${origin}, but the service is set up for ${publicUrl}.`,
      hint: `Open the dashboard at ${publicUrl}, or change the public URL in the settings.`,
    });
  });
}

/** What a scope lets a token do, as a role: no more than the verb asked for needs, nor than its person may now. */
const ROLES: Record<Scope, Role> = {
  read: 'viewer',
  operate: 'operator',
  connections: 'admin',
  people: 'admin',
};

export function guardSession(app: ApiApp, parts: Pick<ApiParts, 'signIn' | 'findToken'>): void {
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) return guardToken(request, reply, await parts.findToken(authorization));
    const who = await parts.signIn.actorOf(request.headers);
    if (!who) return sendProblem(reply, 401);
    request.actor = { name: who.name, role: who.role, personId: who.personId };
    // Before anything is said about what was asked: each operation checks again.
    const scope = scopeAsked(request);
    if (scope !== null) requireRole(request.actor, ROLES[scope]);
    return undefined;
  };
  app.addHook('onRequest', admit);
  // A body may take half a minute to come, and whoever sends it may have ended or been demoted by then.
  app.addHook('preHandler', async (request: FastifyRequest, reply: FastifyReply) =>
    request.body === undefined || request.body === null ? undefined : admit(request, reply),
  );
}

/** What the verb asked for needs; null where no scope gives it. */
function scopeAsked({ routeOptions }: FastifyRequest): Scope | null {
  const { verb } = routeOptions.config;
  return verb === undefined ? null : scopeOf(verb);
}

/** Refuses where no scope reaches: a token that is shown counts alone, whatever session is beside it. */
export function guardToken(
  request: FastifyRequest,
  reply: FastifyReply,
  token: ShownToken | undefined,
): FastifyReply | undefined {
  if (!token) return sendProblem(reply, 401, { detail: 'This token is unknown, ended or expired.' });
  const scope = scopeAsked(request);
  if (scope === null || !token.scopes.includes(scope)) {
    return sendProblem(reply, 403, {
      detail:
        scope === null
          ? 'This is for people who are signed in, not for tokens: it would outlive them.'
          : `The token "${token.name}" has no scope "${scope}".`,
    });
  }
  const asked = ROLES[scope];
  request.actor = { ...token.actor, role: isLower(token.atMost, asked) ? token.atMost : asked };
  return undefined;
}
