/** The first account, signing in and out, and one's own password. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { WrongSetupCode } from '../../operations/users.ts';
import type { TooMany, TooManyCause } from '../../platform/door-limits.ts';
import type { SignedIn } from '../../platform/sign-in.ts';
import * as people from '../contract-people.ts';
import type { ApiParts } from '../parts.ts';
import { PROBLEMS, sendProblem } from '../problems.ts';
import type { ApiApp } from '../server.ts';
import { guardToken } from '../session-guard.ts';
import { aboutVerb, routeOf } from '../verb-route.ts';

/** By why it is too many; the same for accounts that there are and for those that there are not. */
const TOO_MANY: Record<TooManyCause, { detail: string; hint?: string }> = {
  pair: { detail: 'Too many tries.' },
  address: { detail: 'Too many tries from this address.' },
  busy: {
    detail: 'Many try to sign in to this account just now, and this try was not its turn.',
    hint: 'Sign in on a device where you have signed in before: it does not have to wait.',
  },
  total: {
    detail: 'Too many try to sign in just now.',
    hint: 'Sign in on a device where you have signed in before: it does not have to wait.',
  },
};

export function sendTooMany(reply: FastifyReply, { cause, retryAfterSeconds }: TooMany): FastifyReply {
  const { detail, ...hint } = TOO_MANY[cause];
  const wait = `Wait ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`;
  return sendProblem(reply.header('retry-after', retryAfterSeconds), 429, {
    detail: `${detail} ${wait}`,
    ...hint,
  });
}

type Parts = Pick<ApiParts, 'signIn' | 'operations' | 'findToken'>;

export function sessionRoutes(app: ApiApp, parts: Parts): void {
  const enter = async (
    request: FastifyRequest,
    reply: FastifyReply,
    credentials: { email: string; password: string },
    options: { proven?: boolean } = {},
  ) => {
    // A hang-up before the answer; after it nobody listens any more.
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const answer = await parts.signIn.signIn(credentials, request.headers, request.ip, {
      ...options,
      gone: gone.signal,
    });
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
        return sendTooMany(reply, answer);
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
    config: { verb: 'signIn' },
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
    config: { verb: 'setUp' },
    handler: async (request, reply) => {
      let email: string;
      try {
        ({ email } = await parts.operations.setUp(request.body));
      } catch (error) {
        // Only who is wrong is counted: nobody keeps the one with the code out by trying.
        const tooMany =
          error instanceof WrongSetupCode ? await parts.signIn.tooMany('set-up', request.ip) : undefined;
        if (tooMany) return sendTooMany(reply, tooMany);
        throw error;
      }
      // The account is made, whatever becomes of the sign-in: then the person signs in by hand.
      const { password } = request.body;
      await enter(request, reply, { email, password }, { proven: true }).catch((error: unknown) =>
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

function ownSessionRoutes(app: ApiApp, { signIn, operations, findToken }: Parts): void {
  const found = new WeakMap<object, SignedIn>();
  /** Looked up once, before anything is said about what was asked. */
  const needsSession = async (request: FastifyRequest, reply: FastifyReply) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) return guardToken(request, reply, await findToken(authorization));
    const who = await signIn.actorOf(request.headers);
    if (!who) return sendProblem(reply, 401);
    found.set(request, who);
    return undefined;
  };
  const whoAsks = (request: object): SignedIn => {
    const who = found.get(request);
    if (!who) throw new Error('a route that needs a session does not look for one');
    return who;
  };

  app.route({
    ...routeOf('showSession'),
    onRequest: needsSession,
    schema: { ...aboutVerb('showSession'), response: { 200: people.session, ...PROBLEMS } },
    handler: async (request) => {
      const { email, role } = whoAsks(request);
      return { email, role };
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
      const who = whoAsks(request);
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
    config: { verb: 'changePassword' },
    onRequest: needsSession,
    handler: async (request, reply) => {
      const who = whoAsks(request);
      const tooMany = await signIn.tooMany('password', who.personId);
      if (tooMany) return sendTooMany(reply, tooMany);
      const changed = await operations.changePassword(who, request.body);
      // All sessions have ended; this browser goes on with a new one.
      const again = await signIn.signIn(
        { email: who.email, password: request.body.wanted },
        request.headers,
        request.ip,
        { proven: true },
      );
      if (again.outcome === 'signed-in') reply.header('set-cookie', again.cookies);
      return changed;
    },
  });
}
