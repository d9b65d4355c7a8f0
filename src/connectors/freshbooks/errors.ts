/** FreshBooks' families of error bodies, and the table that says what each error means for us. */
import * as z from 'zod';
import { NOT_PERMITTED, OperatingError, type OperatingErrorKind } from '../../core/errors.ts';

/** What an error body says, whichever family it is from. `own`: said by the API itself, not by what stands before it. */
export type WireError = { code: string; message: string; field: string | undefined; own: boolean };

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

/** A gateway's way: "no Route matched with those values". */
function fromBare(json: unknown): WireError | undefined {
  const parsed = bare.safeParse(json);
  return parsed.success ? { ...toWireError('', parsed.data.message, undefined), own: false } : undefined;
}

function toWireError(
  code: string | null | undefined,
  message: string | null | undefined,
  field: string | null | undefined,
): WireError {
  return { code: code ?? '', message: message ?? '', field: field ?? undefined, own: true };
}

/** Of accounting and of callbacks; other services say nothing about a document of ours. */
const NOT_FOUND: ReadonlySet<string> = new Set(['1011', '1012', '404', 'rpc 5']);

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
  [409, 'conflict'],
]);

const LIMIT = /\brate limit\b|\btoo many requests\b|\brequest exceeded limit\b/i;
/** Refusals by the edge or a gateway: the call was not looked at. */
const EDGE_STATUS: ReadonlySet<number> = new Set([400, 403, 404]);

type Seen = Omit<Refusal, 'call' | 'until'>;
type Row = { name: string; holds: (seen: Seen) => boolean; kind: (seen: Seen) => OperatingErrorKind };
/** Nobody knows whether it took effect. */
const unsure = ({ safe }: Seen): OperatingErrorKind => (safe ? 'transient' : 'ambiguous');

/** What an answer means: the first row that holds decides. */
export const ORDER: readonly Row[] = [
  {
    name: 'a limit, by status or in the words of the error',
    holds: isLimited,
    kind: (seen) => (!seen.safe && seen.status >= 500 ? 'ambiguous' : 'rate_limited'),
  },
  { name: 'any other 5xx', holds: ({ status }) => status >= 500, kind: unsure },
  {
    name: 'a page or a gateway in place of an answer',
    holds: ({ status, error, json }) => EDGE_STATUS.has(status) && (!json || error?.own === false),
    kind: () => 'transient',
  },
  {
    name: 'anything else that is not of the API',
    holds: ({ status, error }) => (error === undefined || !error.own) && status !== 401,
    kind: unsure,
  },
  {
    name: 'the code, then the status',
    holds: () => true,
    kind: (seen) => {
      const { status, error } = seen;
      if (status === 408) return unsure(seen);
      return KIND_OF_CODE.get(error?.code ?? '') ?? KIND_OF_STATUS.get(status) ?? 'rejected';
    },
  },
];

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
    until: isLimited({ status, error }) ? until : undefined,
  });
}

/** A write that may have worked all the same waits as long. */
function isLimited({ status, error }: Pick<Seen, 'status' | 'error'>): boolean {
  return status === 429 || LIMIT.test(error?.message ?? '');
}

/** No access, no such feature in the plan: of a whole kind, by errno or by the status of an accounting error. */
const NOT_PERMITTED_CODES: ReadonlySet<string> = new Set(['1003', '12001', '41001', '31001', '41101']);

function isNotPermitted(status: number, error: WireError | undefined): boolean {
  if (!error?.own) return false;
  return NOT_PERMITTED_CODES.has(error.code) || (status === 403 && /^\d+$/.test(error.code));
}

export function toKind(seen: Seen): OperatingErrorKind {
  return ORDER.find(({ holds }) => holds(seen))?.kind(seen) ?? unsure(seen);
}
