/** Reads FreshBooks' form-encoded deliveries and checks their signature. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DocumentKind } from '../../core/canonical.ts';
import type { WebhookFormat, WebhookMessage } from '../../core/ports.ts';

const SIGNATURE_HEADER = 'x-freshbooks-hmac-sha256';
const MAXIMUM_BYTES = 64 * 1024;

const KIND_OF_NOUN: ReadonlyMap<string, DocumentKind> = new Map([
  ['client', 'client'],
  ['invoice', 'invoice'],
  ['payment', 'payment'],
  ['credit_note', 'credit'],
]);
const VERBS: ReadonlySet<string> = new Set(['create', 'update', 'delete']);

/** A Map keeps the received order of integer-like keys, which a JS object would sort to the front. */
type Form = ReadonlyMap<string, string>;

/**
 * Of a repeated key the first value counts, at its first place: that is what Python's `json.dumps(request.form)`
 * sees in werkzeug's MultiDict. The same Form is signed and read, so an appended repetition changes nothing.
 */
function parseForm(rawBody: Uint8Array): Form {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(rawBody);
  const form = new Map<string, string>();
  // The leading "&" is an empty pair; without it URLSearchParams would eat a leading "?" of the first key.
  for (const [key, value] of new URLSearchParams(`&${text}`)) {
    if (!form.has(key)) form.set(key, value);
  }
  return form;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);

/** One string as Python's json.dumps writes it: everything outside space...~ as \uXXXX, "/" untouched. */
function toPythonString(text: string): string {
  let escaped = '';
  for (let index = 0; index < text.length; index++) {
    const unit = text.charAt(index);
    const code = text.charCodeAt(index);
    const plain = code >= 0x20 && code <= 0x7e;
    escaped += SHORT_ESCAPES.get(unit) ?? (plain ? unit : `\\u${code.toString(16).padStart(4, '0')}`);
  }
  return `"${escaped}"`;
}

/** Python's `json.dumps` of a dict of strings, with its separators ", " and ": ". */
function toPythonJson(pairs: Iterable<readonly [string, string]>): string {
  const members = Array.from(pairs, ([key, value]) => `${toPythonString(key)}: ${toPythonString(value)}`);
  return `{${members.join(', ')}}`;
}

/** The signature of a delivery body: base64 of HMAC-SHA256, keyed with the verifier's own UTF-8 bytes. */
export function signBody(rawBody: Uint8Array, verifier: string): string {
  // A string is taken as UTF-8 and costs an eighth of what a Buffer costs here.
  return createHmac('sha256', verifier)
    .update(toPythonJson(parseForm(rawBody)), 'utf8')
    .digest('base64');
}

function verify(rawBody: Uint8Array, headers: Readonly<Record<string, string>>, verifier: string): boolean {
  const given = headers[SIGNATURE_HEADER];
  if (!given || verifier === '' || rawBody.byteLength > MAXIMUM_BYTES) return false;
  const expected = Buffer.from(signBody(rawBody, verifier), 'utf8');
  const received = Buffer.from(given, 'utf8');
  return received.length === expected.length && timingSafeEqual(received, expected);
}

function parse(rawBody: Uint8Array): WebhookMessage | undefined {
  if (rawBody.byteLength > MAXIMUM_BYTES) return undefined;
  const form = parseForm(rawBody);
  const topic = form.get('name');
  if (!topic) return undefined;
  if (topic === 'callback.verify') return toHandshake(form);
  const [noun = '', verb = '', ...rest] = topic.split('.');
  const kind = KIND_OF_NOUN.get(noun);
  if (!kind || !VERBS.has(verb) || rest.length > 0) return { type: 'other', topic };
  const sourceId = toNumericId(form.get('object_id'));
  const account = form.get('account_id');
  return sourceId && account ? { type: 'event', topic, kind, sourceId, account } : undefined;
}

/** A handshake's `object_id` is the callback's own id. */
function toHandshake(form: Form): WebhookMessage | undefined {
  const remoteId = toNumericId(form.get('object_id'));
  const verifier = form.get('verifier');
  return remoteId && verifier ? { type: 'handshake', remoteId, verifier } : undefined;
}

/** Ids are integers everywhere; anything else could only aim at our request paths. */
function toNumericId(value: string | undefined): string | undefined {
  return value !== undefined && /^\d{1,20}$/.test(value) ? value : undefined;
}

export const webhooks: WebhookFormat = {
  contentType: 'application/x-www-form-urlencoded',
  maximumBytes: MAXIMUM_BYTES,
  signatureHeader: SIGNATURE_HEADER,
  secretFields: ['verifier'],
  parse,
  verify,
};
