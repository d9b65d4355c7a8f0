/** The one class of operating errors; its closed `kind` alone decides what happens next. */
import { printable } from './printable.ts';

/**
 * - `transient`: known not to have had an effect; try again later.
 * - `rate_limited`: refused for load; not before `until`.
 * - `unauthorized`: the credential is no longer good; pause the connection and ask a person.
 * - `rejected`: the other side understood and refused; park.
 * - `conflict`: the state differs from what the plan assumed; read again and re-plan.
 * - `ambiguous`: nobody knows whether it took effect; same key or look-up first, never a blind repeat. With a `code`,
 *   a whole answer came that says it failed inside: the same key would only repeat that answer.
 */
export type OperatingErrorKind =
  | 'transient'
  | 'rate_limited'
  | 'unauthorized'
  | 'rejected'
  | 'conflict'
  | 'ambiguous';

/** The `code` of what was read and cannot be taken, however often it is asked for: too large, or packed in an unknown way. */
export const ANSWER_UNFIT = 'answer-unfit';

/**
 * The `code` of a `transient` answer that only says that this address does not serve the call: it says nothing about a
 * record, is tried for a while, and then a person is told the address.
 */
export const NOT_SERVED = 'not-served';

/**
 * The `code` of a refusal in the API's own shape for want of a permission, scope or feature: of `rejected`. It speaks of a
 * kind of records or of a step, never of one record.
 */
export const NOT_PERMITTED = 'not-permitted';

/** The `code` of a `conflict`: what was to be made or changed needs an account, and there is none under that id. */
export const ACCOUNT_GONE = 'account-gone';

export type OperatingErrorDetails = {
  /** The vendor's own code or HTTP status, for people. */
  code?: string | undefined;
  /** The field of the request that the vendor named. */
  field?: string | undefined;
  /** For `rate_limited` (and `transient` where the vendor said so): earliest next try, epoch milliseconds. */
  until?: number | undefined;
  cause?: unknown;
};

export class OperatingError extends Error {
  override readonly name = 'OperatingError';
  readonly kind: OperatingErrorKind;
  readonly code: string | undefined;
  readonly field: string | undefined;
  readonly until: number | undefined;

  constructor(kind: OperatingErrorKind, message: string, details: OperatingErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.code = details.code;
    this.field = details.field;
    this.until = details.until;
  }
}

/** A wrong input or setting of the person at the keyboard: shown as it is, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;
  /** The message has lines of our own making, and no others. */
  readonly hasLines: boolean;

  /** Several lines as a list: what somebody else wrote in them makes no further ones. */
  constructor(message: string | readonly string[], hint?: string) {
    super(typeof message === 'string' ? message : message.map(printable).join('\n'));
    this.hasLines = typeof message !== 'string';
    this.hint = hint;
  }
}

/** Somebody asked for a thing that is not there. */
export class NotFound extends UsageError {}
