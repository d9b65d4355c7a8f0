/** What an answer means for a call: one order of rows, of which the first that holds decides; what causes mean is in causes.ts. */
import { NOT_PERMITTED, NOT_SERVED, OperatingError } from '../../core/errors.ts';
import type { HttpAnswer } from '../../core/ports.ts';
import { isFinal, isNumbered, type Meaning, meaningOf, SAYS, unquoted } from './causes.ts';
import { secondsUntil } from './headers.ts';
import {
  failedMemberIn,
  isOwnShape,
  type Reason,
  reasonsOf,
  saysFailure,
  saysOnlyWords,
  saysSuccess,
} from './reasons.ts';
import { parseBody } from './wire.ts';

/** Zuora surely does not have what was named: a document, or the account it is for. */
export class ZuoraNotFound extends OperatingError {
  readonly ofAccount: boolean;
  constructor(message: string, details: { code?: string; field?: string | undefined }, ofAccount = false) {
    super('conflict', message, details);
    this.ofAccount = ofAccount;
  }
}

/** The address, or this call of it, is not served: nothing about any document. `byApi`: the API itself says so. */
export class ZuoraNotServed extends OperatingError {
  readonly byApi: boolean;
  constructor(message: string, byApi: boolean) {
    super('transient', message, { code: NOT_SERVED });
    this.byApi = byApi;
  }
}

export type CallKind = {
  call: string;
  /** Where it went, for people. */
  address?: string;
  /** False for reads: they can simply be repeated. */
  write: boolean;
  /** Makes a document under a number of ours: only such a call can meet one that is taken. */
  creates: boolean;
  /** A success is no JSON. */
  isText?: boolean;
};

/**
 * `unsure`: nobody knows whether it took effect, and it may still do so. `failed`: nobody knows either, but the call has
 * ended: its key would only repeat this answer. A read is tried again after both.
 */
type Verdict =
  | 'limited'
  | 'limited-unsure'
  | 'unsure'
  | 'failed'
  | 'edge'
  | 'not-served'
  | 'no-endpoint'
  | 'unauthorized'
  | 'rejected'
  | 'not-found'
  | 'conflict'
  | 'transient';

type Seen = {
  answer: HttpAnswer;
  kind: CallKind;
  status: number;
  isJson: boolean;
  isOwn: boolean;
  reasons: readonly Reason[];
  /** The error text, without what stands in quotes. */
  text: string;
  known: Reason | undefined;
  meaning: Meaning | undefined;
};

type Row = { name: string; holds: (seen: Seen) => boolean; verdict: Verdict | ((seen: Seen) => Verdict) };

const EDGE_STATUS: ReadonlySet<number> = new Set([400, 403, 404]);
/** The other side gave up waiting, or is still at it: no end of the call. */
const WITHOUT_END: ReadonlySet<number> = new Set([408, 409, 502, 503, 504]);

/** Zuora's minor version decides the status of an error, so none of these rows asks for one where the cause tells. */
export const ORDER: readonly Row[] = [
  {
    name: 'a limit, by status or in the words of the error',
    holds: ({ status, text }) => status === 429 || SAYS.limit.test(text),
    verdict: ({ status, kind }) => (kind.write && status >= 500 ? 'limited-unsure' : 'limited'),
  },
  {
    name: 'a cause that is final, at any status',
    holds: ({ isOwn, reasons }) => isOwn && reasons.some(isFinal),
    verdict: 'rejected',
  },
  { name: 'any other 5xx', holds: ({ status }) => status >= 500, verdict: unsureOrFailed },
  {
    name: 'the credentials: no bearer token, or a 401 in words',
    holds: ({ status, isJson, text }) => SAYS.noBearer.test(text) || (status === 401 && isJson),
    verdict: 'unauthorized',
  },
  {
    name: 'a gateway that has no route',
    holds: ({ isOwn, text }) => !isOwn && SAYS.noRoute.test(text),
    verdict: 'not-served',
  },
  {
    name: 'a page of the edge in place of an answer',
    holds: ({ status, answer }) => EDGE_STATUS.has(status) && isPage(answer),
    verdict: 'edge',
  },
  {
    name: 'anything else that is not of the API',
    holds: ({ isOwn }) => !isOwn,
    verdict: unsureOrFailed,
  },
  {
    name: 'an unexpected error, or a failure without a word',
    holds: ({ text, known }) => SAYS.unexpected.test(text) || known === undefined,
    verdict: unsureOrFailed,
  },
  {
    name: 'a call that the tenant does not know',
    holds: ({ text }) => SAYS.noEndpoint.test(text),
    verdict: 'no-endpoint',
  },
  // Of one kind of call, not of the connection's credentials.
  {
    name: 'a permission or feature that is missing',
    holds: isForbidden,
    verdict: 'rejected',
  },
  {
    name: 'the code, then its category',
    holds: ({ meaning }) => meaning !== undefined,
    verdict: (seen) => byMeaning(seen, seen.meaning),
  },
  { name: 'an unknown code: by status', holds: () => true, verdict: byStatus },
];

/** The error in an answer; undefined when it is a success, a replayed one with HTTP 409 included. */
export function errorOf(answer: HttpAnswer, kind: CallKind, nowMs: number): OperatingError | undefined {
  const whole = parseBody(answer.body);
  const body = (kind.write ? failedMemberIn(whole) : undefined) ?? whole;
  if (isSuccess(answer, body, kind)) return undefined;
  const seen = see(answer, body, kind);
  const { verdict } = rowFor(seen);
  return toError(typeof verdict === 'function' ? verdict(seen) : verdict, seen, nowMs);
}

export function see(answer: HttpAnswer, body: unknown, kind: CallKind): Seen {
  const reasons = reasonsOf(body);
  const known = reasons.find((reason) => meaningOf(reason) !== undefined) ?? reasons[0];
  return {
    answer,
    kind,
    status: answer.status,
    isJson: body !== undefined,
    isOwn: isOwnShape(body),
    reasons,
    text: unquoted(reasons.map(({ message }) => message).join('; ')),
    known,
    meaning: known && meaningOf(known),
  };
}

export function rowFor(seen: Seen): Row {
  const row = ORDER.find(({ holds }) => holds(seen));
  if (row === undefined) throw new Error('the last row of the order holds always');
  return row;
}

/** A write has to say that it worked: a gateway's or an edge's HTTP 200 says no such thing. */
function isSuccess({ status }: HttpAnswer, body: unknown, kind: CallKind): boolean {
  // One official page says that a repeated key is answered by HTTP 409 carrying the first result.
  if (status === 409) return saysSuccess(body);
  if (status < 200 || status >= 300) return false;
  if (body === undefined) return kind.isText === true;
  if (saysFailure(body)) return false;
  return kind.write ? saysSuccess(body) : !saysOnlyWords(body);
}

function isPage({ headers, body }: HttpAnswer): boolean {
  return /\bhtml\b/i.test(headers['content-type'] ?? '') || /^\s*</.test(body);
}

function unsureOrFailed({ status, isJson, meaning }: Seen): Verdict {
  // Empty or not, it only ever means that the key was used for another call.
  if (status === 422) return 'failed';
  return isJson && !WITHOUT_END.has(status) && meaning !== 'timed-out' ? 'failed' : 'unsure';
}

function isForbidden({ known, meaning, status }: Seen): boolean {
  if (known !== undefined && isNumbered(known.code)) return known.code.endsWith('10');
  return known?.code === 'NO_PERMISSION' || (status === 403 && meaning === undefined);
}

function byMeaning(seen: Seen, meaning: Meaning | undefined): Verdict {
  switch (meaning) {
    case 'not-found':
      return speaksOfDocument(seen) ? 'not-found' : 'not-served';
    case 'moved-on':
      return seen.kind.creates ? 'rejected' : 'conflict';
    case 'internal':
      return 'failed';
    case 'timed-out':
      return 'unsure';
    case 'rejected':
      return asRefused(seen);
    case undefined:
      return byStatus(seen);
    default:
      return meaning;
  }
}

/** Exact codes for these cases are not public (facts, section 4): the words decide. */
function asRefused({ kind, text }: Seen): Verdict {
  if (kind.creates && SAYS.duplicate.test(text)) return 'rejected';
  if (SAYS.wrongState.test(text)) return 'conflict';
  return SAYS.absent.test(text) ? 'not-found' : 'rejected';
}

function byStatus(seen: Seen): Verdict {
  const { status, known } = seen;
  if (status === 401) return 'unauthorized';
  if (status === 404) return SAYS.absent.test(seen.text) ? 'not-found' : 'not-served';
  // 409: a call with this key is still running.
  if (status === 408 || status === 409) return 'unsure';
  // A code or a text of the API under a status that says "good" is still its refusal.
  return known === undefined ? unsureOrFailed(seen) : asRefused(seen);
}

/** Of "resource unknown" only the words tell; other codes name the kind of document themselves. */
function speaksOfDocument({ known, text }: Seen): boolean {
  return SAYS.absent.test(text) || (known !== undefined && !known.code.startsWith('500000'));
}

function toError(verdict: Verdict, seen: Seen, nowMs: number): OperatingError {
  const { answer, kind, known, status } = seen;
  const text = words(seen);
  const details = { code: known?.code || String(status), field: fieldIn(text) };
  const { field } = details;
  switch (verdict) {
    case 'limited':
      return new OperatingError('rate_limited', text, { ...details, until: untilOf(answer, nowMs) });
    case 'limited-unsure':
      return new OperatingError('ambiguous', text, { ...details, until: untilOf(answer, nowMs) });
    case 'failed':
      return new OperatingError(kind.write ? 'ambiguous' : 'transient', text, details);
    case 'unsure':
      // No code: a time-out or "still running" is no end of the call, and only its own key surely meets it again.
      return kind.write
        ? new OperatingError('ambiguous', text, { field })
        : new OperatingError('transient', text, details);
    case 'edge': {
      const edge = answer.headers['server'] ?? 'the edge';
      const told = `${kind.call}: HTTP ${status} as a page ${titleOf(answer)}from ${edge}, which stands before Zuora and did not let the call through`;
      return new OperatingError('transient', told, { code: String(status) });
    }
    case 'not-served':
      return new ZuoraNotServed(
        `${text}. ${kind.address ?? 'The address'} does not serve this call: check the base URL`,
        false,
      );
    case 'no-endpoint':
      return new ZuoraNotServed(`${text}${kind.address ? ` at ${kind.address}` : ''}`, true);
    case 'not-found':
      return new ZuoraNotFound(text, details, kind.write && SAYS.ofAccount.test(seen.text));
    case 'rejected':
      return toRejection(text, details, seen);
    default:
      return new OperatingError(verdict, text, details);
  }
}

function toRejection(
  text: string,
  details: { code: string; field: string | undefined },
  seen: Seen,
): OperatingError {
  const { kind, meaning, text: said } = seen;
  const isTaken = SAYS.duplicate.test(said) || details.code === 'DUPLICATE_VALUE';
  if (kind.creates && isTaken && meaning !== 'moved-on') {
    return new OperatingError('rejected', text, { ...details, code: 'duplicate' });
  }
  if (SAYS.taxation.test(said) && SAYS.turnedOff.test(said)) {
    return new OperatingError('rejected', text, { ...details, code: 'taxation-off' });
  }
  if (SAYS.closedPeriod.test(said) || details.code === 'ACCOUNTING_PERIOD_CLOSED') {
    return new OperatingError('rejected', text, { ...details, code: 'closed-period' });
  }
  if (SAYS.method.test(said) && SAYS.turnedOff.test(said)) {
    const fix = 'Enable it in Zuora under Settings > Payments > Payment Methods.';
    return new OperatingError('rejected', `${text}. ${fix}`, { ...details, field: 'paymentMethodType' });
  }
  if (isForbidden(seen)) {
    const fix = 'The API user lacks a permission or the tenant lacks a feature: ask its administrator.';
    return new OperatingError('rejected', `${text}. ${fix}`, {
      ...details,
      // Without a reason of the API's own it may be anybody on the way who refuses.
      code: details.code === '403' ? details.code : NOT_PERMITTED,
    });
  }
  return new OperatingError('rejected', text, details);
}

function words({ answer, kind, reasons }: Seen): string {
  const said = reasons.map(({ code, message }) => [message, code && `(${code})`].filter(Boolean).join(' '));
  const status = `HTTP ${answer.status}`;
  if (said.length > 0) return `${kind.call}: ${said.join('; ')}`;
  if (answer.status === 409) return `${kind.call}: ${status}; a call with this key is still running`;
  if (answer.status === 422) return `${kind.call}: ${status}; the key was used for another call`;
  return `${kind.call}: ${status} without a reason`;
}

function titleOf({ body }: HttpAnswer): string {
  const [, title] = /<title>\s*([^<]{1,100}?)\s*<\/title>/i.exec(body) ?? [];
  return title === undefined ? '' : `"${title}" `;
}

/** A quoted path such as 'invoiceItems[0].amount', or one of our own field names in plain text. */
const QUOTED_FIELD = /'([a-z][A-Za-z]*(?:\[\d+\])?(?:\.[a-z][A-Za-z]*(?:\[\d+\])?)*)'/;
const BARE_FIELD =
  /\b(accountNumber|invoiceNumber|invoiceDate|dueDate|effectiveDate|paymentMethodType|referenceId|workEmail|country|state|currency)\b/;

function fieldIn(text: string): string | undefined {
  return QUOTED_FIELD.exec(text)?.[1] ?? BARE_FIELD.exec(text)?.[1];
}

/** A day's limit is the longest there is; a stranger figure must not stop a tenant for good. */
const LONGEST_WAIT_SECONDS = 24 * 3600;

/** When to try again after a limit: the headers, then the error text ("retry after 600 seconds"), then a minute. */
export function untilOf(answer: HttpAnswer, nowMs: number): number {
  const text = reasonsOf(parseBody(answer.body))
    .map(({ message }) => message)
    .join('; ');
  const inText = /retry after (\d+) seconds/i.exec(text)?.[1];
  const seconds =
    secondsUntil(answer.headers['retry-after'], answer.headers['date'], nowMs) ??
    secondsUntil(answer.headers['ratelimit-reset'], undefined, nowMs) ??
    secondsUntil(inText, undefined, nowMs) ??
    60;
  return nowMs + Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000;
}
