/** The error table: six shapes of refusal, read by category and HTTP status into operating errors. */
import { NOT_PERMITTED, OperatingError, type OperatingErrorKind } from '../../core/errors.ts';
import type { HttpAnswer } from '../../core/ports.ts';
import { secondsOf } from './headers.ts';
import { type Reason, reasonsOf, saysFailure, saysSuccess } from './reasons.ts';
import { parseBody } from './wire.ts';

/** Zuora surely does not have what was named. */
export class ZuoraNotFound extends OperatingError {}

export type CallKind = {
  call: string;
  /** False for reads: they can simply be repeated. */
  write: boolean;
  /**
   * A second execution cannot make a second document: the natural key is unique (account and invoice numbers) or the
   * state decides (posting). Payments have no such key.
   */
  repeatable: boolean;
  /** A success is no JSON. */
  isText?: boolean;
};

/** `internal`: a whole answer says that it failed, inside. `unsure`: nothing says whether it took effect. */
type Verdict = OperatingErrorKind | 'not-found' | 'internal' | 'unsure';

/** By the last two digits of a code. Source: Zuora's error-code page (facts, section 4). */
const BY_CATEGORY: ReadonlyMap<string, Verdict> = new Map([
  ['10', 'rejected'],
  ['11', 'unauthorized'],
  ...['20', '21', '22', '23', '27', '30', '45', '90'].map((category) => [category, 'rejected'] as const),
  ['40', 'not-found'],
  // Lock contention had no effect. The idempotency store keeps this failure: a repeat needs a new key.
  ['50', 'transient'],
  ['60', 'internal'],
  // "Temporary" is Zuora's own word for "not done, try again".
  ['61', 'transient'],
  ['70', 'rate_limited'],
  ['99', 'internal'],
]);

const BY_NAME: ReadonlyMap<string, Verdict> = new Map([
  ['INVALID_SESSION', 'unauthorized'],
  ['LOCK_COMPETITION', 'transient'],
  ['TEMPORARY_ERROR', 'transient'],
  ['TRANSACTION_TIMEOUT', 'unsure'],
  ['REQUEST_EXCEEDED_LIMIT', 'rate_limited'],
]);

const DUPLICATE = /already (exists?|in use|used|taken|been)|must be unique|not unique|duplicate|is taken/i;
const ABSENT =
  /\bno [\w ]+ (is|was|are) found|cannot find|not found|does not exist|account key '.*' is invalid/i;
const WRONG_STATE = /only [\w ]*(invoices?|memos?|payments?) with \w+ status/i;
const TAXATION_OFF = /taxation/i;
const CLOSED_PERIOD = /closed accounting period|accounting period [\w ,'-]*closed/i;
const METHOD = /payment method/i;
const TURNED_OFF = /not (been )?(enabled|turned on|activated|available)|disabled|turned off|permission/i;

/** The error in an answer; undefined when it is a success, a replayed one with HTTP 409 included. */
export function errorOf(answer: HttpAnswer, kind: CallKind, nowMs: number): OperatingError | undefined {
  const body = parseBody(answer.body);
  const reasons = reasonsOf(body);
  const ok = answer.status >= 200 && answer.status < 300;
  if (ok && (body === undefined ? kind.isText === true : !saysFailure(body))) return undefined;
  // One official page says that a repeated key is answered by HTTP 409 carrying the first result.
  if (answer.status === 409 && saysSuccess(body)) return undefined;
  const known = reasons.find((reason) => verdictOfCode(reason.code) !== undefined) ?? reasons[0];
  const verdict = (known && verdictOfCode(known.code)) ?? verdictOfStatus(answer.status, body !== undefined);
  return toError(verdict, { answer, kind, reasons, known, nowMs });
}

function verdictOfCode(code: string): Verdict | undefined {
  if (/^\d{2,}$/.test(code)) return BY_CATEGORY.get(code.slice(-2));
  if (/^[A-Z]+(_[A-Z]+)+$/.test(code)) return BY_NAME.get(code) ?? 'rejected';
  return undefined;
}

/** Without a code. A 404 that is no JSON comes from an edge or a wrong base, and proves nothing about a document. */
function verdictOfStatus(status: number, isJson: boolean): Verdict {
  if (status === 401) return 'unauthorized';
  if (status === 404) return isJson ? 'not-found' : 'rejected';
  if (status === 429) return 'rate_limited';
  // 409: a call with this key is still running. A 2xx here could not be read, or says failure without a reason.
  if (status === 408 || status === 409 || status >= 500) return 'unsure';
  if (status >= 200 && status < 300) return isJson ? 'rejected' : 'unsure';
  return 'rejected';
}

type Findings = {
  answer: HttpAnswer;
  kind: CallKind;
  reasons: readonly Reason[];
  known: Reason | undefined;
  nowMs: number;
};

function toError(verdict: Verdict, findings: Findings): OperatingError {
  const { answer, kind, known, nowMs } = findings;
  const text = words(findings);
  const details = { code: known?.code || String(answer.status), field: fieldIn(text) };
  switch (verdict) {
    case 'rejected':
      return toRejection(text, details, answer.status);
    case 'not-found':
      return new ZuoraNotFound('conflict', text, details);
    case 'rate_limited':
      return new OperatingError('rate_limited', text, { ...details, until: untilOf(answer, nowMs) });
    case 'internal':
      // Without a unique key a repeat could book a second payment, so only the look-up may decide.
      return new OperatingError(kind.write && !kind.repeatable ? 'ambiguous' : 'transient', text, details);
    case 'unsure':
      // No code: a time-out or "still running" is no end of the call, and only its own key surely meets it again.
      return kind.write
        ? new OperatingError('ambiguous', text, { field: details.field })
        : new OperatingError('transient', text, details);
    default:
      return new OperatingError(verdict, text, details);
  }
}

/** Exact codes for these cases are not public (facts, section 4): the words decide. */
function toRejection(
  text: string,
  details: { code: string; field: string | undefined },
  status: number,
): OperatingError {
  if (DUPLICATE.test(text) || details.code === 'DUPLICATE_VALUE') {
    return new OperatingError('rejected', text, { ...details, code: 'duplicate' });
  }
  if (TAXATION_OFF.test(text) && TURNED_OFF.test(text)) {
    return new OperatingError('rejected', text, { ...details, code: 'taxation-off' });
  }
  if (CLOSED_PERIOD.test(text) || details.code === 'ACCOUNTING_PERIOD_CLOSED') {
    return new OperatingError('rejected', text, { ...details, code: 'closed-period' });
  }
  if (WRONG_STATE.test(text)) return new OperatingError('conflict', text, details);
  if (ABSENT.test(text)) return new ZuoraNotFound('conflict', text, details);
  if (METHOD.test(text) && TURNED_OFF.test(text)) {
    const fix = 'Enable it in Zuora under Settings > Payments > Payment Methods.';
    return new OperatingError('rejected', `${text}. ${fix}`, { ...details, field: 'paymentMethodType' });
  }
  if (details.code.endsWith('10') || details.code === 'NO_PERMISSION' || status === 403) {
    const fix = 'The API user lacks a permission or the tenant lacks a feature: ask its administrator.';
    return new OperatingError('rejected', `${text}. ${fix}`, {
      ...details,
      // Without a reason of the API's own it may be anybody on the way who refuses.
      code: details.code === '403' ? details.code : NOT_PERMITTED,
    });
  }
  return new OperatingError('rejected', text, details);
}

function words({ answer, kind, reasons }: Findings): string {
  const said = reasons.map(({ code, message }) => [message, code && `(${code})`].filter(Boolean).join(' '));
  const status = `HTTP ${answer.status}`;
  if (said.length > 0) return `${kind.call}: ${said.join('; ')}`;
  if (answer.status === 404) return `${kind.call}: ${status} that is not from the API; check the base URL`;
  if (answer.status === 409) return `${kind.call}: ${status}; a call with this key is still running`;
  if (answer.status === 422) return `${kind.call}: ${status}; the key was used for another call`;
  return `${kind.call}: ${status} without a reason`;
}

/** A quoted path such as 'invoiceItems[0].amount', or one of our own field names in plain text. */
const QUOTED_FIELD = /'([a-z][A-Za-z]*(?:\[\d+\])?(?:\.[a-z][A-Za-z]*(?:\[\d+\])?)*)'/;
const BARE_FIELD =
  /\b(accountNumber|invoiceNumber|invoiceDate|dueDate|effectiveDate|paymentMethodType|referenceId|workEmail|country|state|currency)\b/;

function fieldIn(text: string): string | undefined {
  return QUOTED_FIELD.exec(text)?.[1] ?? BARE_FIELD.exec(text)?.[1];
}

/** When to try again after a 429: the headers, then the text ("retry after 600 seconds"), then a minute. */
export function untilOf(answer: HttpAnswer, nowMs: number): number {
  const inText = /retry after (\d+) seconds/i.exec(answer.body)?.[1];
  const seconds =
    secondsOf(answer.headers['retry-after']) ??
    secondsOf(answer.headers['ratelimit-reset']) ??
    secondsOf(inText) ??
    60;
  return nowMs + seconds * 1000;
}
