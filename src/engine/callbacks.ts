/** Keeps our registrations with the source as they should be: registered, verified, replaced, or removed. */
import { randomBytes } from 'node:crypto';
import { OperatingError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Callback } from '../core/ports.ts';
import {
  closeHandshakeWindow,
  listOffers,
  MOST_OFFERS,
  openHandshakeWindow,
  refuseOffer,
} from '../store/callback-offers.ts';
import {
  type CallbackRow,
  deleteCallback,
  insertCallback,
  isReplacing,
  listCallbacks,
  markVerified,
  replaceCallbacks,
  setCallbackRemote,
} from '../store/callbacks.ts';
import type { Db } from '../store/db.ts';
import { appendTrail, connectionSubject } from '../store/trail.ts';
import { closeNotices } from '../store/upgrade-notices.ts';
import { whileAlone } from '../store/while-alone.ts';
import { between, REGISTRATION_STEP, reach } from './checkpoints.ts';
import type { ConnectionRuntime, OpenConnection } from './connection-runtime.ts';
import { ENGINE_ACTOR, type EngineParts, nowOf } from './parts.ts';

/** 192 random bits: nobody finds the path by trying. */
const PATH_BYTES = 24;
/** So long after we have asked a handshake is taken in. */
export const HANDSHAKE_WINDOW_MS = 10 * 60_000;
/** And so long it is waited for before it is asked for again. */
const ASK_AGAIN_MS = 60_000;
/** A path that was replaced is served for so long, for deliveries that were on their way. */
const OLD_SERVED_MS = 60_000;

const PATHS_NOTICE = 'callback-paths';

type Tending = { parts: EngineParts; open: OpenConnection; publicUrl: string; remote: readonly Callback[] };

/** One process at a time: two that find a callback unregistered would both register it, and only one would be taken back. */
export async function tendCallbacks(
  parts: EngineParts,
  runtime: ConnectionRuntime,
  connectionId: string,
  publicUrl: string,
): Promise<void> {
  await whileAlone(parts.db, `callbacks of ${connectionId}`, async () => {
    const open = await runtime.open(connectionId);
    if (open.connection.state === 'paused') return;
    const wanted = open.connection.webhooksEnabled;
    const list = () => listCallbacks(parts.db, parts.vault, connectionId);
    if (wanted) await layCallbacks(parts, open);
    else if ((await list()).length === 0) return;
    const tending = { parts, open, publicUrl, remote: await open.source.callbacks.list() };
    for (const callback of await list()) if (wanted && callback.role !== 'old') await tend(tending, callback);
    for (const callback of await list())
      if (!wanted || callback.role === 'old') await takeBack(tending, callback);
  });
}

export function hookUrl(publicUrl: string, path: string): string {
  return `${publicUrl}/hooks/${path}`;
}

/** One for each topic, and beside it one that takes its place where it is to be replaced. */
async function layCallbacks(parts: EngineParts, open: OpenConnection): Promise<void> {
  const connectionId = open.connection.id;
  const rows = await listCallbacks(parts.db, parts.vault, connectionId);
  for (const topic of open.source.callbacks.topics) {
    const current = rows.find((row) => row.topic === topic && row.role === 'current');
    const next = rows.find((row) => row.topic === topic && row.role === 'next');
    if (!current) await layCallback(parts, connectionId, topic, 'current');
    else if (current.replaceAt && !next) await layCallback(parts, connectionId, topic, 'next');
  }
}

async function layCallback(
  parts: EngineParts,
  connectionId: string,
  topic: string,
  role: 'current' | 'next',
) {
  const path = randomBytes(PATH_BYTES).toString('base64url');
  const callback = { id: newId(parts.clock.now()), connectionId, topic, role, path };
  await between(parts, REGISTRATION_STEP, () =>
    insertCallback(parts.db, parts.vault, callback, nowOf(parts)),
  );
}

async function tend(tending: Tending, callback: CallbackRow): Promise<void> {
  const { parts, open, publicUrl, remote } = tending;
  // Its successor is on its way; until that is verified this one only serves.
  if (callback.role === 'current' && callback.replaceAt) return;
  const url = hookUrl(publicUrl, callback.path);
  const ours = remote.find((other) => other.url === url);
  if (!ours) return register(tending, callback, url);
  if (callback.remoteId !== ours.remoteId) await setCallbackRemote(parts.db, callback.id, ours.remoteId);
  const offers = await listOffers(parts.db, parts.vault, callback.id);
  const isWaiting = callback.askedAt && parts.clock.now() - callback.askedAt.getTime() < ASK_AGAIN_MS;
  if (ours.verified) {
    const isKnown = offers.every(({ refused, verifier }) => refused || verifier === callback.verifier);
    if (callback.verifier !== undefined && isKnown) return closeWindow(parts, callback);
    // Confirmed, and that was not recorded. Asking once more proves nothing: to one that is verified the source may
    // say yes whatever it is told. So it is asked on a path of its own, where only the right one makes it verified.
    return isWaiting ? undefined : replace(tending, callback);
  }
  for (const offer of offers) {
    if (offer.refused) continue;
    if (offer.remoteId === ours.remoteId && (await isConfirmed(open, offer)))
      return verified(parts, callback, offer.verifier);
    await between(parts, REGISTRATION_STEP, () => refuseOffer(parts.db, offer.id));
  }
  if (isWaiting) return;
  // So many wrong ones on a secret path: somebody else knows it. The genuine one is heard on a fresh path.
  if (offers.length >= MOST_OFFERS) return replace(tending, callback);
  await ask(parts, callback, ours.remoteId);
  await open.source.callbacks.requestHandshake(ours.remoteId);
}

/** The handshake may come before the answer does, so the window is open before either. */
async function register({ parts, open }: Tending, callback: CallbackRow, url: string): Promise<void> {
  await ask(parts, callback, null);
  const { remoteId } = await open.source.callbacks.register(callback.topic, url);
  await commit(parts, async (tx) => {
    await setCallbackRemote(tx, callback.id, remoteId);
    await noteCallback(parts, tx, callback, `callback for ${callback.topic} registered`);
  });
}

async function ask(parts: EngineParts, callback: CallbackRow, remoteId: string | null): Promise<void> {
  await commit(parts, (tx) => openHandshakeWindow(tx, callback.id, { remoteId, now: nowOf(parts) }));
}

async function closeWindow(parts: EngineParts, callback: CallbackRow): Promise<void> {
  if (callback.askedAt) await commit(parts, (tx) => closeHandshakeWindow(tx, callback.id));
}

/** Any other failure than a refusal tells nothing of the offer: it is tried again. */
async function isConfirmed({ source }: OpenConnection, offer: { remoteId: string; verifier: string }) {
  try {
    await source.callbacks.confirm(offer.remoteId, offer.verifier);
    return true;
  } catch (error) {
    if (error instanceof OperatingError && error.kind === 'rejected') return false;
    throw error;
  }
}

async function verified(parts: EngineParts, callback: CallbackRow, verifier: string): Promise<void> {
  const { connectionId, topic } = callback;
  await commit(parts, async (tx) => {
    await markVerified(tx, parts.vault, callback, verifier, nowOf(parts));
    const how = callback.role === 'next' ? 'verified on its new path' : 'verified';
    await noteCallback(parts, tx, callback, `callback for ${topic} ${how}`);
    await closePathsNotice(parts, tx, connectionId);
  });
}

async function closePathsNotice(parts: EngineParts, tx: Db, connectionId: string): Promise<void> {
  if (await isReplacing(tx, connectionId)) return;
  const done = { code: PATHS_NOTICE, subject: connectionId, doneBy: ENGINE_ACTOR, now: nowOf(parts) };
  await closeNotices(tx, done);
}

async function replace({ parts, open, publicUrl, remote }: Tending, callback: CallbackRow): Promise<void> {
  const { connectionId, topic } = callback;
  await commit(parts, async (tx) => {
    await replaceCallbacks(tx, { connectionId, topic }, nowOf(parts));
    await noteCallback(
      parts,
      tx,
      callback,
      `callback for ${topic} gets a new path: this one could not be verified`,
    );
  });
  await layCallback(parts, connectionId, topic, 'next');
  const rows = await listCallbacks(parts.db, parts.vault, connectionId);
  const next = rows.find((row) => row.topic === topic && row.role === 'next');
  if (next) await register({ parts, open, publicUrl, remote }, next, hookUrl(publicUrl, next.path));
}

/** At the source at once; here when nothing can be on its way any more. */
async function takeBack({ parts, open, publicUrl, remote }: Tending, callback: CallbackRow): Promise<void> {
  const url = hookUrl(publicUrl, callback.path);
  const ours = remote.filter((other) => other.url === url || other.remoteId === callback.remoteId);
  for (const { remoteId } of ours) await open.source.callbacks.remove(remoteId);
  const servedUntil = callback.role === 'old' ? (callback.retiredAt?.getTime() ?? 0) + OLD_SERVED_MS : 0;
  if (parts.clock.now() < servedUntil) return;
  await commit(parts, async (tx) => {
    await deleteCallback(tx, callback.id);
    const what = callback.role === 'old' ? 'old path of the callback' : 'callback';
    await noteCallback(parts, tx, callback, `${what} for ${callback.topic} removed`);
    await closePathsNotice(parts, tx, callback.connectionId);
  });
}

async function commit(parts: EngineParts, write: (tx: Db) => Promise<void>): Promise<void> {
  await parts.db.transaction().execute(async (tx) => {
    await write(tx);
    await reach(parts, `before ${REGISTRATION_STEP}`);
  });
  await reach(parts, `after ${REGISTRATION_STEP}`);
}

async function noteCallback(parts: EngineParts, tx: Db, callback: CallbackRow, summary: string) {
  const { connectionId, topic } = callback;
  const subject = connectionSubject(connectionId);
  const entry = {
    subject,
    connectionId,
    actor: ENGINE_ACTOR,
    entry: 'decision' as const,
    data: { summary, topic },
  };
  await appendTrail(tx, entry, nowOf(parts));
}
