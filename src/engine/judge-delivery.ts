/** Whether a delivery is what it claims to be: right form, signed by the callback's own verifier, for its own account. */
import type { WebhookMessage } from '../core/ports.ts';
import type { Door } from './doors.ts';
import type { RefusalCause } from './refusals.ts';

export type Verdict =
  | { ok: true; door: Door; message: WebhookMessage }
  /** `signed`: refused although its signature is good. */
  | { ok: false; door: Door | undefined; cause: RefusalCause; signed: boolean };

/** `headers` in lower case. A handshake bears no signature: its verifier comes with it. */
export function judge(
  door: Door | undefined,
  rawBody: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Verdict {
  if (!door) return { ok: false, door, cause: 'unknown-path', signed: false };
  const { callback, account } = door;
  const { webhooks } = door.manifest;
  const isSigned = () =>
    callback.verifier !== undefined && webhooks.verify(rawBody, headers, callback.verifier);
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== webhooks.contentType)
    return { ok: false, door, cause: 'wrong-type', signed: isSigned() };
  if (rawBody.byteLength > webhooks.maximumBytes)
    return { ok: false, door, cause: 'too-large', signed: false };
  const message = webhooks.parse(rawBody);
  if (!message) return { ok: false, door, cause: 'unreadable', signed: isSigned() };
  if (message.type === 'handshake') return { ok: true, door, message };
  if (callback.verifier === undefined) return { ok: false, door, cause: 'not-verified-yet', signed: false };
  if (!isSigned()) return { ok: false, door, cause: 'bad-signature', signed: false };
  if (message.type === 'event' && account !== undefined && message.account !== account)
    return { ok: false, door, cause: 'wrong-account', signed: true };
  return { ok: true, door, message };
}
