/** What Zuora's codes and words mean, as data: the rows of errors.ts ask here (facts, sections 4 and 12). */
import type { Reason } from './reasons.ts';

/** What one cause means for a call, whatever its status. `internal`: it failed inside, and what was done is not said. */
export type Meaning =
  | 'rejected'
  | 'unauthorized'
  | 'not-found'
  | 'moved-on'
  | 'transient'
  | 'limited'
  | 'internal'
  | 'timed-out';

/** Exact codes that mean something else than their category. */
const BY_CODE: ReadonlyMap<string, Meaning> = new Map([
  // "Bad entity": of the connection, not of a record.
  ['90000020', 'unauthorized'],
  // "Another transaction has already been entered": the payment was moved before. It is no taken number.
  ['66000030', 'moved-on'],
]);

/** By the last two digits of a code. Source: Zuora's error-code page. */
const BY_CATEGORY: ReadonlyMap<string, Meaning> = new Map([
  // A permission or feature that is missing: of this call only.
  ['10', 'rejected'],
  ['11', 'unauthorized'],
  ...['20', '21', '22', '23', '27', '30', '45', '90'].map((category) => [category, 'rejected'] as const),
  ['40', 'not-found'],
  // Lock contention had no effect. The idempotency store keeps this failure: a repeat needs a new key.
  ['50', 'transient'],
  ['60', 'internal'],
  // "Temporary" is Zuora's own word for "not done, try again".
  ['61', 'transient'],
  ['70', 'limited'],
  ['99', 'internal'],
]);

/** Named codes; any other named code is left to the status. */
const BY_NAME: ReadonlyMap<string, Meaning> = new Map([
  ['INVALID_SESSION', 'unauthorized'],
  ['LOCK_COMPETITION', 'transient'],
  ['TEMPORARY_ERROR', 'transient'],
  ['TRANSACTION_TIMEOUT', 'timed-out'],
  ['GATEWAY_TIMEOUT', 'timed-out'],
  ['SERVICE_UNAVAILABLE', 'timed-out'],
  ['UNEXPECTED_ERROR', 'internal'],
  ['UNKNOWN_ERROR', 'internal'],
  ['REQUEST_EXCEEDED_LIMIT', 'limited'],
  ['RATE_LIMIT_EXCEEDED', 'limited'],
]);

export function isNumbered(code: string): boolean {
  return /^\d{2,}$/.test(code);
}

export function meaningOf({ code }: Reason): Meaning | undefined {
  if (isNumbered(code)) return BY_CODE.get(code) ?? BY_CATEGORY.get(code.slice(-2));
  return BY_NAME.get(code);
}

/** Categories that are tried again as a rule, and the causes inside them for which that is in vain (GEM, GU). */
const FAILED_INSIDE = /(60|99)$/;
const FINAL =
  /^(transaction declined|there is an invoice pending tax|the zuora gettax call to avalara|the tax calculation call to zuora connect returned the following error: status code: 4)/i;

export function isFinal({ code, message }: Reason): boolean {
  return FAILED_INSIDE.test(code) && FINAL.test(message);
}

/** Words that decide are those of the API: what stands in quotes may be a text of a person. */
export function unquoted(message: string): string {
  return message.replaceAll(/(^|[\s(:=])(?:'[^']*'|"[^"]*")(?=$|[\s.,;:)!?])/g, "$1''");
}

export const SAYS = {
  limit:
    /\brequests? exceeded (the )?limit\b|\brate limit exceeded\b|\bconcurrent requests has exceeded the limit\b|\btoo many requests\b/i,
  unexpected: /\bunexpected error\b/i,
  noBearer: /^no bearer token\b/i,
  noRoute: /\bno route matched\b/i,
  noEndpoint: /\bendpoint\b[^.]*\bdoes not exist\b|\bcheck the url\b|\bno such resource\b/i,
  absent:
    /\bcannot find (an? )?(entity by key|[\w ]*\binstance\b|(account|invoice|payment|refund|(credit|debit) memo)\b)|\bno (account|invoice|payment|refund|(credit|debit) memo)s? (is|was|are|were) found\b|\b(account|invoice|payment|refund|memo) (key |id |number )?('' )?(is invalid|(was |is )?not found|does not exist)/i,
  ofAccount: /\baccount\b/i,
  duplicate: /already (exists?|in use|used|taken|been)|must be unique|not unique|duplicate|is taken/i,
  wrongState: /only [\w ]*(invoices?|memos?|payments?) with \w+ status/i,
  taxation: /taxation/i,
  closedPeriod: /closed accounting period|accounting period [\w ,'-]*closed/i,
  method: /payment method/i,
  turnedOff: /not (been )?(enabled|turned on|activated|available)|disabled|turned off|permission/i,
} as const;
