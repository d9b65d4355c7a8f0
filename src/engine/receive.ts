/** The webhook door: known path, right form, good signature, durable, then 200; nothing else happens here. */
import type { WebhookMessage } from '../core/ports.ts';
import { offerVerifier } from '../store/callbacks.ts';
import { sqlRunner } from '../store/db.ts';
import { createDoors, type Door } from './doors.ts';
import { createGroupCommit } from './intake.ts';
import type { EngineParts } from './parts.ts';
import { createRefusals, keptHeaders, type Receipt, type RefusalCause, type TooMany } from './refusals.ts';

export interface Receiver {
  /**
   * `headers` in lower case. Resolves only after what was accepted is durable. `tooMany` decides what a refused
   * delivery is answered and whether it is kept, never whether one is refused.
   */
  receive(
    path: string,
    rawBody: Uint8Array,
    headers: Record<string, string>,
    tooMany?: TooMany,
  ): Promise<Receipt>;
  /** For what the HTTP server turned away before its body could be read. */
  refuse(
    path: string,
    cause: RefusalCause,
    headers: Record<string, string>,
    tooMany?: TooMany,
  ): Promise<Receipt>;
}

export function createReceiver(parts: EngineParts): Receiver {
  const store = createGroupCommit(parts);
  const doors = createDoors(parts);
  const refuse = createRefusals(parts);

  async function accept(
    door: Door,
    message: WebhookMessage,
    rawBody: Uint8Array,
    headers: Record<string, string>,
  ): Promise<void> {
    if (message.type !== 'event') return;
    await store({
      connectionId: door.callback.connectionId,
      kind: message.kind,
      sourceId: message.sourceId,
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
    refuse: async (path, cause, headers, tooMany) =>
      refuse({ cause, door: await doors.find(path), headers, tooMany }),
    async receive(path, rawBody, headers, tooMany) {
      const door = await doors.find(path);
      const refused = (cause: RefusalCause, signed = false) =>
        refuse({ cause, door, headers, body: rawBody, signed, tooMany });
      if (!door) return refused('unknown-path');
      const { webhooks } = door.manifest;
      const signedBy = ({ callback: { verifier } }: Door) =>
        verifier !== undefined && webhooks.verify(rawBody, headers, verifier);
      if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== webhooks.contentType)
        return refused('wrong-type', signedBy(door));
      if (rawBody.byteLength > webhooks.maximumBytes) return refused('too-large');
      const message = webhooks.parse(rawBody);
      if (!message) return refused('unreadable', signedBy(door));
      if (message.type === 'handshake') {
        await keepOffer(door, message);
        return { status: 200, title: 'Handshake received' };
      }
      const trusted = signedBy(door) ? door : await doors.findAnew(path);
      if (trusted?.callback.verifier === undefined) return refused('not-verified-yet');
      if (!signedBy(trusted)) return refused('bad-signature');
      if (message.type === 'event' && trusted.account !== undefined && message.account !== trusted.account)
        return refused('wrong-account', true);
      await accept(trusted, message, rawBody, headers);
      return { status: 200, title: 'Stored' };
    },
  };
}
