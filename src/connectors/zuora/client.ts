/** Calls of the Zuora REST API: reads are repeated within bounds, writes are sent exactly once. */
import type { z } from 'zod';
import { NOT_SERVED, OperatingError } from '../../core/errors.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ConnectorContext, HttpAnswer, HttpRequest, RateHint } from '../../core/ports.ts';
import { type Auth, createAuth, SECRET_FIELDS, type Session } from './auth.ts';
import { type CallKind, errorOf } from './errors.ts';
import { rateHintOf, scopeHeaders, toTrackId, ZUORA_VERSION } from './headers.ts';
import type { CallName, QueriedObject } from './operations.ts';
import type { Region } from './regions.ts';
import { parseBody, queryPageSchema, writeBody } from './wire.ts';

const BUCKET = 'default';
/** The kinds of calls at once that Zuora counts apart, by the beginning of their path. */
const OBJECT_QUERY = 'object-query';
const HIGH_VOLUME = 'high-volume';
/** Answers in XML, refuses in JSON. */
const DESCRIBE: CallName = 'GET describe';
/** "The total number of concurrent requests has exceeded the limit". */
const TOO_MANY_AT_ONCE = '50000070';
/** So little left of a window is told at once, and not only when a limit changes. */
const SCARCE_PART = 0.01;
const READ_REPEATS = 3;
const BACKOFF_START_MS = 500;
const BACKOFF_LIMIT_MS = 8_000;
/** A longer wait belongs to the engine, which can do something else in the meantime. */
const PATIENCE_MS = 10_000;
/** Zuora's gateway gives up after 120 s; leaving earlier would only lose the answer. */
const WRITE_TIMEOUT_MS = 125_000;
/** Bound of a look-up that pages: far above what one key or one client can have. */
const MAX_PAGES = 25;
/** v1 lists have at most 40 rows a page. Some document no paging, and yet name a next page. */
export const PAGE_ONE: Query = [
  ['page', '1'],
  ['pageSize', '40'],
];

export type WriteCall = {
  call: string;
  method: 'POST' | 'PUT' | 'DELETE';
  path: string;
  body: JsonObject;
  /** Under a number of ours. */
  creates: boolean;
  /** Left out where only the state may decide. */
  idempotencyKey: string | undefined;
  trackId: string;
};

/** Name and value pairs, in order; `filter[]` may occur more than once. */
export type Query = ReadonlyArray<readonly [string, string]>;

export interface ZuoraClient {
  readonly auth: Auth;
  /** Text where the answer is none of JSON (`GET describe`). */
  get(call: CallName, path: string, query?: Query): Promise<JsonValue>;
  /** Every page of a v1 list. */
  pages<Page extends { nextPage?: string | null | undefined }>(
    call: CallName,
    path: string,
    schema: z.ZodType<Page>,
    query?: Query,
  ): Promise<Page[]>;
  /** Every row of an Object Query. */
  query(object: QueriedObject, query: Query): Promise<JsonValue[]>;
  write(write: WriteCall): Promise<JsonValue>;
  /** The newest answer's headers: limits for people. */
  lastHeaders(): Record<string, string>;
}

export function createClient(context: ConnectorContext, regions: readonly Region[]): ZuoraClient {
  const auth = createAuth(context, regions);
  let headers: Record<string, string> = {};
  const learned = new Map<string, string>();

  /** Tells the shared budget only what is new: it is a row in a database. */
  async function learn(answer: HttpAnswer, kind: string): Promise<void> {
    headers = answer.headers;
    const hint = rateHintOf(answer, kind, context.now());
    if (hint === undefined) return;
    const mark = JSON.stringify([hint.windows, hint.concurrency]);
    const isScarce = hint.left !== undefined && hint.left.part < SCARCE_PART;
    if (learned.get(kind) === mark && !isScarce) return;
    learned.set(kind, mark);
    await context.learnRate(BUCKET, hint);
  }

  /** A refusal for calls at once ends with one of them; a refusal for the rate closes the budget until it is over. */
  async function learnRefusal({ until, code }: OperatingError, kind: string): Promise<void> {
    const refused: RateHint = { concurrency: { kind, refused: true } };
    const closed: RateHint = { blockedUntil: until, rateRefused: true };
    await context.learnRate(BUCKET, code === TOO_MANY_AT_ONCE ? refused : closed);
  }

  async function sendOnce(session: Session, kind: CallKind, toHttp: ToHttp): Promise<JsonValue> {
    const request = toHttp(session);
    const atOnce = request.atOnce ?? BUCKET;
    const answer = await context.http(request);
    await learn(answer, atOnce);
    const address = request.url.replace(/\?.*$/, '');
    const error = errorOf(answer, { ...kind, address }, context.now());
    if (error === undefined) return parseBody(answer.body) ?? (kind.isText ? answer.body : null);
    // A write that may have worked all the same waits as long.
    if (error.until !== undefined) await learnRefusal(error, atOnce);
    throw error;
  }

  /** One renewal on 401: authentication is checked before anything happens, so resending is safe for every call. */
  async function sendSigned(kind: CallKind, toHttp: ToHttp): Promise<JsonValue> {
    const session = await auth.session();
    try {
      return await sendOnce(session, kind, toHttp);
    } catch (error) {
      if (!(error instanceof OperatingError) || error.kind !== 'unauthorized') throw error;
      return sendOnce(await auth.renew(session.token), kind, toHttp);
    }
  }

  async function get(call: CallName, path: string, query: Query = []): Promise<JsonValue> {
    const search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    const kind: CallKind = { call, write: false, creates: false, isText: call === DESCRIBE };
    const toHttp: ToHttp = (session) =>
      readRequest(context, session, call, `${path}${search && '?'}${search}`);
    for (let attempt = 0; ; attempt++) {
      try {
        return await sendSigned(kind, toHttp);
      } catch (error) {
        const waitMs = repeatAfterMs(error, attempt, context);
        if (waitMs === undefined) throw error;
        await context.sleep(waitMs);
      }
    }
  }

  return {
    auth,
    get,
    lastHeaders: () => headers,
    async pages(call, path, schema, query = PAGE_ONE) {
      const pages = [];
      let paging: Query = [];
      for (let count = 0; count < MAX_PAGES; count++) {
        const page = readAnswer(schema, await get(call, path, [...query, ...paging]), call);
        pages.push(page);
        const next = pagingIn(page.nextPage);
        if (next.length === 0) return pages;
        const names = new Set(next.map(([name]) => name));
        paging = next;
        query = query.filter(([name]) => !names.has(name));
      }
      throw new OperatingError('rejected', `${call}: more pages than can be looked through`);
    },
    async query(object, query) {
      const rows: JsonValue[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const paging: Query = [
          ['pageSize', '99'],
          ...(cursor === undefined ? [] : [['cursor', cursor] as const]),
        ];
        const call: CallName = `GET object-query ${object}`;
        const answer = await get(call, `/object-query/${object}`, [...query, ...paging]);
        const { data, nextPage } = readAnswer(queryPageSchema, answer, call);
        rows.push(...data);
        if (!nextPage) return rows;
        cursor = nextPage;
      }
      throw new OperatingError('rejected', `${object}: more rows match than can be told apart`);
    },
    write(write) {
      const kind = { call: write.call, write: true, creates: write.creates };
      return sendSigned(kind, (session) => writeRequest(context, session, write));
    },
  };
}

/** `nextPage` is a URL of theirs; only where it goes on is taken from it. */
function pagingIn(nextPage: string | null | undefined): Query {
  const [, search] = nextPage?.split('?') ?? [];
  return [...new URLSearchParams(search)].filter(([name]) => name === 'page' || name === 'pageSize');
}

type ToHttp = (session: Session) => HttpRequest;

function readRequest(
  context: ConnectorContext,
  session: Session,
  call: string,
  pathAndQuery: string,
): HttpRequest {
  const salt = Math.floor(context.random() * 2 ** 32).toString(36);
  const trackId = `read-${context.now().toString(36)}-${salt}`;
  return {
    call,
    method: 'GET',
    url: `${session.baseUrl}${pathAndQuery}`,
    headers: {
      ...commonHeaders(context, session, trackId),
      ...(call === DESCRIBE ? { accept: 'text/xml' } : {}),
    },
    secretFields: SECRET_FIELDS,
    safe: true,
    bucket: BUCKET,
    ...(pathAndQuery.startsWith('/object-query') ? { atOnce: OBJECT_QUERY } : {}),
  };
}

function writeRequest(context: ConnectorContext, session: Session, write: WriteCall): HttpRequest {
  return {
    call: write.call,
    method: write.method,
    url: `${session.baseUrl}${write.path}`,
    headers: {
      ...commonHeaders(context, session, write.trackId),
      // A PUT without it is answered 415, even with an empty object as body.
      'content-type': 'application/json',
      // Zuora refuses the key on a PUT (HTTP 400).
      ...(write.method === 'POST' && write.idempotencyKey !== undefined
        ? { 'idempotency-key': write.idempotencyKey }
        : {}),
    },
    // A DELETE has none.
    ...(write.method === 'DELETE' ? {} : { body: writeBody(write.body, write.call) }),
    timeoutMs: WRITE_TIMEOUT_MS,
    secretFields: SECRET_FIELDS,
    safe: false,
    bucket: BUCKET,
    ...(write.path === '/v1/accounts' ? { atOnce: HIGH_VOLUME } : {}),
  };
}

function commonHeaders(context: ConnectorContext, session: Session, trackId: string): Record<string, string> {
  return {
    authorization: `Bearer ${session.token}`,
    accept: 'application/json',
    'zuora-version': ZUORA_VERSION,
    'zuora-track-id': toTrackId(trackId),
    ...scopeHeaders(context.settings),
  };
}

/** Exponential with full jitter; undefined = do not repeat. */
function repeatAfterMs(error: unknown, attempt: number, context: ConnectorContext): number | undefined {
  if (!(error instanceof OperatingError) || attempt >= READ_REPEATS) return undefined;
  if (error.kind !== 'transient' && error.kind !== 'rate_limited') return undefined;
  // What is not served now will not be in a second.
  if (error.code === NOT_SERVED) return undefined;
  const askedMs = error.until === undefined ? 0 : error.until - context.now();
  if (askedMs > PATIENCE_MS) return undefined;
  const ceilingMs = Math.min(BACKOFF_LIMIT_MS, BACKOFF_START_MS * 2 ** attempt);
  return Math.max(0, askedMs) + Math.floor(context.random() * ceilingMs);
}

/** Zuora may add members at any time, but what we need has to be there. */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown, call: string): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new OperatingError('rejected', `${call}: the answer is not as documented: ${issue?.message}`, {
    code: 'unexpected-answer',
    field: issue?.path.join('.'),
  });
}
