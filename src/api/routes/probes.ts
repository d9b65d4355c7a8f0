/** What machines ask: is it alive, is it ready, what are its figures. */
import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { ApiParts } from '../parts.ts';
import { answerError, sendProblem } from '../problems.ts';
import { guardHost } from '../session-guard.ts';

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

type Figures = Pick<ApiParts, 'metrics' | 'metricsToken'>;

function isRefused(request: FastifyRequest, token: string): boolean {
  return !sameText(request.headers.authorization ?? '', `Bearer ${token}`);
}

async function sendMetrics(parts: Figures, request: FastifyRequest, reply: FastifyReply) {
  if (parts.metricsToken !== undefined && isRefused(request, parts.metricsToken))
    return sendProblem(reply, 401, { detail: 'The figures are for callers with the metrics token.' });
  return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await parts.metrics());
}

export function probeRoutes(app: FastifyInstance, parts: Figures & Pick<ApiParts, 'health'>): void {
  app.get('/healthz', async (_request, reply) => {
    const live = parts.health.live();
    return reply.code(live ? 200 : 503).send({ status: live ? 'ok' : 'failing' });
  });

  app.get('/readyz', async (_request, reply) => {
    const answer = await parts.health.ready();
    return reply.code(answer.ready ? 200 : 503).send(answer);
  });

  // Who asks cannot be told from an address: behind a proxy everybody comes from this machine.
  app.get('/metrics', async (request, reply) =>
    parts.metricsToken === undefined ? sendProblem(reply, 404) : sendMetrics(parts, request, reply),
  );
}

/** A listener of its own, for scrapers that have no token: whoever reaches its address may read. */
export function createMetricsServer(
  parts: Figures & Pick<ApiParts, 'logger'>,
  { host }: { host: string },
): FastifyInstance {
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
  });
  guardHost(app, [host]);
  app.get('/metrics', (request, reply) => sendMetrics(parts, request, reply));
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 404));
  app.setErrorHandler(answerError);
  return app;
}
