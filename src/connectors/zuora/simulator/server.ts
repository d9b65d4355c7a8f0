/** Starts the simulated Zuora: ten regions, one tenant, a control API and a page, all on one port. */
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { stringify } from 'lossless-json';
import { z } from 'zod';
import { type Clock, systemClock } from '../../../platform/clock.ts';
import { parseJson } from './body.ts';
import { answerControl, type ControlParts } from './control.ts';
import { type ExchangeListener, showExchange, toExchange } from './exchange.ts';
import { createFaults, type Faults } from './faults.ts';
import { createIdempotencyStore, type ReplayStyle } from './idempotency.ts';
import { ledgerOf } from './ledger.ts';
import { createLimits } from './limits.ts';
import type { ManualClock } from './manual-clock.ts';
import { createTokenOffice, type TokenOffice } from './oauth.ts';
import { renderPage } from './page.ts';
import { type ApiRequest, createPipeline, type Outcome, type Pipeline } from './pipeline.ts';
import { Refusal } from './refusal.ts';
import {
  API_LIMITS,
  type ApiLimits,
  type ConcurrencyPool,
  isRegion,
  type Region,
  type TenantType,
} from './regions.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { createTenant, type Tenant } from './tenant.ts';

export type ZuoraSimulatorOptions = {
  /** 0 picks a free one. */
  port?: number;
  host?: string;
  seed?: number;
  clock?: Clock;
  /** The same clock when it is a manual one; makes POST /_control/clock work. */
  manualClock?: ManualClock;
  region?: Region;
  tenantType?: TenantType;
  timeZone?: string;
  replayStyle?: ReplayStyle;
  writeMs?: number;
  lockContentionChance?: number;
  apiLimits?: Partial<ApiLimits>;
  concurrency?: Partial<Record<ConcurrencyPool, number>>;
  onProgrammerError?: (error: unknown) => void;
  /** Sees every API call with its answer: for contract checks. */
  onExchange?: ExchangeListener | undefined;
};

export type ZuoraSimulator = {
  url: string;
  baseUrl: string;
  clientId: string;
  clientSecret: string;
  tenant: Tenant;
  faults: Faults;
  tokens: TokenOffice;
  log: RequestLog;
  forgetKeys(): void;
  close(): Promise<void>;
};

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const COMPRESSED_FROM_BYTES = 1000;

/** Throws Error with a plain sentence when the port is taken. */
export async function startZuoraSimulator(options: ZuoraSimulatorOptions = {}): Promise<ZuoraSimulator> {
  const {
    port = 0,
    host = '127.0.0.1',
    seed = 1,
    region = 'us-central-sandbox',
    tenantType = 'production',
  } = options;
  const clock = options.manualClock ?? options.clock ?? systemClock;
  const tenant = createTenant({
    seed,
    clock,
    region,
    tenantType,
    timeZone: options.timeZone ?? 'America/Los_Angeles',
  });
  const closing = new AbortController();
  const log = createRequestLog();
  const faults = createFaults();
  const tokens = createTokenOffice(tenant);
  const idempotency = createIdempotencyStore(clock, options.replayStyle ?? 'stored');
  const pipeline = createPipeline({
    tenant,
    faults,
    tokens,
    limits: createLimits(
      clock,
      { ...API_LIMITS[tenantType], ...options.apiLimits },
      options.concurrency ?? {},
    ),
    idempotency,
    writeMs: options.writeMs ?? 1,
    lockContentionChance: options.lockContentionChance ?? 0.25,
    onProgrammerError: options.onProgrammerError ?? ((error) => console.error(error)),
    closing: closing.signal,
  });

  const app = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const control: ControlParts = { tenant, faults, tokens, log, manual: options.manualClock, url: '' };
  app.get('/', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .send(renderPage(ledgerOf(tenant, log), { region, today: tenant.today() })),
  );
  app.all('/_control', (request, reply) => sendControl(control, request, reply));
  app.all('/_control/*', (request, reply) => sendControl(control, request, reply));
  app.all('/regions/*', (request, reply) =>
    serveApi({ pipeline, log, clock, url: control.url, onExchange: options.onExchange }, request, reply),
  );

  const url = await listen(app, port, host);
  control.url = url;
  return {
    url,
    baseUrl: `${url}/regions/${region}`,
    clientId: tenant.clientId,
    clientSecret: tenant.clientSecret,
    tenant,
    faults,
    tokens,
    log,
    forgetKeys: idempotency.forget,
    async close() {
      closing.abort();
      await app.close();
    },
  };
}

async function listen(app: ReturnType<typeof Fastify>, port: number, host: string): Promise<string> {
  try {
    return await app.listen({ port, host });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new Error(`Port ${port} on ${host} is already in use; choose another with --port.`, {
      cause: error,
    });
  }
}

type ApiParts = {
  pipeline: Pipeline;
  log: RequestLog;
  clock: Clock;
  url: string;
  onExchange: ExchangeListener | undefined;
};

async function serveApi(
  parts: ApiParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const [target, query] = split(request.raw.url ?? '', '?');
  const [region, rest] = split(target.slice('/regions/'.length), '/');
  if (!isRegion(region)) return reply.code(404).send({ message: `No such region: ${region}` });
  const headers = headersOf(request);
  const body = bodyOf(request);
  const asked: ApiRequest = {
    method: request.method,
    region,
    path: `/${rest}`,
    query,
    headers,
    body,
    ip: request.ip,
    baseUrl: `${parts.url}/regions/${region}`,
  };
  const outcome = await parts.pipeline(asked);
  showExchange(toExchange(asked, outcome), parts.onExchange);
  parts.log.countCall(outcome.kind);
  const answer = 'answer' in outcome ? outcome.answer : undefined;
  parts.log.add({
    at: new Date(parts.clock.now()).toISOString(),
    method: request.method,
    url: request.url,
    kind: outcome.kind,
    headers,
    body,
    status: answer?.status ?? 'closed',
    answer: answer?.body ?? '',
  });
  return send(outcome, headers['accept-encoding'] ?? '', reply);
}

function send(outcome: Outcome, acceptEncoding: string, reply: FastifyReply): FastifyReply {
  if (!('answer' in outcome)) {
    reply.hijack();
    if (outcome.end === 'closed') reply.raw.destroy();
    return reply;
  }
  const { status, headers, body } = outcome.answer;
  if (outcome.end === 'truncated') {
    reply.hijack();
    reply.raw.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    reply.raw.write(body.slice(0, Math.floor(body.length / 2)), () => reply.raw.destroy());
    return reply;
  }
  reply.code(status).headers(headers);
  if (body.length <= COMPRESSED_FROM_BYTES || !/\bgzip\b/i.test(acceptEncoding)) return reply.send(body);
  return reply.header('Content-Encoding', 'gzip').send(gzipSync(body, { level: 1 }));
}

function sendControl(parts: ControlParts, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [path, query] = split(request.raw.url ?? '', '?');
  try {
    const text = bodyOf(request);
    const lossless = text === '' ? {} : parseJson(text);
    const plain: unknown = text === '' ? {} : JSON.parse(text);
    const answer = answerControl(parts, {
      method: request.method,
      path,
      query: new URLSearchParams(query),
      plain,
      lossless,
    });
    return reply.code(answer.status).type('application/json').send(stringify(answer.body));
  } catch (error) {
    if (error instanceof Refusal)
      return reply.code(400).send({ error: error.message, reasons: error.reasons });
    if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
    throw error;
  }
}

function headersOf(request: FastifyRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function bodyOf(request: FastifyRequest): string {
  if (!Buffer.isBuffer(request.body)) return '';
  const isGzip = request.headers['content-encoding'] === 'gzip';
  return (isGzip ? gunzipSync(request.body) : request.body).toString('utf8');
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
