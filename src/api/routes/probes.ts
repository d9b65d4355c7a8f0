/** What machines ask: is it alive, is it ready, what are its figures. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts } from '../parts.ts';
import { sendProblem } from '../problems.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function mayReadMetrics(request: FastifyRequest, token: string | undefined): boolean {
  if (token !== undefined) return sameText(request.headers.authorization ?? '', `Bearer ${token}`);
  // A proxy on this machine also comes from the loopback, but says for whom it asks.
  const { forwarded, 'x-forwarded-for': forwardedFor } = request.headers;
  if (forwarded !== undefined || forwardedFor !== undefined) return false;
  return LOOPBACK.has(request.socket.remoteAddress ?? '');
}

export function probeRoutes(
  app: FastifyInstance,
  parts: Pick<ApiParts, 'health' | 'metrics' | 'metricsToken'>,
): void {
  app.get('/healthz', async (_request, reply) => {
    const live = parts.health.live();
    return reply.code(live ? 200 : 503).send({ status: live ? 'ok' : 'failing' });
  });

  app.get('/readyz', async (_request, reply) => {
    const answer = await parts.health.ready();
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });

  app.get('/metrics', async (request, reply) => {
    if (!mayReadMetrics(request, parts.metricsToken)) {
      return sendProblem(reply, parts.metricsToken === undefined ? 403 : 401, {
        detail: 'Metrics are for this machine, or for callers with the metrics token.',
      });
    }
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await parts.metrics());
  });
}
