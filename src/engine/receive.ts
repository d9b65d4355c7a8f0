/** The webhook door: known path, right form, good signature, durable, then 200; nothing else happens here. */
import type { WebhookMessage } from '../core/ports.ts';
import { createDoors, type Door } from './doors.ts';
import { createHandshakes } from './handshakes.ts';
import { createGroupCommit } from './intake.ts';
import { judge, type Verdict } from './judge-delivery.ts';
import type { EngineParts } from './parts.ts';
import { createRefusals, keptHeaders, type Receipt, type RefusalCause } from './refusals.ts';
import { createToldOften } from './told-often.ts';

type Headers = Record<string, string>;

export interface Receiver {
  /**
   * `headers` in lower case. Resolves only after what was accepted is durable. The caller's `address`
   * bears on what a refused delivery is answered and whether it is kept, never on whether one is refused.
   */
  receive(path: string, rawBody: Uint8Array, headers: Headers, address?: string): Promise<Receipt>;
  /** For what the HTTP server turned away before its body could be read. */
  refuse(path: string, cause: RefusalCause, headers: Headers, address?: string): Promise<Receipt>;
}

const isUnsigned = (verdict: Verdict) =>
  !verdict.ok && (verdict.cause === 'bad-signature' || verdict.cause === 'not-verified-yet');

export function createReceiver(parts: EngineParts): Receiver {
  const store = createGroupCommit(parts);
  const doors = createDoors(parts);
  const handshakes = createHandshakes(parts, doors);
  const refuse = createRefusals(parts);
  const dueAt = createToldOften(parts.clock);

  /** What no verifier known here has signed is judged once more: another process may have learned one just now. */
  async function judgeNow(path: string, rawBody: Uint8Array, headers: Headers): Promise<Verdict> {
    const first = judge(await doors.find(path), rawBody, headers);
    if (!isUnsigned(first)) return first;
    const verdict = judge(await doors.findAnew(path), rawBody, headers);
    const { door } = verdict;
    if (!isUnsigned(verdict) || !door) return verdict;
    const signs = (verifier: string) => door.manifest.webhooks.verify(rawBody, headers, verifier);
    const confirmed = await handshakes.awaitConfirmation(path, door, signs);
    if (confirmed) return judge(confirmed, rawBody, headers);
    // Its signature may turn out to be good.
    return { ok: false, door, cause: 'being-verified', signed: true };
  }

  async function accept(
    door: Door,
    message: WebhookMessage & { type: 'event' },
    rawBody: Uint8Array,
    headers: Headers,
  ): Promise<void> {
    const { kind, sourceId } = message;
    const { connectionId } = door.callback;
    await store({
      connectionId,
      kind,
      sourceId,
      dueAt: dueAt(`${connectionId} ${kind} ${sourceId}`),
      origin: 'webhook',
      topic: message.topic,
      signature: headers[door.manifest.webhooks.signatureHeader],
      raw: rawBody,
      headers: keptHeaders(headers, parts.vault.known),
    });
  }

  return {
    refuse: async (path, cause, headers, address) =>
      refuse({ cause, door: await doors.find(path), headers, address }),
    async receive(path, rawBody, headers, address) {
      const verdict = await judgeNow(path, rawBody, headers);
      if (!verdict.ok) return refuse({ ...verdict, headers, body: rawBody, address });
      const { message } = verdict;
      if (message.type === 'event') await accept(verdict.door, message, rawBody, headers);
      if (message.type !== 'handshake') return { status: 200, title: 'Stored' };
      const door = await doors.findAnew(path);
      const outcome = door ? await handshakes.take(door, message) : 'unknown-path';
      if (outcome !== 'received') return refuse({ cause: outcome, door, headers, address });
      return { status: 200, title: 'Handshake received' };
    },
  };
}
