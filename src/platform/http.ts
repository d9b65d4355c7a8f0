/** One HTTP attempt to a vendor: only where it may go, paced, timed out, bounded, guarded by a breaker, classified and recorded. */
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import { Agent, Headers, request as send } from 'undici';
import { ADDRESS_REFUSED } from '../core/addresses.ts';
import { ANSWER_UNFIT, OperatingError } from '../core/errors.ts';
import type { AttemptRecord, Http, HttpAnswer, HttpRequest } from '../core/ports.ts';
import { type Addresses, AddressRefused } from './addresses.ts';
import {
  ACCEPTED_ENCODING,
  ANSWER_LIMITS,
  type AnswerLimits,
  AnswerUnfit,
  createTurns,
  readAnswer,
  type Turns,
  takeLongTurn,
} from './answer.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { freeDeep, redactBody, redactHeaders, redactUrl } from './redact.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
/** While somebody reads it. */
const SILENCE_MS = 15_000;
const USER_AGENT = 'ml-connector';
const MAXIMUM_RECORDED_CHARACTERS = 200_000;
/** Looked at for secrets that begin before the cut. */
const BEYOND_THE_CUT = 16_384;
const FAILURES_THAT_OPEN_THE_BREAKER = 8;
const BREAKER_REST_MS = 5_000;

/** Socket errors after which the request surely never reached the other side. */
const NEVER_LEFT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export type HttpParts = {
  clock: Clock;
  addresses: Addresses;
  /** Waits for this bucket's turn in the shared budget; what it gives is called when the call has ended. */
  takeTurn: (bucket: string, atOnce: string) => Promise<() => void>;
  record: (attempt: AttemptRecord) => Promise<void>;
  /** Cut out of what is recorded; secrets that an answer issues are noted. */
  known: KnownSecrets;
  /** How long a call may take is measured by the machine unless told. */
  timeout?: CallTimeout | undefined;
  /** Between two pieces of an answer. */
  silenceMs?: number;
};

export type CallTimeout = (ms: number) => { signal: AbortSignal; end(): void };

const machineTimeout: CallTimeout = (ms) => ({ signal: AbortSignal.timeout(ms), end: () => {} });

type Outcome = { answer: HttpAnswer } | { failure: Error };

export function createHttp({
  clock,
  addresses,
  takeTurn,
  record,
  known,
  timeout = machineTimeout,
  silenceMs = SILENCE_MS,
}: HttpParts): {
  http: Http;
  close(): Promise<void>;
} {
  const { connect } = addresses;
  const agent = new Agent({
    connections: 32,
    keepAliveTimeout: 4_000,
    bodyTimeout: silenceMs,
    connect,
  });
  const turns = createTurns(1);
  const breaker = createBreaker();
  const http: Http = async (request) => {
    assertAddress(addresses, request);
    assertHeaders(request);
    const end = await takeTurn(request.bucket ?? 'default', request.atOnce ?? 'default');
    const startedAt = clock.now();
    const started = monotonicMs();
    const outcome = await breaker()
      .execute(() => attempt(agent, turns, request, timeout))
      .catch((error: unknown) => {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new OperatingError(
          'transient',
          `${new URL(request.url).host} keeps failing; resting before the next try`,
          {
            until: clock.now() + BREAKER_REST_MS,
          },
        );
      })
      .finally(end);
    if ('answer' in outcome) noteIssued(request, outcome.answer, known);
    await record(freed(toAttemptRecord(request, outcome, startedAt, monotonicMs() - started), known));
    if ('answer' in outcome) return outcome.answer;
    throw toOperatingError(request, outcome.failure);
  };
  return { http, close: () => agent.close() };
}

/** Its rest is measured by the wall clock, which may be set back meanwhile: then another one takes its place. */
function createBreaker() {
  let openedAt = Infinity;
  const make = () => {
    const made = circuitBreaker(
      handleWhenResult((result) => isFailing(result as Outcome)),
      { halfOpenAfter: BREAKER_REST_MS, breaker: new ConsecutiveBreaker(FAILURES_THAT_OPEN_THE_BREAKER) },
    );
    made.onBreak(() => (openedAt = monotonicMs()));
    made.onHalfOpen(() => (openedAt = Infinity));
    made.onReset(() => (openedAt = Infinity));
    return made;
  };
  let breaker = make();
  return () => {
    if (monotonicMs() - openedAt > 2 * BREAKER_REST_MS) {
      openedAt = Infinity;
      breaker = make();
    }
    return breaker;
  };
}

/** Of the other side, not of what it sends or of where it is. */
function isFailing(outcome: Outcome): boolean {
  if ('answer' in outcome) return outcome.answer.status >= 500;
  return !chainOf(outcome.failure).some(
    (error) => error instanceof AnswerUnfit || error instanceof AddressRefused,
  );
}

function assertAddress(addresses: Addresses, { url }: HttpRequest): void {
  const problem = addresses.problemOf(url);
  if (problem !== undefined) throw addressRefused(url, problem);
}

/** Nothing has left; only a person can make it work. */
function addressRefused(url: string, problem: string, cause?: Error): OperatingError {
  const host = URL.canParse(url) ? new URL(url).host : 'the address';
  return new OperatingError('unauthorized', `${host} is not called: ${problem}.`, {
    code: ADDRESS_REFUSED,
    cause,
  });
}

/** The client would repeat the value, perhaps a secret with a stray line break, in its error. */
function assertHeaders({ call, headers = {} }: HttpRequest): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers().append(name, value);
    } catch {
      throw new OperatingError(
        'rejected',
        `${call}: the header ${name} holds characters that HTTP does not allow`,
        {
          field: name,
        },
      );
    }
  }
}

async function attempt(
  agent: Agent,
  turns: Turns,
  request: HttpRequest,
  timeout: CallTimeout,
): Promise<Outcome> {
  const { signal, end } = timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  try {
    const response = await send(request.url, {
      method: request.method,
      headers: { ...request.headers, 'user-agent': USER_AGENT, 'accept-encoding': ACCEPTED_ENCODING },
      body: request.body ?? null,
      dispatcher: agent,
      // What is after the headers has `bodyTimeout`; until then the call's own time counts.
      headersTimeout: 0,
      signal,
    });
    const { statusCode: status } = response;
    const headers = toHeaders(response.headers);
    const body = await readAnswer(headers, response.body, limitsOf(request), () =>
      takeLongTurn(turns, signal),
    );
    return { answer: { status, headers, body } };
  } catch (error) {
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  } finally {
    end();
  }
}

function limitsOf({ answer, safe }: HttpRequest): AnswerLimits {
  return ANSWER_LIMITS[answer ?? (safe ? 'read' : 'write')];
}

function toHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : value.join(', ')]],
    ),
  );
}

function toAttemptRecord(
  request: HttpRequest,
  outcome: Outcome,
  startedAt: number,
  durationMs: number,
): AttemptRecord {
  const secretFields = request.secretFields ?? [];
  const answer = 'answer' in outcome ? outcome.answer : undefined;
  return {
    call: request.call,
    method: request.method,
    url: redactUrl(request.url, secretFields),
    requestHeaders: redactHeaders(request.headers ?? {}),
    requestBody: redactBody(request.body, secretFields),
    startedAt,
    durationMs: Math.round(durationMs),
    status: answer?.status,
    responseHeaders: redactHeaders(answer?.headers ?? {}),
    responseBody: redactBody(
      answer?.body.slice(0, MAXIMUM_RECORDED_CHARACTERS + BEYOND_THE_CUT),
      secretFields,
    ),
    failure: 'failure' in outcome ? describe(outcome.failure) : undefined,
  };
}

/** By value, too, and only then cut: a half of a secret would not be known again. */
function freed(record: AttemptRecord, known: KnownSecrets): AttemptRecord {
  const { responseBody, ...others } = freeDeep(record, known);
  return { ...others, responseBody: responseBody?.slice(0, MAXIMUM_RECORDED_CHARACTERS) };
}

/** Before the caller has stored them: the answer itself, and the next one, may say them once more. */
function noteIssued({ issues = [] }: HttpRequest, { status, body }: HttpAnswer, known: KnownSecrets): void {
  if (issues.length === 0 || status < 200 || status >= 300) return;
  try {
    const answer: unknown = JSON.parse(body);
    if (answer === null || typeof answer !== 'object') return;
    for (const [name, value] of Object.entries(answer)) {
      if (issues.includes(name) && typeof value === 'string') known.note(value);
    }
  } catch {
    // No JSON issues nothing.
  }
}

function toOperatingError(request: HttpRequest, failure: Error): OperatingError {
  const { host } = new URL(request.url);
  const refused = chainOf(failure).find((error) => error instanceof AddressRefused);
  if (refused) return addressRefused(request.url, refused.message, failure);
  if (isUnfit(failure)) {
    // Asking again brings the same; what a write has done is looked up.
    return new OperatingError(
      request.safe ? 'rejected' : 'ambiguous',
      `${request.call}: ${host} sends an answer that is not taken: ${describe(failure)}.`,
      { code: request.safe ? ANSWER_UNFIT : undefined, cause: failure },
    );
  }
  const neverLeft = chainOf(failure).some((error) => NEVER_LEFT.has(codeOf(error) ?? ''));
  const kind = neverLeft || request.safe ? 'transient' : 'ambiguous';
  return new OperatingError(kind, `no answer from ${host}: ${describe(failure)}`, { cause: failure });
}

function isUnfit(failure: Error): boolean {
  return failure instanceof AnswerUnfit || codeOf(failure) === 'UND_ERR_HEADERS_OVERFLOW';
}

function describe(failure: Error): string {
  if (failure instanceof AnswerUnfit || failure instanceof AddressRefused) return failure.message;
  if (failure.name === 'TimeoutError') return 'it took too long as a whole';
  if (codeOf(failure) === 'UND_ERR_BODY_TIMEOUT') return 'it began to answer and then fell silent';
  const cause = failure.cause instanceof Error ? failure.cause : undefined;
  const codes = chainOf(failure).flatMap((error) => codeOf(error) ?? []);
  return [failure.message, cause?.message, ...codes].filter(Boolean).join('; ');
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A name with several addresses fails with all of their errors. */
function chainOf(failure: Error): Error[] {
  const causes = failure.cause instanceof Error ? [failure, failure.cause] : [failure];
  return causes.flatMap((error) =>
    error instanceof AggregateError
      ? [error, ...error.errors.filter((one): one is Error => one instanceof Error)]
      : [error],
  );
}
