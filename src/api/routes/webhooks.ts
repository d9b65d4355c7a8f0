/** The door for webhooks: raw bytes in, stored, answered; no session, no cookies, nothing else in the way. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiParts, PlainHeaders, ReceiveAnswer, TooManyRefused } from '../parts.ts';
import { sendProblem } from '../problems.ts';

const WEBHOOK_LIMIT_BYTES = 64 * 1024;

/** Refusals a minute that are answered and kept as what they are; of one address, and of all. Counted by each process. */
const LIMITS = {
  'unknown-path': { each: 30, all: 120 },
  refused: { each: 60, all: 600 },
} as const;
const WINDOW_MS = 60_000;

type PathParams = { Params: { path: string } };

function toPlainHeaders(request: FastifyRequest): PlainHeaders {
  const plain: PlainHeaders = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

/** What is good is never counted: only a delivery that was refused anyway asks. */
async function countRefusals(app: FastifyInstance): Promise<(request: FastifyRequest) => TooManyRefused> {
  await app.register(rateLimit, { global: false });
  const limitOf = (kind: keyof typeof LIMITS) => ({
    each: app.createRateLimit({ max: LIMITS[kind].each, timeWindow: WINDOW_MS }),
    all: app.createRateLimit({ max: LIMITS[kind].all, timeWindow: WINDOW_MS, keyGenerator: () => 'all' }),
  });
  const limits = { 'unknown-path': limitOf('unknown-path'), refused: limitOf('refused') };
  return (request) => async (kind) => {
    // An address that has had too many takes nothing from what all may have.
    for (const limit of [limits[kind].each, limits[kind].all]) {
      const counted = await limit(request);
      if (!counted.isAllowed && counted.isExceeded) return Math.max(1, counted.ttlInSeconds);
    }
    return undefined;
  };
}

function sendAnswer(
  reply: FastifyReply,
  { status, title, retryAfterSeconds }: ReceiveAnswer,
): FastifyReply {
  if (status < 300) return reply.code(status).send();
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return sendProblem(reply, status, title === undefined ? {} : { detail: title });
}

export async function webhookRoutes(
  app: FastifyInstance,
  parts: Pick<ApiParts, 'receive' | 'refuse'>,
): Promise<void> {
  // A logger of its own for each request costs more than its parsing; the one line written here names the request.
  app.setChildLoggerFactory((logger) => logger);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const refusedBy = await countRefusals(app);

  app.setErrorHandler(async (error: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply) => {
    const { path } = request.params as PathParams['Params'];
    if (error.statusCode === 413) {
      const refused = parts.refuse(path, 'too-large', toPlainHeaders(request), refusedBy(request));
      return sendAnswer(reply, await refused.catch(() => ({ status: 413 })));
    }
    if (error.statusCode !== undefined && error.statusCode < 500) return sendProblem(reply, error.statusCode);
    // Not stored, so not accepted: the sender must try again.
    request.log.error({ err: error, reqId: request.id }, 'webhook not stored');
    return sendProblem(reply, 503, { requestId: request.id });
  });

  app.post<PathParams & { Body: unknown }>(
    '/hooks/:path',
    { bodyLimit: WEBHOOK_LIMIT_BYTES },
    async (request, reply) => {
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const headers = toPlainHeaders(request);
      return sendAnswer(
        reply,
        await parts.receive(request.params.path, rawBody, headers, refusedBy(request)),
      );
    },
  );
}
