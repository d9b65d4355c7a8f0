/** The webhook door: known path, right form, good signature, durable, then 200; nothing else happens here. */
import type { WebhookMessage } from '../core/ports.ts';
import { offerVerifier } from '../store/callbacks.ts';
import { sqlRunner } from '../store/db.ts';
import { createDoors, type Door } from './doors.ts';
import { createGroupCommit } from './intake.ts';
import { judge } from './judge-delivery.ts';
import type { EngineParts } from './parts.ts';
import { createRefusals, keptHeaders, type Receipt, type RefusalCause } from './refusals.ts';
import { createToldOften } from './told-often.ts';

export interface Receiver {
  /**
   * `headers` in lower case. Resolves only after what was accepted is durable. The caller's `address`
   * bears on what a refused delivery is answered and whether it is kept, never on whether one is refused.
   */
  receive(
    path: string,
    rawBody: Uint8Array,
    headers: Record<string, string>,
    address?: string,
  ): Promise<Receipt>;
  /** For what the HTTP server turned away before its body could be read. */
  refuse(
    path: string,
    cause: RefusalCause,
    headers: Record<string, string>,
    address?: string,
  ): Promise<Receipt>;
}

export function createReceiver(parts: EngineParts): Receiver {
  const store = createGroupCommit(parts);
  const doors = createDoors(parts);
  const refuse = createRefusals(parts);
  const dueAt = createToldOften(parts.clock);

  async function accept(
    door: Door,
    message: WebhookMessage,
    rawBody: Uint8Array,
    headers: Record<string, string>,
  ): Promise<void> {
    if (message.type !== 'event') return;
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
      headers: keptHeaders(headers),
    });
  }

  async function keepOffer(door: Door, offer: { remoteId: string; verifier: string }): Promise<void> {
    await parts.db.transaction().execute(async (tx) => {
      await offerVerifier(tx, parts.vault, door.callback.id, offer);
      await parts.queue.wake('callbacks', [{ key: door.callback.connectionId }], sqlRunner(tx));
    });
  }

  return {
    refuse: async (path, cause, headers, address) =>
      refuse({ cause, door: await doors.find(path), headers, address }),
    async receive(path, rawBody, headers, address) {
      let verdict = judge(await doors.find(path), rawBody, headers);
      // Another process may have learned a verifier just now.
      if (!verdict.ok && (verdict.cause === 'bad-signature' || verdict.cause === 'not-verified-yet'))
        verdict = judge(await doors.findAnew(path), rawBody, headers);
      if (!verdict.ok) return refuse({ ...verdict, headers, body: rawBody, address });
      const { message } = verdict;
      if (message.type === 'handshake') {
        await keepOffer(verdict.door, message);
        return { status: 200, title: 'Handshake received' };
      }
      await accept(verdict.door, message, rawBody, headers);
      return { status: 200, title: 'Stored' };
    },
  };
}
