/** The deliveries of the books: JSON, signed with HMAC-SHA256 over the raw bytes. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DOCUMENT_KINDS } from '../../core/canonical.ts';
import type { WebhookFormat, WebhookMessage } from '../../core/ports.ts';

export const SIGNATURE_HEADER = 'x-example-signature';

export function sign(rawBody: Uint8Array, verifier: string): string {
  return createHmac('sha256', verifier).update(rawBody).digest('hex');
}

function parse(rawBody: Uint8Array): WebhookMessage | undefined {
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody));
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const member = (name: string) => {
    const value: unknown = Reflect.get(body, name);
    return typeof value === 'string' ? value : undefined;
  };
  const [callback, verifier] = [member('callback'), member('verifier')];
  if (callback !== undefined && verifier !== undefined) {
    return { type: 'handshake', remoteId: callback, verifier };
  }
  const [topic, sourceId, account] = [member('topic'), member('id'), member('account')];
  if (topic === undefined) return undefined;
  const kind = DOCUMENT_KINDS.find((known) => topic === `${known}.changed`);
  if (kind === undefined) return { type: 'other', topic };
  if (sourceId === undefined || account === undefined) return undefined;
  return { type: 'event', topic, kind, sourceId, account };
}

export const webhookFormat: WebhookFormat = {
  contentType: 'application/json',
  maximumBytes: 4096,
  signatureHeader: SIGNATURE_HEADER,
  parse,
  verify(rawBody, headers, verifier) {
    const given = Buffer.from(headers[SIGNATURE_HEADER] ?? '');
    const expected = Buffer.from(sign(rawBody, verifier));
    return verifier !== '' && given.length === expected.length && timingSafeEqual(given, expected);
  },
};
