/** What was signed, by its own knowledge: nothing of the connector, which is what is judged by it. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Pair = readonly [key: string, value: string];

/** One delivery on its way to the door. */
export type Sent = { path: string; body: Buffer; headers: Record<string, string> };

/** A callback as the source knows it. */
export type Callback = { path: string; verifier: string; account: string; topic: string };

/** What FreshBooks sent: `form` is what was signed. */
export type Signed = { callback: Callback; pairs: readonly Pair[]; form: string; sent: Sent };

const FORM_TYPE = 'application/x-www-form-urlencoded';
export const SIGNATURE = 'x-freshbooks-hmac-sha256';

/** One string as Python's json.dumps writes it: JSON.stringify, then ASCII by code unit. */
function pythonText(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16);
    return `\\u${code.padStart(4, '0')}`;
  });
}

/** Of a key that is repeated the first value counts: that is what a dict made of werkzeug's form holds. */
function toForm(pairs: Iterable<Pair>): string {
  const first: Pair[] = [];
  for (const pair of pairs) if (!first.some(([key]) => key === pair[0])) first.push(pair);
  return `{${first.map(([key, value]) => `${pythonText(key)}: ${pythonText(value)}`).join(', ')}}`;
}

export function sign(form: string, verifier: string): string {
  return createHmac('sha256', Buffer.from(verifier)).update(form, 'utf8').digest('base64');
}

/** A part of a form by the URL standard, byte by byte. */
function decodePart(bytes: Buffer): string {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    const hex = bytes.subarray(at + 1, at + 3).toString('latin1');
    if (byte === 0x2b) out.push(0x20);
    else if (byte === 0x25 && /^[\da-f]{2}$/i.test(hex)) {
      out.push(Number.parseInt(hex, 16));
      at += 2;
    } else out.push(byte);
  }
  return Buffer.from(out).toString('utf8');
}

function decodeForm(body: Buffer): Pair[] {
  const pairs: Pair[] = [];
  for (let from = 0; from <= body.length; ) {
    const end = body.indexOf(0x26, from);
    const part = body.subarray(from, end === -1 ? body.length : end);
    from = end === -1 ? body.length + 1 : end + 1;
    if (part.length === 0) continue;
    const equals = part.indexOf(0x3d);
    const [key, value] =
      equals === -1 ? [part, Buffer.alloc(0)] : [part.subarray(0, equals), part.subarray(equals + 1)];
    pairs.push([decodePart(key), decodePart(value)]);
  }
  return pairs;
}

export function encodeForm(pairs: Iterable<Pair>): Buffer {
  const text = Array.from(pairs, ([key, value]) => `${encode(key)}=${encode(value)}`).join('&');
  return Buffer.from(text);
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+');
}

export function signDelivery(callback: Callback, pairs: readonly Pair[]): Signed {
  const form = toForm(pairs);
  const headers = { 'content-type': FORM_TYPE, [SIGNATURE]: sign(form, callback.verifier) };
  return { callback, pairs, form, sent: { path: callback.path, body: encodeForm(pairs), headers } };
}

/** By path and signature, as a sender's books would have it. */
export class Books {
  readonly #signed = new Map<string, Signed>();

  constructor(all: Iterable<Signed>) {
    for (const one of all) this.#signed.set(`${one.sent.path}\n${one.sent.headers[SIGNATURE]}`, one);
  }

  /** The signed delivery that this one is: same path, same signature, same decoded form, its callback's own account. */
  find({ path, body, headers }: Sent): Signed | undefined {
    const signed = this.#signed.get(`${path}\n${headers[SIGNATURE] ?? ''}`);
    if (signed === undefined) return undefined;
    const pairs = decodeForm(body);
    const account = pairs.find(([key]) => key === 'account_id')?.[1];
    return toForm(pairs) === signed.form && account === signed.callback.account ? signed : undefined;
  }
}

/** The oracle itself must agree with the vectors made with Python, or nothing that it says counts. */
export function assertOracle(vectorsFile: string): number {
  const { vectors } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as {
    vectors: { verifier: string; body: string; message: string; signature: string }[];
  };
  for (const { verifier, body, message, signature } of vectors) {
    const form = toForm(decodeForm(Buffer.from(body)));
    if (form !== message || sign(form, verifier) !== signature)
      throw new Error(`the oracle is wrong: ${body}`);
  }
  return vectors.length;
}
