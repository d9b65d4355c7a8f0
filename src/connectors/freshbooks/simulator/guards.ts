/** What happens around every API call: counting, faults, bearer check, scopes, rate limits, and their headers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { takeFailure, takeOnce } from './faults.ts';
import { accountingErrors, ERRNO, notFound, type RefusalDetail } from './refusal.ts';
import type { Simulator } from './simulator.ts';

const NO_FEATURE: RefusalDetail = {
  errno: 12001,
  field: '',
  object: 'account',
  message: 'The account does not have access to this feature.',
};

const NOT_AUTHORIZED = {
  errno: ERRNO.accessDenied,
  field: '',
  message: 'The server could not verify that you are authorized to access the URL requested.',
};

export function installGuards(api: FastifyInstance, sim: Simulator): void {
  api.decorateRequest('limitState', null);
  api.decorateRequest('scopes', null);
  api.decorateRequest('grantor', 'own');

  api.addHook('onRequest', async (request, reply) => {
    const kind = kindOf(request);
    sim.calls[kind] = (sim.calls[kind] ?? 0) + 1;
    if (sim.faults.latencyMs > 0) await sim.clock.sleep(sim.faults.latencyMs);
    if (takeOnce(sim.faults, 'neverAnswer', kind)) {
      reply.hijack();
      return;
    }
    const failure = takeFailure(sim.faults, kind);
    if (failure === undefined) return;
    if (failure.status === 0) {
      reply.hijack();
      request.raw.socket.destroy();
      return;
    }
    if (failure.retryAfter !== undefined) reply.header('retry-after', String(failure.retryAfter));
    if (failure.status === 429) sim.rateLimited += 1;
    return sendFailure(reply, failure.status, failure.body);
  });

  api.addHook('onRequest', async (request, reply) => {
    if (reply.sent || request.routeOptions.config.open === true) return;
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const access = token === undefined ? undefined : sim.oauth.accessOf(token);
    if (access === undefined) {
      return reply.code(401).send({
        error: 'unauthenticated',
        error_description: 'This action requires authentication to continue.',
      });
    }
    request.scopes = access.scopes;
    request.grantor = access.grantor;
    const isCreate = request.method === 'POST' && request.url.startsWith('/accounting/');
    const state = sim.limits.take(isCreate ? 'create' : 'general');
    request.limitState = state;
    if (!state.exceeded) return;
    sim.rateLimited += 1;
    return reply.code(429).send({ message: 'Rate limit exceeded' });
  });

  api.addHook('preHandler', async (request, reply) => {
    const { accountId } = Object(request.params);
    const isOther = accountId !== sim.identity.accountId || request.grantor === 'stranger';
    if (typeof accountId === 'string' && isOther) {
      const refusal = notFound('account', 'accountid', accountId);
      return reply.code(refusal.status).send(accountingErrors(refusal.detail));
    }
    const { scope } = request.routeOptions.config;
    if (scope !== undefined && request.scopes?.has(scope) !== true) {
      const message = 'The token does not hold the scope this needs.';
      return reply
        .code(403)
        .send(
          accountingErrors({ errno: ERRNO.accessDenied, field: '', object: 'scope', value: scope, message }),
        );
    }
    const object = kindOf(request).split(' ')[1];
    if (request.method === 'GET' && sim.faults.refusedKinds.some((kind) => kind === object)) {
      return reply.code(403).send(accountingErrors({ ...NOT_AUTHORIZED, object: object ?? '' }));
    }
    if (takeOnce(sim.faults, 'errorsWith200', kindOf(request))) {
      return reply.code(200).send(accountingErrors(NO_FEATURE));
    }
  });

  api.addHook('onSend', async (request, reply, payload) => {
    setHeaders(request, reply);
    const kind = kindOf(request);
    if (takeOnce(sim.faults, 'loseAnswer', kind)) {
      request.raw.socket.destroy();
      return payload;
    }
    if (typeof payload === 'string' && takeOnce(sim.faults, 'truncateBody', kind)) {
      reply.removeHeader('content-length');
      return payload.slice(0, Math.floor(payload.length / 2));
    }
    return payload;
  });
}

function kindOf(request: FastifyRequest): string {
  return request.routeOptions.config.kind ?? `${request.method} other`;
}

/** Retry-After is set on ordinary answers, too. */
function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-api-version', '2023-02-20');
  const state = request.limitState;
  if (state === null) return;
  reply.header('x-ratelimit-limit', String(state.limit));
  reply.header('x-ratelimit-remaining', String(state.remaining));
  reply.header('x-ratelimit-reset', String(state.reset));
  if (!reply.hasHeader('retry-after')) reply.header('retry-after', String(state.retryAfter));
}

function sendFailure(reply: FastifyReply, status: number, body: 'html' | 'json' | 'gateway' | undefined) {
  if (body === 'gateway') return reply.code(status).send({ message: 'no Route matched with those values' });
  const kind = body ?? (status >= 500 ? 'html' : 'json');
  if (kind === 'html') {
    const page = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center><hr><center>nginx</center></body></html>`;
    return reply.code(status).type('text/html').send(page);
  }
  const detail = { errno: status, field: '', object: '', message: 'Simulated failure.' };
  return reply.code(status).send(accountingErrors(detail));
}
