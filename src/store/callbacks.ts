/** Callbacks: our registrations with the source, each with its own secret path and verifier. */
import { createHash } from 'node:crypto';
import { type Selectable, sql } from 'kysely';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';
import type { Callbacks } from './schema.ts';

/** `next` takes the place of `current` once it is verified; an `old` one is being taken back. */
export type CallbackRole = 'current' | 'next' | 'old';

export type CallbackRow = {
  id: string;
  connectionId: string;
  topic: string;
  role: CallbackRole;
  /** In clear, in memory only, as is the verifier. */
  path: string;
  remoteId: string | null;
  /** The one that the source has confirmed. */
  verifier: string | undefined;
  verifiedAt: Date | null;
  /** Since when a handshake is awaited; null when none was asked for. */
  askedAt: Date | null;
  /** Since when another path is to take its place. */
  replaceAt: Date | null;
  retiredAt: Date | null;
};

/** Sealed beside the verifier that was offered; the vendor's own number. */
export const NOT_SECRET = ['remoteId'];

function hashPath(path: string): string {
  return createHash('sha256').update(path).digest('hex');
}

const verifierOf = (id: string) => `callbacks/${id}`;
const pathOf = (id: string) => `callbacks/${id}/path`;

async function toCallback(
  vault: Vault,
  row: Selectable<Callbacks>,
  knownPath?: string,
): Promise<CallbackRow> {
  const open = async (sealed: unknown, identity: string) =>
    (await vault.unseal(sealed as Sealed, identity)) as string;
  return {
    id: row.id,
    connectionId: row.connection_id,
    topic: row.topic,
    role: row.role as CallbackRole,
    path: knownPath ?? (await open(row.path_sealed, pathOf(row.id))),
    remoteId: row.remote_id,
    verifier: row.verifier ? await open(row.verifier, verifierOf(row.id)) : undefined,
    verifiedAt: row.verified_at,
    askedAt: row.asked_at,
    replaceAt: row.replace_at,
    retiredAt: row.retired_at,
  };
}

/** Those that there are, by path; one question for any number. */
export async function findCallbacksByPaths(
  db: Db,
  vault: Vault,
  paths: readonly string[],
): Promise<Map<string, CallbackRow>> {
  const byHash = new Map(paths.map((path) => [hashPath(path), path]));
  const rows = await db
    .selectFrom('callbacks')
    .selectAll()
    .where('path_hash', '=', sql<string>`any(${[...byHash.keys()]}::text[])`)
    .execute();
  const found = new Map<string, CallbackRow>();
  for (const row of rows) {
    const path = byHash.get(row.path_hash);
    if (path === undefined) continue;
    // It is not unsealed here, and a delivery may say it once more.
    vault.known.note(path);
    found.set(path, await toCallback(vault, row, path));
  }
  return found;
}

/** By topic; of each topic the next one first, the old ones last. */
export async function listCallbacks(db: Db, vault: Vault, connectionId: string): Promise<CallbackRow[]> {
  const rows = await db
    .selectFrom('callbacks')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('topic')
    .orderBy(sql`array_position(array['next', 'current', 'old'], role)`)
    .orderBy('id')
    .execute();
  return Promise.all(rows.map((row) => toCallback(vault, row)));
}

/** Nothing where the topic has one of that role already. */
export async function insertCallback(
  db: Db,
  vault: Vault,
  callback: { id: string; connectionId: string; topic: string; role: 'current' | 'next'; path: string },
  now: Date,
): Promise<void> {
  await db
    .insertInto('callbacks')
    .values({
      id: callback.id,
      connection_id: callback.connectionId,
      topic: callback.topic,
      role: callback.role,
      path_hash: hashPath(callback.path),
      path_sealed: JSON.stringify(await vault.seal(callback.path, pathOf(callback.id))),
      created_at: now,
    })
    .onConflict((oc) => oc.doNothing())
    .execute();
}

export async function setCallbackRemote(db: Db, id: string, remoteId: string): Promise<void> {
  await db.updateTable('callbacks').set({ remote_id: remoteId }).where('id', '=', id).execute();
}

/**
 * The source has accepted this verifier: events flow, and no handshake is awaited any more. One that was to take
 * another's place has it now.
 */
export async function markVerified(
  tx: Db,
  vault: Vault,
  callback: Pick<CallbackRow, 'id' | 'connectionId' | 'topic' | 'role'>,
  verifier: string,
  now: Date,
): Promise<void> {
  const sealed = JSON.stringify(await vault.seal(verifier, verifierOf(callback.id)));
  if (callback.role === 'next') {
    await tx
      .updateTable('callbacks')
      .set({ role: 'old', retired_at: now, replace_at: null, asked_at: null })
      .where('connection_id', '=', callback.connectionId)
      .where('topic', '=', callback.topic)
      .where('role', '=', 'current')
      .execute();
  }
  await tx
    .updateTable('callbacks')
    .set({ role: 'current', verifier: sealed, verified_at: now, asked_at: null })
    .where('id', '=', callback.id)
    .execute();
  await tx.deleteFrom('callback_offers').where('callback_id', '=', callback.id).execute();
}

/**
 * Another path is to take the place of these: of the one that is registered, and of one that was to do so itself.
 * Their handshakes are not awaited any more. Returns how many topics that concerns.
 */
export async function replaceCallbacks(
  tx: Db,
  which: { connectionId: string; topic?: string },
  now: Date,
): Promise<number> {
  const { topic = null, connectionId } = which;
  const { rows } = await sql<{ topic: string }>`
    update callbacks set asked_at = null,
      role = case role when 'next' then 'old' else role end,
      retired_at = case role when 'next' then ${now} else retired_at end,
      replace_at = case role when 'current' then coalesce(replace_at, ${now}) else null end
    where connection_id = ${connectionId} and role <> 'old' and (${topic}::text is null or topic = ${topic})
    returning topic`.execute(tx);
  return new Set(rows.map((row) => row.topic)).size;
}

export async function isReplacing(db: Db, connectionId: string): Promise<boolean> {
  const row = await db
    .selectFrom('callbacks')
    .select('id')
    .where('connection_id', '=', connectionId)
    .where('replace_at', 'is not', null)
    .executeTakeFirst();
  return row !== undefined;
}

export async function deleteCallback(db: Db, id: string): Promise<void> {
  await db.deleteFrom('callbacks').where('id', '=', id).execute();
}

/** Seals every path, verifier and offer again with the active key; for key rotation. */
export async function resealCallbacks(db: Db, vault: Vault): Promise<number> {
  const reseal = async (sealed: unknown, identity: string) =>
    sealed === null
      ? null
      : JSON.stringify(await vault.seal(await vault.unseal(sealed as Sealed, identity), identity));
  return db.transaction().execute(async (tx) => {
    const rows = await tx.selectFrom('callbacks').selectAll().forUpdate().execute();
    for (const { id, path_sealed, verifier } of rows) {
      await tx
        .updateTable('callbacks')
        .set({
          path_sealed: await reseal(path_sealed, pathOf(id)),
          verifier: await reseal(verifier, verifierOf(id)),
        })
        .where('id', '=', id)
        .execute();
    }
    const offers = await tx.selectFrom('callback_offers').selectAll().forUpdate().execute();
    for (const { id, sealed } of offers) {
      const again = (await reseal(sealed, offerOf(id))) ?? '';
      await tx.updateTable('callback_offers').set({ sealed: again }).where('id', '=', id).execute();
    }
    return rows.length + offers.length;
  });
}

export const offerOf = (id: string) => `callback_offers/${id}`;

/**
 * Seals what an earlier version kept in clear. A verifier that was offered but never confirmed goes: that version put
 * it in force before the source had said anything. Returns the callbacks that lost theirs.
 */
export async function sealOldCallbacks(
  tx: Db,
  vault: Vault,
): Promise<{ connectionId: string; topic: string }[]> {
  const rows = await tx
    .selectFrom('callbacks')
    .selectAll()
    .where('path', 'is not', null)
    .forUpdate()
    .execute();
  const dropped = [];
  for (const { id, connection_id: connectionId, topic, path, verifier, offered } of rows) {
    const open = async (sealed: unknown) => vault.unseal(sealed as Sealed, verifierOf(id));
    const isDoubtful =
      verifier !== null &&
      offered !== null &&
      ((await open(offered)) as { verifier: string }).verifier === (await open(verifier));
    if (isDoubtful) dropped.push({ connectionId, topic });
    await tx
      .updateTable('callbacks')
      .set({
        path: null,
        path_sealed: JSON.stringify(await vault.seal(path, pathOf(id))),
        offered: null,
        ...(isDoubtful ? { verifier: null, verified_at: null } : {}),
      })
      .where('id', '=', id)
      .execute();
  }
  return dropped;
}

/** Active connections changed since `since` that want webhooks and have not all of them verified yet. */
export async function listConnectionsAwaitingCallbacks(db: Db, since: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select c.id from connections c
    where c.state = 'active' and c.webhooks_enabled and c.updated_at >= ${since}
      and not exists (select from callbacks b where b.connection_id = c.id and b.role <> 'old'
        having bool_and(b.verified_at is not null))`.execute(db);
  return rows.map(({ id }) => id);
}
