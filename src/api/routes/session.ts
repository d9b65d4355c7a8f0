/** Signing in, signing out, and asking who one is. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { session, signInRequest } from '../contract.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS, sendProblem } from '../problems.ts';
import type { ApiApp } from '../server.ts';

/** Guesses at one account from many addresses; guesses from one address are counted by the sign-in itself. */
const TRIES_PER_ACCOUNT = { max: 30, timeWindow: '10 minutes', hook: 'preHandler' } as const;

const accountOf = (request: FastifyRequest): string =>
  `account:${(request.body as { email: string }).email.trim().toLowerCase()}`;

export function sessionRoutes(app: ApiApp, parts: Pick<ApiParts, 'signIn'>): void {
  app.get(
    '/session',
    { schema: { tags: ['session'], summary: 'Who is signed in', response: { 200: session, ...PROBLEMS } } },
    async (request, reply) => {
      const who = await parts.signIn.actorOf(request.headers);
      if (!who) return sendProblem(reply, 401);
      return { email: who.email, role: who.role };
    },
  );

  app.post(
    '/session',
    {
      schema: {
        tags: ['session'],
        summary: 'Sign in; the answer sets the session cookie',
        security: [],
        body: signInRequest,
        response: { 200: session, ...PROBLEMS },
      },
      config: { rateLimit: { ...TRIES_PER_ACCOUNT, keyGenerator: accountOf } },
    },
    async (request, reply) => {
      const answer = await parts.signIn.signIn(request.body, request.headers, request.ip);
      switch (answer.outcome) {
        case 'signed-in':
          reply.header('set-cookie', answer.cookies);
          return { email: answer.who.email, role: answer.who.role };
        case 'refused':
          request.log.warn({ address: request.ip }, 'sign-in refused');
          return sendProblem(reply, 401, { detail: 'The e-mail or the password is wrong.' });
        case 'foreign-origin':
          return sendProblem(reply, 403, { detail: 'Sign-in is only possible from the dashboard.' });
        case 'too-many':
          reply.header('retry-after', answer.retryAfterSeconds);
          return sendProblem(reply, 429, {
            detail: `Too many tries. Wait ${answer.retryAfterSeconds} seconds.`,
          });
      }
    },
  );

  app.delete(
    '/session',
    { schema: { tags: ['session'], summary: 'Sign out', response: { 204: z.undefined(), ...PROBLEMS } } },
    async (request, reply) => {
      const cookies = await parts.signIn.signOut(request.headers, request.ip);
      return reply.header('set-cookie', cookies).code(204).send();
    },
  );
}
