/** Callbacks: our registrations with the source, each with its own unguessable path and verifier. */
import { type Selectable, sql } from 'kysely';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';
import type { Callbacks } from './schema.ts';

export type CallbackRow = {
  id: string;
  connectionId: string;
  topic: string;
  path: string;
  remoteId: string | null;
  /** In clear, in memory only. */
  verifier: string | undefined;
  offered: { remoteId: string; verifier: string } | undefined;
  verifiedAt: Date | null;
};

async function toCallback(vault: Vault, row: Selectable<Callbacks>): Promise<CallbackRow> {
  const identity = `callbacks/${row.id}`;
  return {
    id: row.id,
    connectionId: row.connection_id,
    topic: row.topic,
    path: row.path,
    remoteId: row.remote_id,
    verifier: row.verifier
      ? ((await vault.unseal(row.verifier as unknown as Sealed, identity)) as string)
      : undefined,
    offered: row.offered
      ? ((await vault.unseal(row.offered as unknown as Sealed, identity)) as {
          remoteId: string;
          verifier: string;
        })
      : undefined,
    verifiedAt: row.verified_at,
  };
}

/** Those that there are, by path; one question for any number. */
export async function findCallbacksByPaths(
  db: Db,
  vault: Vault,
  paths: readonly string[],
): Promise<Map<string, CallbackRow>> {
  const rows = await db
    .selectFrom('callbacks')
    .selectAll()
    .where('path', '=', sql<string>`any(${[...paths]}::text[])`)
    .execute();
  const callbacks = await Promise.all(rows.map((row) => toCallback(vault, row)));
  return new Map(callbacks.map((callback) => [callback.path, callback]));
}

export async function listCallbacks(db: Db, vault: Vault, connectionId: string): Promise<CallbackRow[]> {
  const rows = await db
    .selectFrom('callbacks')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('topic')
    .execute();
  return Promise.all(rows.map((row) => toCallback(vault, row)));
}

export async function insertCallback(
  db: Db,
  callback: { id: string; connectionId: string; topic: string; path: string },
  now: Date,
): Promise<void> {
  await db
    .insertInto('callbacks')
    .values({
      id: callback.id,
      connection_id: callback.connectionId,
      topic: callback.topic,
      path: callback.path,
      created_at: now,
    })
    .onConflict((oc) => oc.columns(['connection_id', 'topic']).doNothing())
    .execute();
}

export async function setCallbackRemote(db: Db, id: string, remoteId: string): Promise<void> {
  await db.updateTable('callbacks').set({ remote_id: remoteId }).where('id', '=', id).execute();
}

/** Keeps what a handshake offered until the source's API has accepted it. */
export async function offerVerifier(
  db: Db,
  vault: Vault,
  id: string,
  offered: { remoteId: string; verifier: string },
): Promise<void> {
  const sealed = JSON.stringify(await vault.seal(offered, `callbacks/${id}`));
  await db.updateTable('callbacks').set({ offered: sealed }).where('id', '=', id).execute();
}

export async function adoptVerifier(db: Db, vault: Vault, id: string, verifier: string): Promise<void> {
  const sealed = JSON.stringify(await vault.seal(verifier, `callbacks/${id}`));
  await db.updateTable('callbacks').set({ verifier: sealed }).where('id', '=', id).execute();
}

/** The source has accepted our answer: events flow. */
export async function markCallbackVerified(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('callbacks').set({ verified_at: now, offered: null }).where('id', '=', id).execute();
}

export async function deleteCallback(db: Db, id: string): Promise<void> {
  await db.deleteFrom('callbacks').where('id', '=', id).execute();
}

/** Seals every verifier again with the active key; for key rotation. */
export async function resealCallbacks(db: Db, vault: Vault): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const rows = await tx.selectFrom('callbacks').selectAll().forUpdate().execute();
    for (const row of rows) {
      const callback = await toCallback(vault, row);
      if (callback.verifier !== undefined) await adoptVerifier(tx, vault, row.id, callback.verifier);
      if (callback.offered !== undefined) await offerVerifier(tx, vault, row.id, callback.offered);
    }
    return rows.length;
  });
}

/** Active connections changed since `since` that want webhooks and have not all of them verified yet. */
export async function listConnectionsAwaitingCallbacks(db: Db, since: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select c.id from connections c
    where c.state = 'active' and c.webhooks_enabled and c.updated_at >= ${since}
      and not exists (select from callbacks b where b.connection_id = c.id having bool_and(b.verified_at is not null))`.execute(
    db,
  );
  return rows.map(({ id }) => id);
}
