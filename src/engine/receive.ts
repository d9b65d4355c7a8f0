/** The webhook door: known path, right form, good signature, durable, then 200; nothing else happens here. */
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../core/ids.ts';
import type { SourceManifest, WebhookMessage } from '../core/ports.ts';
import type { KnownSecrets } from '../platform/known-secrets.ts';
import { freeDeep, redactBody, redactHeaders } from '../platform/redact.ts';
import { keepOffer, listOffers, type Offered } from '../store/callback-offers.ts';
import { type CallbackRow, findCallbackByPath } from '../store/callbacks.ts';
import { findConnection } from '../store/connections.ts';
import { sqlRunner } from '../store/db.ts';
import { recordRejection } from '../store/rejections.ts';
import { isTurnTaken } from '../store/while-alone.ts';
import { HANDSHAKE_WINDOW_MS } from './callbacks.ts';
import { sourceManifest } from './connection-runtime.ts';
import { createGroupCommit } from './intake.ts';
import { type EngineParts, nowOf } from './parts.ts';

export type Receipt = { status: 200 | 401 | 404 | 413 | 415 | 400 | 503; title: string };

export interface Receiver {
  /** `headers` in lower case. Resolves only after what was accepted is durable. */
  receive(path: string, rawBody: Uint8Array, headers: Record<string, string>): Promise<Receipt>;
  /** For what the HTTP server turned away before its body could be read. */
  refuse(path: string, cause: RefusalCause, headers: Record<string, string>): Promise<Receipt>;
}

export type RefusalCause =
  | 'unknown-path'
  | 'wrong-type'
  | 'too-large'
  | 'unreadable'
  | 'not-asked'
  | 'too-many-offers'
  | 'being-verified'
  | 'not-verified-yet'
  | 'bad-signature'
  | 'wrong-account';

const REFUSALS: Record<RefusalCause, Receipt> = {
  'unknown-path': { status: 404, title: 'No such callback' },
  'wrong-type': { status: 415, title: 'Unexpected content type' },
  'too-large': { status: 413, title: 'Body too large' },
  unreadable: { status: 400, title: 'Body cannot be read' },
  'not-asked': { status: 401, title: 'No handshake was asked for' },
  'too-many-offers': { status: 503, title: 'Too many handshakes at once' },
  'being-verified': { status: 503, title: 'This callback is being verified' },
  'not-verified-yet': { status: 401, title: 'This callback has not been verified yet' },
  'bad-signature': { status: 401, title: 'Signature does not match' },
  'wrong-account': { status: 401, title: 'This delivery is for another account' },
};

type Door = { callback: CallbackRow; manifest: SourceManifest; account: string | undefined };

/** How long a process trusts its copy of a callback's verifier; a mismatch asks the database at once. */
const TRUST_MS = 10_000;

/** The source may send a first event before its confirmation is recorded here; so long such a one waits for it. */
const CONFIRMATION_LOOKS = 30;
const CONFIRMATION_LOOK_MS = 100;
const MOST_WAITING = 50;

/** Byte for byte otherwise: what was refused for its encoding must still show it. */
function withoutSecrets(
  body: Uint8Array,
  { secretFields = [] }: { secretFields?: readonly string[] },
  known: KnownSecrets,
): Uint8Array {
  const named = redactBody(Buffer.from(body).toString('latin1'), secretFields) ?? '';
  return Buffer.from(known.redact(named), 'latin1');
}

export function createReceiver(parts: EngineParts): Receiver {
  const store = createGroupCommit(parts);
  const doors = new Map<string, { door: Door; until: number }>();

  async function openDoor(path: string, fresh: boolean): Promise<Door | undefined> {
    const cached = doors.get(path);
    if (cached && !fresh && cached.until > parts.clock.now()) return cached.door;
    doors.delete(path);
    const callback = await findCallbackByPath(parts.db, parts.vault, path);
    const connection = callback && (await findConnection(parts.db, callback.connectionId));
    if (!callback || !connection) return undefined;
    const manifest = sourceManifest(parts.registry, connection.source);
    const door = { callback, manifest, account: connection.settings.source['accountId'] };
    doors.set(path, { door, until: parts.clock.now() + TRUST_MS });
    return door;
  }

  async function refuse(
    door: Door | undefined,
    cause: RefusalCause,
    headers: Record<string, string>,
    body?: Uint8Array,
  ): Promise<Receipt> {
    const receipt = REFUSALS[cause];
    parts.metrics.deliveriesRefused.inc({ cause });
    parts.log.warn({ cause, connectionId: door?.callback.connectionId }, 'webhook delivery refused');
    const id = newId(parts.clock.now());
    const connectionId = door?.callback.connectionId;
    await recordRejection(
      parts.db,
      // A stranger's body is not kept: it would let anybody fill the table with anything.
      {
        id,
        connectionId,
        cause,
        status: receipt.status,
        headers: freeDeep(redactHeaders(headers), parts.vault.known),
        body: door && body ? withoutSecrets(body, door.manifest.webhooks, parts.vault.known) : undefined,
      },
      nowOf(parts),
    );
    return receipt;
  }

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
      raw: rawBody,
      headers: freeDeep(redactHeaders(headers), parts.vault.known),
    });
  }

  /** Unsigned, so it checks nothing and changes nothing: it waits to be confirmed with the source, or is refused. */
  async function takeHandshake(
    path: string,
    offered: Offered,
    headers: Record<string, string>,
  ): Promise<Receipt> {
    const door = await openDoor(path, true);
    if (!door) return refuse(undefined, 'unknown-path', headers);
    const { id: callbackId, connectionId, verifier, remoteId } = door.callback;
    const now = nowOf(parts);
    const outcome = await parts.db.transaction().execute(async (tx) => {
      const offer = {
        id: newId(parts.clock.now()),
        now,
        askedAfter: new Date(now.getTime() - HANDSHAKE_WINDOW_MS),
      };
      const kept = await keepOffer(tx, parts.vault, callbackId, offered, offer);
      if (kept === 'kept') await parts.queue.wake('callbacks', [{ key: connectionId }], sqlRunner(tx));
      return kept;
    });
    const received: Receipt = { status: 200, title: 'Handshake received' };
    if (outcome === 'kept' || outcome === 'known') return received;
    // A late repetition of the one that was confirmed tells nothing new, and is no fault of the sender's.
    if (verifier === offered.verifier && remoteId === offered.remoteId) return received;
    return refuse(door, outcome, headers);
  }

  let waiting = 0;

  /**
   * What a pending offer signs is neither taken nor refused before that offer is: the door as it is then, or undefined
   * where nobody knows yet and nobody is about to find out.
   */
  async function awaitConfirmation(
    path: string,
    door: Door,
    signs: (verifier: string) => boolean,
  ): Promise<Door | undefined> {
    const { askedAt, connectionId, id } = door.callback;
    if (!askedAt) return door;
    for (let look = 0; look < CONFIRMATION_LOOKS; look += 1) {
      const isTended = await isTurnTaken(parts.db, `callbacks of ${connectionId}`);
      const offers = await listOffers(parts.db, parts.vault, id);
      const isPending = offers.some(({ refused, verifier }) => !refused && signs(verifier));
      if (!isPending) return (await openDoor(path, true)) ?? door;
      if (!isTended || waiting >= MOST_WAITING) return undefined;
      waiting += 1;
      await sleep(CONFIRMATION_LOOK_MS).finally(() => (waiting -= 1));
    }
    return undefined;
  }

  return {
    refuse: async (path, cause, headers) => refuse(await openDoor(path, false), cause, headers),
    async receive(path, rawBody, headers) {
      const door = await openDoor(path, false);
      if (!door) return refuse(undefined, 'unknown-path', headers);
      const { webhooks } = door.manifest;
      if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== webhooks.contentType) {
        return refuse(door, 'wrong-type', headers, rawBody);
      }
      if (rawBody.byteLength > webhooks.maximumBytes) return refuse(door, 'too-large', headers);
      const message = webhooks.parse(rawBody);
      if (!message) return refuse(door, 'unreadable', headers, rawBody);
      if (message.type === 'handshake') return takeHandshake(path, message, headers);
      const signs = (verifier: string) => webhooks.verify(rawBody, headers, verifier);
      const signedBy = ({ callback: { verifier } }: Door) => verifier !== undefined && signs(verifier);
      let trusted = signedBy(door) ? door : await openDoor(path, true);
      if (trusted && !signedBy(trusted)) {
        trusted = await awaitConfirmation(path, trusted, signs);
        if (!trusted) return refuse(door, 'being-verified', headers);
      }
      if (!trusted || trusted.callback.verifier === undefined)
        return refuse(door, 'not-verified-yet', headers, rawBody);
      if (!signedBy(trusted)) return refuse(door, 'bad-signature', headers, rawBody);
      if (message.type === 'event' && trusted.account !== undefined && message.account !== trusted.account) {
        return refuse(door, 'wrong-account', headers, rawBody);
      }
      await accept(trusted, message, rawBody, headers);
      return { status: 200, title: 'Stored' };
    },
  };
}
