/** The first account, signing in and out, and one's own password. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as people from '../contract-people.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS, sendProblem } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

/** Guesses at one account from many addresses; guesses from one address are counted by the sign-in itself. */
const TRIES_PER_ACCOUNT = { max: 30, timeWindow: '10 minutes', hook: 'preHandler' } as const;
const TRIES_AT_SETUP = { max: 20, timeWindow: '10 minutes' } as const;

const accountOf = (request: FastifyRequest): string =>
  `account:${(request.body as { email: string }).email.trim().toLowerCase()}`;

type Parts = Pick<ApiParts, 'signIn' | 'operations'>;

export function sessionRoutes(app: ApiApp, parts: Parts): void {
  const enter = async (
    request: FastifyRequest,
    reply: FastifyReply,
    credentials: { email: string; password: string },
  ) => {
    const answer = await parts.signIn.signIn(credentials, request.headers, request.ip);
    if (answer.outcome !== 'signed-in') return answer;
    await parts.operations.noteSession(answer.who, 'signed in');
    reply.header('set-cookie', answer.cookies);
    return answer;
  };

  const signIn = async (
    request: FastifyRequest,
    reply: FastifyReply,
    credentials: { email: string; password: string },
  ) => {
    const answer = await enter(request, reply, credentials);
    switch (answer.outcome) {
      case 'signed-in':
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
  };

  app.route({
    ...routeOf('signIn'),
    schema: {
      ...aboutVerb('signIn'),
      security: [],
      body: people.signInRequest,
      response: { 200: people.session, ...PROBLEMS },
    },
    config: { verb: 'signIn', rateLimit: { ...TRIES_PER_ACCOUNT, keyGenerator: accountOf } },
    handler: (request, reply) => signIn(request, reply, request.body),
  });

  app.route({
    ...routeOf('setUp'),
    schema: {
      ...aboutVerb('setUp'),
      security: [],
      body: people.setUpRequest,
      response: { 200: people.session, ...PROBLEMS },
    },
    config: { verb: 'setUp', rateLimit: TRIES_AT_SETUP },
    handler: async (request, reply) => {
      const { email } = await parts.operations.setUp(request.body);
      // The account is made, whatever becomes of the sign-in: then the person signs in by hand.
      const { password } = request.body;
      await enter(request, reply, { email, password }).catch((error: unknown) =>
        request.log.warn({ err: error }, 'no session after the set-up'),
      );
      return { email, role: 'admin' as const };
    },
  });

  app.route({
    ...routeOf('showSetup'),
    schema: { ...aboutVerb('showSetup'), security: [], response: { 200: people.setupState, ...PROBLEMS } },
    handler: () => parts.operations.showSetup(),
  });

  ownSessionRoutes(app, parts);
}

function ownSessionRoutes(app: ApiApp, { signIn, operations }: Parts): void {
  /** Before anything is said about what was asked. */
  const needsSession = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!(await signIn.actorOf(request.headers))) return sendProblem(reply, 401);
    return undefined;
  };

  app.route({
    ...routeOf('showSession'),
    onRequest: needsSession,
    schema: { ...aboutVerb('showSession'), response: { 200: people.session, ...PROBLEMS } },
    handler: async (request, reply) => {
      const who = await signIn.actorOf(request.headers);
      return who ? { email: who.email, role: who.role } : sendProblem(reply, 401);
    },
  });

  app.route({
    ...routeOf('signOut'),
    schema: { ...aboutVerb('signOut'), response: { 204: z.undefined(), ...PROBLEMS } },
    handler: async (request, reply) => {
      const who = await signIn.actorOf(request.headers);
      const cookies = await signIn.signOut(request.headers, request.ip);
      if (who) await operations.noteSession(who, 'signed out');
      return reply.header('set-cookie', cookies).code(204).send();
    },
  });

  app.route({
    ...routeOf('signOutEverywhere'),
    onRequest: needsSession,
    schema: { ...aboutVerb('signOutEverywhere'), response: { 204: z.undefined(), ...PROBLEMS } },
    handler: async (request, reply) => {
      const who = await signIn.actorOf(request.headers);
      if (!who) return sendProblem(reply, 401);
      await operations.signOutUser(who, { userId: who.email });
      const cookies = await signIn.signOut(request.headers, request.ip);
      return reply.header('set-cookie', cookies).code(204).send();
    },
  });

  app.route({
    ...routeOf('changePassword'),
    schema: {
      ...aboutVerb('changePassword'),
      body: people.changePasswordRequest,
      response: { 200: people.person, ...PROBLEMS },
    },
    config: { verb: 'changePassword', rateLimit: TRIES_AT_SETUP },
    onRequest: needsSession,
    handler: async (request, reply) => {
      const who = await signIn.actorOf(request.headers);
      if (!who) return sendProblem(reply, 401);
      const changed = await operations.changePassword(who, request.body);
      // All sessions have ended; this browser goes on with a new one.
      const again = await signIn.signIn(
        { email: who.email, password: request.body.wanted },
        request.headers,
        request.ip,
      );
      if (again.outcome === 'signed-in') reply.header('set-cookie', again.cookies);
      return changed;
    },
  });
}
