/** Keeps our registrations with the source as they should be: registered, verified, or removed. */
import { randomBytes } from 'node:crypto';
import { newId } from '../core/ids.ts';
import {
  adoptVerifier,
  type CallbackRow,
  deleteCallback,
  insertCallback,
  listCallbacks,
  markCallbackVerified,
  setCallbackRemote,
} from '../store/callbacks.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import { whileAlone } from '../store/while-alone.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

/** 192 random bits: nobody finds the path by trying. */
const PATH_BYTES = 24;

/** One process at a time: two that find a callback unregistered would both register it, and only one would be taken back. */
export async function tendCallbacks(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  connectionId: string,
  publicUrl: string,
): Promise<void> {
  await whileAlone(parts.db, `callbacks of ${connectionId}`, () =>
    tendAll(parts, runtime, connectionId, publicUrl),
  );
}

async function tendAll(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  connectionId: string,
  publicUrl: string,
): Promise<void> {
  const open = await runtime.open(connectionId);
  if (open.connection.state === 'paused') return;
  if (!open.connection.webhooksEnabled) return removeCallbacks(parts, open);
  for (const topic of open.source.callbacks.topics) {
    const path = randomBytes(PATH_BYTES).toString('base64url');
    await insertCallback(parts.db, { id: newId(parts.clock.now()), connectionId, topic, path }, nowOf(parts));
  }
  const remote = await open.source.callbacks.list();
  for (const callback of await listCallbacks(parts.db, parts.vault, connectionId)) {
    const url = hookUrl(publicUrl, callback.path);
    const ours = remote.find((other) => other.url === url);
    if (ours) await tend(parts, open, callback, ours);
    else await register(parts, open, callback, url);
  }
}

export function hookUrl(publicUrl: string, path: string): string {
  return `${publicUrl}/hooks/${path}`;
}

async function register(
  parts: EngineParts,
  open: OpenConnection,
  callback: CallbackRow,
  url: string,
): Promise<void> {
  const { remoteId } = await open.source.callbacks.register(callback.topic, url);
  await setCallbackRemote(parts.db, callback.id, remoteId);
  await noteCallback(parts, callback, `callback for ${callback.topic} registered`);
}

/** The handshake may have come before the registration was answered; an offer counts only for the id the source lists. */
async function tend(
  parts: EngineParts,
  open: OpenConnection,
  callback: CallbackRow,
  remote: { remoteId: string; verified: boolean },
): Promise<void> {
  if (callback.remoteId !== remote.remoteId) await setCallbackRemote(parts.db, callback.id, remote.remoteId);
  const offered = callback.offered?.remoteId === remote.remoteId ? callback.offered : undefined;
  if (offered) {
    // Events may follow the confirmation at once, so the verifier is in place before it.
    await adoptVerifier(parts.db, parts.vault, callback.id, offered.verifier);
    await open.source.callbacks.confirm(remote.remoteId, offered.verifier);
    await markCallbackVerified(parts.db, callback.id, nowOf(parts));
    await noteCallback(parts, callback, `callback for ${callback.topic} verified`);
  } else if (!remote.verified || callback.verifier === undefined) {
    await open.source.callbacks.requestHandshake(remote.remoteId);
  }
}

async function removeCallbacks(parts: EngineParts, open: OpenConnection): Promise<void> {
  for (const callback of await listCallbacks(parts.db, parts.vault, open.connection.id)) {
    if (callback.remoteId !== null) await open.source.callbacks.remove(callback.remoteId);
    await deleteCallback(parts.db, callback.id);
    await noteCallback(parts, callback, `callback for ${callback.topic} removed`);
  }
}

async function noteCallback(parts: EngineParts, callback: CallbackRow, summary: string): Promise<void> {
  const { connectionId } = callback;
  await appendTrail(
    parts.db,
    {
      subject: connectionSubject(connectionId),
      connectionId,
      actor: ENGINE_ACTOR,
      entry: 'decision',
      data: { summary, topic: callback.topic },
    },
    nowOf(parts),
  );
}
