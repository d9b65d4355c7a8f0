/** FreshBooks' families of error bodies, and the table that says what each error means for us. */
import * as z from 'zod';
import { NOT_PERMITTED, OperatingError, type OperatingErrorKind } from '../../core/errors.ts';

/** What an error body says, whichever family it is from. */
export type WireError = { code: string; message: string; field: string | undefined };

const text = z.string().nullish();
const codeText = z.union([z.int(), z.string()]).transform(String);

const accountingItem = z.looseObject({ errno: codeText.nullish(), message: text, field: text });
const accounting = z.object({
  response: z.looseObject({ errors: z.union([z.array(accountingItem), accountingItem]) }),
});
const violation = z.looseObject({ field: text, description: text });
const rpcDetail = z.looseObject({
  reason: codeText.nullish(),
  metadata: z.looseObject({ message: text, field: text }).nullish(),
  fieldViolations: z.array(violation).nullish(),
});
const rpc = z.looseObject({ code: z.int(), message: text, details: z.array(rpcDetail).nullish() });
const gateway = z.looseObject({ error: z.string(), error_description: text });
const payments = z.looseObject({ error_type: z.string(), message: text });
const events = z.looseObject({ errno: codeText, message: text });
const ledger = z.object({ errors: z.looseObject({ message: text, status: codeText.nullish() }) });
const bare = z.looseObject({ message: z.string() });

/** Undefined where the body is no error of any known family. */
export function parseWireError(json: unknown): WireError | undefined {
  const read = [fromAccounting, fromRpc, fromGateway, fromPayments, fromEvents, fromLedger, fromBare];
  for (const from of read) {
    const error = from(json);
    if (error) return error;
  }
  return undefined;
}

function fromAccounting(json: unknown): WireError | undefined {
  const parsed = accounting.safeParse(json);
  if (!parsed.success) return undefined;
  const { errors } = parsed.data.response;
  const list = Array.isArray(errors) ? errors : [errors];
  const first = list[0];
  const message = list.map((error) => error.message ?? '').join('; ');
  return toWireError(first?.errno, message, first?.field);
}

/** The newer google.rpc shape: `reason` repeats the old errno. */
function fromRpc(json: unknown): WireError | undefined {
  const parsed = rpc.safeParse(json);
  if (!parsed.success) return undefined;
  const details = parsed.data.details ?? [];
  const info = details.find((detail) => detail.reason);
  const violations = details.flatMap((detail) => detail.fieldViolations ?? []);
  const words = [info?.metadata?.message, ...violations.map((v) => v.description)].filter(Boolean);
  const message = words.length > 0 ? words.join('; ') : parsed.data.message;
  const field = info?.metadata?.field ?? violations[0]?.field;
  return toWireError(info?.reason ?? `rpc ${parsed.data.code}`, message, field);
}

function fromGateway(json: unknown): WireError | undefined {
  const parsed = gateway.safeParse(json);
  return parsed.success
    ? toWireError(parsed.data.error, parsed.data.error_description, undefined)
    : undefined;
}

function fromPayments(json: unknown): WireError | undefined {
  const parsed = payments.safeParse(json);
  return parsed.success ? toWireError(parsed.data.error_type, parsed.data.message, undefined) : undefined;
}

function fromEvents(json: unknown): WireError | undefined {
  const parsed = events.safeParse(json);
  return parsed.success ? toWireError(parsed.data.errno, parsed.data.message, undefined) : undefined;
}

function fromLedger(json: unknown): WireError | undefined {
  const parsed = ledger.safeParse(json);
  return parsed.success
    ? toWireError(parsed.data.errors.status, parsed.data.errors.message, undefined)
    : undefined;
}

function fromBare(json: unknown): WireError | undefined {
  const parsed = bare.safeParse(json);
  return parsed.success ? toWireError('', parsed.data.message, undefined) : undefined;
}

function toWireError(
  code: string | null | undefined,
  message: string | null | undefined,
  field: string | null | undefined,
): WireError {
  return { code: code ?? '', message: message ?? '', field: field ?? undefined };
}

const NOT_FOUND: ReadonlySet<string> = new Set(['1011', '1012', '404', 'rpc 5', 'not_found']);

/**
 * FreshBooks itself said that it does not know the document. A gateway's HTML 404 says no such thing, nor does a
 * complaint about the account: with a wrong account id every document would look deleted.
 */
export function isNotFound(error: unknown): boolean {
  if (!(error instanceof OperatingError) || error.kind !== 'rejected') return false;
  return NOT_FOUND.has(error.code ?? '') && error.field !== 'accountid';
}

/** Errors whose meaning is not "refused for good"; by errno or word, at any HTTP status below 500. */
const KIND_OF_CODE: ReadonlyMap<string, OperatingErrorKind> = new Map([
  ['409', 'conflict'],
  ['500', 'transient'],
  ['1042', 'unauthorized'], // inactive account
  ['unauthenticated', 'unauthorized'],
  ['unauthorized', 'unauthorized'],
  ['rpc 16', 'unauthorized'],
]);

const KIND_OF_STATUS: ReadonlyMap<number, OperatingErrorKind> = new Map([
  [401, 'unauthorized'],
  [408, 'transient'],
  [409, 'conflict'],
  [429, 'rate_limited'],
  [503, 'transient'],
]);

type Refusal = {
  call: string;
  status: number;
  /** Undefined where the body is not JSON, or JSON of no known error family. */
  error: WireError | undefined;
  /** Whether the body was JSON at all; a gateway answers HTML. */
  json: boolean;
  /** The request changes nothing. */
  safe: boolean;
  until: number | undefined;
};

/** An answer that is no success, as the error the engine acts on. */
export function toOperatingError({ call, status, error, json, safe, until }: Refusal): OperatingError {
  const kind = toKind({ status, error, json, safe });
  const said = error
    ? `${error.message || 'no words'}${error.code ? ` (${error.code})` : ''}`
    : json
      ? 'an answer of unknown form'
      : 'no JSON';
  return new OperatingError(kind, `FreshBooks, ${call}: HTTP ${status}, ${said}`, {
    code:
      kind === 'rejected' && safe && isNotPermitted(status, error)
        ? NOT_PERMITTED
        : error?.code || String(status),
    field: error?.field,
    until: kind === 'rate_limited' ? until : undefined,
  });
}

/** No access, no such feature in the plan: of a whole kind, by errno or by the status of an accounting error. */
const NOT_PERMITTED_CODES: ReadonlySet<string> = new Set(['1003', '12001', '41001', '31001', '41101']);

function isNotPermitted(status: number, error: WireError | undefined): boolean {
  if (error === undefined) return false;
  return NOT_PERMITTED_CODES.has(error.code) || (status === 403 && /^\d+$/.test(error.code));
}

function toKind({ status, error, json, safe }: Omit<Refusal, 'call' | 'until'>): OperatingErrorKind {
  const byStatus = KIND_OF_STATUS.get(status);
  if (byStatus) return byStatus;
  // 5xx besides 503, or a success we cannot read: nobody knows whether a write took effect.
  if (status >= 500 || (status < 300 && !error)) return safe ? 'transient' : 'ambiguous';
  // A gateway's page in place of FreshBooks' own words: the request was not looked at.
  if (!json) return 'transient';
  return KIND_OF_CODE.get(error?.code ?? '') ?? 'rejected';
}
