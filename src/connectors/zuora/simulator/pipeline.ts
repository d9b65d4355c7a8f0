/** The way of one API call: faults, sign-in, limits, idempotency, lock, operation, answer. */
import { stringify } from 'lossless-json';
import { type Clock, systemClock } from '../../../platform/clock.ts';
import { type Json, number } from './answers.ts';
import { parseJson } from './body.ts';
import type { Call } from './call.ts';
import { EDGE_HTML, GATEWAY_HTML, showRefusal, showUnservedLegacy } from './errors-shown.ts';
import type { FaultOf, Faults } from './faults.ts';
import type { IdempotencyStore, StoredAnswer } from './idempotency.ts';
import { MAX_KEY_LENGTH } from './idempotency.ts';
import type { Limits } from './limits.ts';
import type { TokenOffice } from './oauth.ts';
import { codeOf, Refusal, refuse } from './refusal.ts';
import type { Region } from './regions.ts';
import { accountOfWrite, type Found, findRoute } from './routes.ts';
import type { Tenant } from './tenant.ts';

export type ApiRequest = {
  method: string;
  region: Region;
  /** Below the region, without the query. */
  path: string;
  query: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  ip: string;
  baseUrl: string;
};

export type Outcome = { kind: string } & (
  | {
      end: 'answer' | 'truncated';
      answer: StoredAnswer;
      /** An ordered fault made the answer: it is not what the API itself would say. */
      ordered: boolean;
    }
  | { end: 'closed' | 'silent' }
);

export type PipelineParts = {
  tenant: Tenant;
  faults: Faults;
  tokens: TokenOffice;
  limits: Limits;
  idempotency: IdempotencyStore;
  /** How long a write holds its account, in real time. */
  writeMs: number;
  lockContentionChance: number;
  onProgrammerError: (error: unknown) => void;
  /** Stops late commits when the server closes. */
  closing: AbortSignal;
};

const JSON_TYPE = 'application/json;charset=UTF-8';
const wall: Clock = systemClock;

export type Pipeline = (request: ApiRequest) => Promise<Outcome>;

export function createPipeline(parts: PipelineParts): Pipeline {
  const { tenant, faults } = parts;
  const locks = new Map<string, Promise<void>>();

  return async (request) => {
    const kind = kindOf(request);
    const requestId = tenant.newRequestId();
    const headers = { ...echoed(request), 'Zuora-Request-Id': requestId };
    const latencyMs = faults.orders().latencyMs ?? 0;
    if (latencyMs > 0) await wall.sleep(latencyMs);
    if (faults.take('loseRequestBefore', kind) !== undefined) return { kind, end: 'closed' };
    const failure = faults.take('failNext', kind);
    if (failure !== undefined)
      return { kind, end: 'answer', answer: injected(failure, headers), ordered: true };

    const isToken = request.path === '/oauth/token';
    const commit = isToken ? undefined : faults.take('lateCommit', kind);
    if (isToken) return finish(parts, kind, answerToken(parts, request, headers));
    const work = callApi(parts, locks, request, {
      kind,
      requestId,
      headers,
      commitAfterMs: commit?.commitAfterMs,
    });
    if (commit !== undefined) {
      work.catch(parts.onProgrammerError);
      if (!commit.gatewayTimeout) return { kind, end: 'closed' };
      return { kind, end: 'answer', answer: html(504, {}), ordered: true };
    }
    return finish(parts, kind, await work, isOffRecord(request, tenant));
  };
}

function kindOf({ method, path }: ApiRequest): string {
  if (path === '/oauth/token') return `${method} token`;
  return findRoute(method, path).found?.route.kind ?? `${method} other`;
}

function echoed({ headers }: ApiRequest): Record<string, string> {
  const trackId = headers['zuora-track-id'];
  return trackId === undefined ? {} : { 'Zuora-Track-Id': trackId };
}

/** Ordered to be in a form that nobody has on record. */
function isOffRecord({ path }: ApiRequest, { features }: Tenant): boolean {
  return features.settingsShape === 'unknown' && path.startsWith('/settings/');
}

/** Faults that come after the effect. */
async function finish(
  { faults }: PipelineParts,
  kind: string,
  answer: StoredAnswer,
  ordered = false,
): Promise<Outcome> {
  if (faults.take('loseAnswerAfter', kind) !== undefined) return { kind, end: 'closed' };
  const timeout = faults.take('gatewayTimeoutWithWriteDone', kind);
  if (timeout !== undefined) {
    await wall.sleep(timeout.afterMs);
    return { kind, end: 'answer', answer: html(504, {}), ordered: true };
  }
  if (faults.take('neverAnswer', kind) !== undefined) return { kind, end: 'silent' };
  const end = faults.take('truncateBody', kind) === undefined ? 'answer' : 'truncated';
  return { kind, end, answer, ordered };
}

function html(status: number, headers: Record<string, string>): StoredAnswer {
  return { status, headers: { ...headers, 'Content-Type': 'text/html' }, body: GATEWAY_HTML(status) };
}

function xml(headers: Record<string, string>, body: string): StoredAnswer {
  return { status: 200, headers: { ...headers, 'Content-Type': 'text/xml;charset=UTF-8' }, body };
}

function json(
  status: number,
  headers: Record<string, string>,
  body: Json | { [name: string]: Json | undefined },
): StoredAnswer {
  return { status, headers: { ...headers, 'Content-Type': JSON_TYPE }, body: stringify(body) ?? '' };
}

function injected(
  { status, code = codeOf('unknown', 'internal'), body, retryAfter, message }: FaultOf<'failNext'>,
  headers: Record<string, string>,
): StoredAnswer {
  const all = retryAfter === undefined ? headers : { ...headers, 'Retry-After': String(retryAfter) };
  const said = message ?? 'Injected by the simulator.';
  switch (body) {
    case 'html':
      return html(status, all);
    case 'edge':
      return {
        status,
        headers: { ...all, 'Content-Type': 'text/html', Server: 'AkamaiGHost' },
        body: EDGE_HTML(status),
      };
    case 'no-route':
      return json(status, all, { message: 'no Route matched with those values' });
    case 'message':
      return json(status, all, { message: said });
    case 'named':
      return json(status, all, { success: false, code: String(code), message: said });
    case 'error-message':
      return json(status, all, { errorMessage: said });
    case 'json': {
      const shown = typeof code === 'number' ? number(code) : code;
      return json(status, all, { success: false, reasons: [{ code: shown, message: said }] });
    }
  }
}

function answerToken(
  { tokens }: PipelineParts,
  request: ApiRequest,
  headers: Record<string, string>,
): StoredAnswer {
  if (request.method !== 'POST') {
    return json(405, headers, { status: number(405), error: 'Method Not Allowed', path: '/oauth/token' });
  }
  const { region, ip, body } = request;
  const contentType = request.headers['content-type'] ?? '';
  const answer = tokens.answer({
    region,
    ip,
    body,
    contentType,
    entityIds: request.headers['zuora-entity-ids'],
  });
  return json(answer.status, { ...headers, ...answer.headers }, answer.body);
}

type Attempt = {
  kind: string;
  requestId: string;
  headers: Record<string, string>;
  commitAfterMs: number | undefined;
};

async function callApi(
  parts: PipelineParts,
  locks: Map<string, Promise<void>>,
  request: ApiRequest,
  attempt: Attempt,
): Promise<StoredAnswer> {
  const { tenant, limits, tokens, idempotency, faults } = parts;
  const { found } = findRoute(request.method, request.path);
  const family = found?.route.family ?? 'v1';
  const pool = found?.route.pool ?? 'default';
  const shown = (error: unknown): StoredAnswer => {
    const refusal = error instanceof Refusal ? error : programmerError(parts, error);
    const { status, body } = showRefusal(tenant, refusal, {
      family,
      version: request.headers['zuora-version'] ?? '',
      requestId: attempt.requestId,
      alwaysOk: faults.orders().successFalseWith200 ?? false,
    });
    return json(status, { ...attempt.headers, ...limits.headers(pool) }, body);
  };
  try {
    tokens.requireBearer(request.headers['authorization'] ?? '', request.region);
    requireGoodHeaders(request, tenant);
    requireReadable(request, tenant);
  } catch (error) {
    return shown(error);
  }
  const exceeded = limits.count();
  if (exceeded !== undefined) {
    const message = `API Rate limit exceeded for the ${exceeded}, retry after 600 seconds`;
    return json(
      429,
      { ...attempt.headers, ...limits.headers(pool) },
      { reasons: [{ code: number(70), message }] },
    );
  }
  if (!limits.enter(pool)) {
    const headers = { ...attempt.headers, ...limits.headers(pool), 'Retry-After': '120' };
    limits.leave(pool);
    const message = 'The total number of concurrent requests has exceeded the limit allowed by the system.';
    return json(429, headers, { success: false, reasons: [{ code: number(50_000_070), message }] });
  }
  try {
    const run = async (): Promise<StoredAnswer> => {
      if (attempt.commitAfterMs !== undefined) await tenant.clock.sleep(attempt.commitAfterMs, parts.closing);
      try {
        const body = await operate(parts, locks, request, found);
        const headers = { ...attempt.headers, ...limits.headers(pool) };
        return typeof body === 'string' ? xml(headers, body) : json(200, headers, body);
      } catch (error) {
        return shown(error);
      }
    };
    const legacy = found === undefined ? showUnservedLegacy(request.path) : undefined;
    if (legacy !== undefined) return json(legacy.status, attempt.headers, legacy.body);
    return await idempotent(idempotency, request, attempt.headers, run);
  } finally {
    limits.leave(pool);
  }
}

function programmerError({ onProgrammerError }: PipelineParts, error: unknown): Refusal {
  onProgrammerError(error);
  return refuse('unknown', 'internal', 'Internal error of the simulator.');
}

function requireReadable({ path }: ApiRequest, { features }: Tenant): void {
  if (!features.deniedPaths.some((start) => path.startsWith(start))) return;
  throw refuse('unknown', 'permission', 'The user has no permission for this operation.');
}

function requireGoodHeaders({ headers }: ApiRequest, { features, entityId }: Tenant): void {
  const trackId = headers['zuora-track-id'] ?? '';
  if (trackId.length > 64 || /[:;"']|[^\x20-\x7e]/.test(trackId)) {
    throw refuse('unknown', 'badValue', 'The header Zuora-Track-Id is not valid.');
  }
  const entity = headers['zuora-entity-ids'];
  if (entity !== undefined && (!features.multiEntity || entity !== entityId))
    throw refuse('auth', 'badValue', 'Bad entity id: it is not one of this token.');
  if (headers['zuora-org-ids'] !== undefined && !features.multiOrg)
    throw refuse('auth', 'permission', 'Multi-Org is not enabled.');
}

async function idempotent(
  store: IdempotencyStore,
  { method, path, query, headers: asked, body }: ApiRequest,
  headers: Record<string, string>,
  run: () => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  const key = asked['idempotency-key'];
  if (key === undefined || method === 'GET') return run();
  if (method !== 'POST' && method !== 'PATCH') {
    return json(400, headers, {
      message: `Request method '${method}' not supported with Idempotency-Key header`,
    });
  }
  if (key === '' || key.length > MAX_KEY_LENGTH)
    return json(400, headers, { message: 'Invalid Idempotency-Key header' });
  const claim = store.claim(key, { method, url: `${path}?${query}`, body });
  switch (claim.kind) {
    case 'replay':
      return claim.answer;
    case 'running':
      return json(409, headers, {
        message: 'A request with the same Idempotency-Key is still being processed',
      });
    case 'reused':
      return json(422, headers, { message: 'The Idempotency-Key was already used for another request' });
    case 'fresh': {
      const answer = await run();
      claim.store(answer);
      return answer;
    }
  }
}

type Result = ReturnType<Found['route']['run']>;

async function operate(
  parts: PipelineParts,
  locks: Map<string, Promise<void>>,
  request: ApiRequest,
  found: Found | undefined,
): Promise<Result> {
  const { method, path } = request;
  if (found === undefined) {
    if (findRoute(method, path).isKnownPath)
      throw refuse('unknown', 'method', `Request method '${method}' not supported`, 405);
    throw refuse('unknown', 'notFound', `No such resource: ${path}`);
  }
  if (parts.tenant.features.absentEndpoints.includes(found.route.kind))
    throw refuse('unknown', 'notFound', `The endpoint ${path.slice(1)} does not exist, check the URL`);
  const isWrite = method !== 'GET';
  const needsBody = isWrite && method !== 'DELETE' && !path.endsWith('/unpost');
  if (needsBody && !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw refuse('unknown', 'method', 'Unsupported media type; Content-Type must be application/json.', 415);
  }
  if (needsBody && request.body === '')
    throw refuse('unknown', 'method', 'The request body is missing.', 415);
  const call: Call = {
    tenant: parts.tenant,
    params: found.params,
    query: new URLSearchParams(request.query),
    body: request.body === '' ? undefined : parseJson(request.body),
    baseUrl: request.baseUrl,
  };
  const accountId = isWrite ? accountOfWrite(found, call) : undefined;
  if (accountId === undefined) return found.route.run(call);
  return locked(parts, locks, accountId, () => found.route.run(call));
}

/** One write at a time to an account; one that meets another in flight waits, or fails by chance. */
async function locked<T>(
  { faults, tenant, writeMs, lockContentionChance }: PipelineParts,
  locks: Map<string, Promise<void>>,
  accountId: string,
  run: () => T,
): Promise<T> {
  const held = locks.get(accountId);
  const chance = faults.orders().lockContentionChance ?? lockContentionChance;
  if (faults.takeLockContention() || (held !== undefined && tenant.random.next() < chance)) {
    throw refuse('account', 'lock', 'Operation failed due to a lock competition, please retry later.');
  }
  const turn = (held ?? Promise.resolve()).then(async () => {
    if (writeMs > 0) await wall.sleep(writeMs);
    return run();
  });
  const settled = turn.then(
    () => undefined,
    () => undefined,
  );
  locks.set(accountId, settled);
  try {
    return await turn;
  } finally {
    if (locks.get(accountId) === settled) locks.delete(accountId);
  }
}
