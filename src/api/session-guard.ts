/** Lets only signed-in people through, and changes only from our own pages. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../operations/context.ts';
import { trustedOrigins } from '../platform/sign-in-options.ts';
import type { ApiParts } from './parts.ts';
import { sendProblem } from './problems.ts';
import type { ApiApp } from './server.ts';

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

export function guardSession(app: ApiApp, parts: Pick<ApiParts, 'signIn'>): void {
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const who = await parts.signIn.actorOf(request.headers);
    if (!who) return sendProblem(reply, 401);
    request.actor = { name: who.name, role: who.role };
  });
}
