/** Puts the HTTP server together: webhook door, probes, admin API, dashboard. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from '@fastify/helmet';
import { fastifySSE } from '@fastify/sse';
import underPressure from '@fastify/under-pressure';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { withPatience } from '../platform/database-client.ts';
import { refuseBadText } from './bad-text.ts';
import { registerDashboard } from './dashboard.ts';
import { registerOpenApi } from './openapi.ts';
import type { ApiParts } from './parts.ts';
import { answerBrokenRequest, answerError, answerExpectation, answerWrongUrl } from './problems.ts';
import { connectionRoutes } from './routes/connections.ts';
import { consentRoutes } from './routes/consent.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { liveRoutes } from './routes/live.ts';
import { peopleRoutes } from './routes/people.ts';
import { probeRoutes } from './routes/probes.ts';
import { recordRoutes } from './routes/records.ts';
import { replayRoutes } from './routes/replays.ts';
import { sessionRoutes } from './routes/session.ts';
import { settingUpRoutes } from './routes/setting-up.ts';
import { statusRoutes } from './routes/status.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { guardHost, guardOrigin, guardSession } from './session-guard.ts';
import { showsSecret } from './verb-route.ts';

export type ApiApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const SSE_HEARTBEAT_MS = 15_000;
const BODY_LIMIT_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than a request line may be: what a part of a path may hold is said by its route. */
const LONGEST_PARAMETER = 20_000;
/** Above this the event loop is so late that refusing is kinder than queueing. */
const MAX_EVENT_LOOP_DELAY_MS = 2_000;

/** Not yet listening; the caller picks host and port, and closes. */
const VERB_MS = 120_000;

export async function createApiServer(parts: ApiParts): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: parts.logger,
    // The framework's lines carry whole URLs: webhook paths and consent codes are secrets. Ours carry the route.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: parts.trustedProxies ?? false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: answerWrongUrl,
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answerError);
  app.decorateRequest('actor', null);
  app.server.on('checkExpectation', answerExpectation);
  // A person may wait for a long list or a large change; a webhook does not.
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.routeOptions.config.verb === undefined) done();
    else withPatience(VERB_MS, () => done());
  });
  noteProxies(app, parts);

  await app.register(async (scope) => webhookRoutes(scope, parts));
  await app.register(async (scope) => {
    freeAnswers(scope.withTypeProvider<ZodTypeProvider>(), parts);
    probeRoutes(scope, parts);
  });
  // A scope of its own: hooks added to the root would run for webhooks too, whatever the order.
  await app.register(async (scope) => registerSite(scope.withTypeProvider<ZodTypeProvider>(), parts));
  return app;
}

/** Probes come from the machine or its neighbours, past any proxy: they say nothing. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

function noteProxies(app: FastifyInstance, { proxies }: Pick<ApiParts, 'proxies'>): void {
  if (!proxies) return;
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, ip, socket, routeOptions } = request;
    const forwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
    if (socket.remoteAddress !== undefined && !PROBES.has(routeOptions.url ?? ''))
      proxies.note({ peer: socket.remoteAddress, ip, forwarded });
    done();
  });
}

/** No answer holds a known secret, but the one that is there to show it. */
function freeAnswers(app: ApiApp, { redact }: Pick<ApiParts, 'redact'>): void {
  app.addHook('onSend', async ({ routeOptions }: FastifyRequest, _reply: FastifyReply, payload: unknown) =>
    typeof payload !== 'string' || showsSecret(routeOptions.config.verb) ? payload : redact(payload),
  );
}

/** What browsers use. */
async function registerSite(app: ApiApp, parts: ApiParts): Promise<void> {
  guardHost(app, [new URL(parts.publicUrl).hostname]);
  freeAnswers(app, parts);
  await app.register(helmet, securityHeaders(parts.publicUrl));
  refuseBadText(app);
  await registerOpenApi(app, parts);
  await app.register(async (scope) => consentRoutes(scope, parts));
  await app.register(async (scope) => registerAdminApi(scope.withTypeProvider<ZodTypeProvider>(), parts), {
    prefix: '/api/v1',
  });
  await registerDashboard(app, parts.webRoot);
}

async function registerAdminApi(app: ApiApp, parts: ApiParts): Promise<void> {
  await app.register(underPressure, { maxEventLoopDelay: MAX_EVENT_LOOP_DELAY_MS });
  await app.register(fastifySSE, { heartbeatInterval: SSE_HEARTBEAT_MS });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.addHook('onResponse', async (request: FastifyRequest, reply) => {
    const { method, routeOptions, actor } = request;
    const line = { method, route: routeOptions.url, status: reply.statusCode, actor: actor?.name };
    request.log.debug({ ...line, ms: Math.round(reply.elapsedTime) }, 'answered');
  });
  guardOrigin(app, parts.publicUrl);
  await app.register(async (scope) => sessionRoutes(scope.withTypeProvider<ZodTypeProvider>(), parts));
  await app.register(async (scope) => {
    const guarded = scope.withTypeProvider<ZodTypeProvider>();
    guardSession(guarded, parts);
    connectionRoutes(guarded, parts);
    settingUpRoutes(guarded, parts);
    peopleRoutes(guarded, parts);
    recordRoutes(guarded, parts);
    decisionRoutes(guarded, parts);
    replayRoutes(guarded, parts);
    statusRoutes(guarded, parts);
    liveRoutes(guarded, parts);
  });
}

function securityHeaders(publicUrl: string) {
  const tls = publicUrl.startsWith('https:');
  return {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // The component kit sets styles on elements.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        upgradeInsecureRequests: tls ? [] : null,
      },
    },
    // Over plain HTTP these either do harm or only fill the browser's console.
    hsts: tls,
    crossOriginOpenerPolicy: tls,
    originAgentCluster: tls,
  };
}
