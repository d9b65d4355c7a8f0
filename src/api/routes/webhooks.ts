/** The door for webhooks: raw bytes in, stored, answered; no session, no cookies, nothing else in the way. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts, PlainHeaders, ReceiveAnswer } from '../parts.ts';
import { sendProblem } from '../problems.ts';

const WEBHOOK_LIMIT_BYTES = 64 * 1024;

type PathParams = { Params: { path: string } };

function toPlainHeaders(request: FastifyRequest): PlainHeaders {
  const plain: PlainHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

function sendAnswer(reply: FastifyReply, { status, title, retryAfterSeconds }: ReceiveAnswer): FastifyReply {
  if (status < 300) return reply.code(status).send();
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return sendProblem(reply, status, title === undefined ? {} : { detail: title });
}

export function webhookRoutes(app: FastifyInstance, parts: Pick<ApiParts, 'receive' | 'refuse'>): void {
  // A logger of its own for each request costs more than its parsing; the one line written here names the request.
  app.setChildLoggerFactory((logger) => logger);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const refuseTooLarge = (path: string, request: FastifyRequest): Promise<ReceiveAnswer> =>
    parts.refuse(path, 'too-large', toPlainHeaders(request), request.ip).catch(() => ({ status: 413 }));

  app.setErrorHandler(
    async (error: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply) => {
      const { path } = request.params as PathParams['Params'];
      if (error.statusCode === 413) return sendAnswer(reply, await refuseTooLarge(path, request));
      if (error.statusCode !== undefined && error.statusCode < 500)
        return sendProblem(reply, error.statusCode);
      // Not stored, so not accepted: the sender must try again.
      request.log.error({ err: error, reqId: request.id }, 'webhook not stored');
      return sendProblem(reply, 503, { requestId: request.id });
    },
  );

  app.post<PathParams & { Body: unknown }>(
    '/hooks/:path',
    { bodyLimit: WEBHOOK_LIMIT_BYTES },
    async (request, reply) => {
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const headers = toPlainHeaders(request);
      return sendAnswer(reply, await parts.receive(request.params.path, rawBody, headers, request.ip));
    },
  );
}
