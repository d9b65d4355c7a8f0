/** One authorised call to FreshBooks: send, renew once on 401, retry safe reads, judge the answer. */
import * as z from 'zod';
import { OperatingError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ConnectorContext, HttpAnswer } from '../../core/ports.ts';
import { loadAccessToken, renewRefusedToken } from './auth.ts';
import { parseWireError, toOperatingError, type WireError } from './errors.ts';
import { toBlockedUntil, toRateHint } from './rate.ts';
import { toSettings } from './settings.ts';
import { isJsonObject, parseJson } from './wire.ts';

const MORE_ATTEMPTS = 3;
const BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;
/** A longer block is the engine's to wait for, not ours to hold a worker with. */
const LONGEST_WAIT_MS = 10_000;

/** All that a gateway says. */
const GATEWAY_WORDS = new Set(['message', 'error', 'error_description', 'request_id']);

const UNKNOWN_ERROR: WireError = {
  code: 'unknown_form',
  message: 'errors of unknown form',
  field: undefined,
  own: true,
};

type ApiRequest<T> = {
  call: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the API address, ids already encoded. */
  path: string;
  query?: ReadonlyArray<readonly [name: string, value: string]>;
  body?: JsonObject;
  secretFields?: readonly string[];
  /** Gets the JSON of a success; a ZodError means that the answer has another form than ours. */
  parse: (json: unknown) => T;
};

export type ApiAnswer<T> = { value: T; headers: Readonly<Record<string, string>> };

export interface Client {
  send<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>>;
}

export function createClient(context: ConnectorContext): Client {
  const toldLimits = new Map<string, number>();

  async function learn(request: ApiRequest<unknown>, answer: HttpAnswer): Promise<void> {
    const bucket = toBucket(request);
    if (answer.status === 429) {
      await context.learnRate(bucket, { blockedUntil: toBlockedUntil(answer.headers, context.now()) });
    }
    const hint = toRateHint(answer.headers);
    if (!hint?.limit || toldLimits.get(bucket) === hint.limit) return;
    // A proxy in between has been seen to put its own figure on answers without a body.
    if (answer.body === '') return;
    toldLimits.set(bucket, hint.limit);
    await context.learnRate(bucket, hint);
  }

  async function sendOnce<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>> {
    const token = await loadAccessToken(context);
    let answer = await context.http(toHttpRequest(context, request, token));
    if (answer.status === 401) {
      const renewed = await renewRefusedToken(context, token);
      answer = await context.http(toHttpRequest(context, request, renewed));
    }
    await learn(request, answer);
    return { value: parseAnswer(request, answer, context.now()), headers: answer.headers };
  }

  async function send<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendOnce(request);
      } catch (error) {
        const wait =
          request.method === 'GET' && attempt < MORE_ATTEMPTS ? toWaitMs(context, error, attempt) : undefined;
        if (wait === undefined) throw error;
        await context.sleep(wait);
      }
    }
  }

  return { send };
}

/** How long to wait before the next try; undefined = do not try again here. */
function toWaitMs(context: ConnectorContext, error: unknown, attempt: number): number | undefined {
  if (!(error instanceof OperatingError)) return undefined;
  if (error.kind !== 'transient' && error.kind !== 'rate_limited') return undefined;
  const jitter = Math.ceil(context.random() * Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 2 ** attempt));
  if (error.until === undefined) return jitter;
  const blocked = Math.max(0, error.until - context.now());
  return blocked <= LONGEST_WAIT_MS ? blocked + jitter : undefined;
}

/** Accounting creates have a smaller budget of their own; all else counts with GET. */
function toBucket(request: ApiRequest<unknown>): 'create' | 'read' {
  return request.method === 'POST' && request.path.startsWith('/accounting/') ? 'create' : 'read';
}

function toHttpRequest(context: ConnectorContext, request: ApiRequest<unknown>, token: string) {
  const { apiBaseUrl } = toSettings(context.settings);
  const query = (request.query ?? []).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  return {
    call: request.call,
    method: request.method,
    url: `${apiBaseUrl}${request.path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
    ...(request.secretFields ? { secretFields: request.secretFields } : {}),
    safe: request.method === 'GET',
    bucket: toBucket(request),
  };
}

/** Looks at status and body both: FreshBooks sends errors with HTTP 200, too. */
function parseAnswer<T>(request: ApiRequest<T>, answer: HttpAnswer, nowMs: number): T {
  const { status } = answer;
  const read = readBody(answer.body);
  const success = status >= 200 && status < 300;
  const error = success ? parseHiddenError(read.json) : parseWireError(read.json);
  if (success && read.ok && !error) {
    try {
      return request.parse(read.json);
    } catch (cause) {
      if (!(cause instanceof z.ZodError)) throw cause;
      const words = `FreshBooks, ${request.call}: an answer of another form than known. ${z.prettifyError(cause)}`;
      throw new OperatingError('rejected', words, { code: 'unknown_form', cause });
    }
  }
  throw toOperatingError({
    call: request.call,
    status,
    error,
    json: read.ok,
    safe: request.method === 'GET',
    until: toBlockedUntil(answer.headers, nowMs),
  });
}

/** In a success the accounting family can hide, and a gateway's words alone; other shapes might be documents. */
function parseHiddenError(json: unknown): WireError | undefined {
  const names = isJsonObject(json) ? Object.keys(json) : [];
  if (names.length > 0 && names.every((name) => GATEWAY_WORDS.has(name))) {
    const said = parseWireError(json);
    return said && { ...said, own: false };
  }
  const response = isJsonObject(json) ? json['response'] : undefined;
  const hidden = isJsonObject(response) && 'errors' in response && !('result' in response);
  return hidden ? (parseWireError(json) ?? UNKNOWN_ERROR) : undefined;
}

/** No body at all is an answer, too: a DELETE gets 204. */
function readBody(body: string): { ok: boolean; json: unknown } {
  if (body === '') return { ok: true, json: undefined };
  try {
    return { ok: true, json: parseJson(body) };
  } catch {
    return { ok: false, json: undefined };
  }
}
