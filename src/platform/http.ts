/** One HTTP attempt to a vendor: paced, timed out, guarded by a breaker, classified and recorded. */
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import { Agent, fetch, Headers } from 'undici';
import { OperatingError } from '../core/errors.ts';
import type { AttemptRecord, Http, HttpAnswer, HttpRequest } from '../core/ports.ts';
import { type Clock, monotonicMs } from './clock.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { freeDeep, redactBody, redactHeaders, redactUrl } from './redact.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
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
  /** Waits for this bucket's turn in the shared budget; what it gives is called when the call has ended. */
  takeTurn: (bucket: string, atOnce: string) => Promise<() => void>;
  record: (attempt: AttemptRecord) => Promise<void>;
  /** Cut out of what is recorded; secrets that an answer issues are noted. */
  known: KnownSecrets;
  /** How long a call may take is measured by the machine unless told. */
  timeout?: CallTimeout | undefined;
};

export type CallTimeout = (ms: number) => { signal: AbortSignal; end(): void };

const machineTimeout: CallTimeout = (ms) => ({ signal: AbortSignal.timeout(ms), end: () => {} });

type Outcome = { answer: HttpAnswer } | { failure: Error };

export function createHttp({ clock, takeTurn, record, known, timeout = machineTimeout }: HttpParts): {
  http: Http;
  close(): Promise<void>;
} {
  const agent = new Agent({ connections: 32, keepAliveTimeout: 4_000, connect: { timeout: 10_000 } });
  const breaker = circuitBreaker(
    handleWhenResult((result) => {
      const outcome = result as Outcome;
      return 'failure' in outcome || outcome.answer.status >= 500;
    }),
    { halfOpenAfter: BREAKER_REST_MS, breaker: new ConsecutiveBreaker(FAILURES_THAT_OPEN_THE_BREAKER) },
  );
  const http: Http = async (request) => {
    assertHeaders(request);
    const end = await takeTurn(request.bucket ?? 'default', request.atOnce ?? 'default');
    const startedAt = clock.now();
    const started = monotonicMs();
    const outcome = await breaker
      .execute(() => attempt(agent, request, timeout))
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

/** fetch would repeat the value, perhaps a secret with a stray line break, in its error. */
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

async function attempt(agent: Agent, request: HttpRequest, timeout: CallTimeout): Promise<Outcome> {
  const { signal, end } = timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      ...(request.headers ? { headers: request.headers } : {}),
      ...(request.body === undefined ? {} : { body: request.body }),
      dispatcher: agent,
      redirect: 'manual',
      signal,
    });
    const body = await response.text();
    return { answer: { status: response.status, headers: Object.fromEntries(response.headers), body } };
  } catch (error) {
    return { failure: error instanceof Error ? error : new Error(String(error)) };
  } finally {
    end();
  }
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
  const neverLeft = codesOf(failure).some((code) => NEVER_LEFT.has(code));
  const kind = neverLeft || request.safe ? 'transient' : 'ambiguous';
  return new OperatingError(kind, `no answer from ${new URL(request.url).host}: ${describe(failure)}`, {
    cause: failure,
  });
}

function describe(failure: Error): string {
  const cause = failure.cause instanceof Error ? failure.cause : undefined;
  return [failure.message, cause?.message, ...codesOf(failure)].filter(Boolean).join('; ');
}

function codesOf(failure: Error): string[] {
  const chain: unknown[] = [failure, failure.cause];
  if (failure.cause instanceof AggregateError) chain.push(...failure.cause.errors);
  return chain.flatMap((error) =>
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? [error.code] : [],
  );
}
