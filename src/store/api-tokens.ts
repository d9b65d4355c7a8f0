/** API tokens: what programs show instead of a session; only their hashes are stored. */
import { sql } from 'kysely';
import type { Db } from './db.ts';

export type ApiToken = {
  id: string;
  name: string;
  scopes: string[];
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
};

/** A use is noted this often at most. */
const NOTED_EVERY_MS = 60_000;

export async function insertToken(
  db: Db,
  token: Omit<ApiToken, 'lastUsedAt'> & { hash: Uint8Array },
): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({
      id: token.id,
      name: token.name,
      hash: Buffer.from(token.hash),
      scopes: token.scopes,
      created_by: token.createdBy,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
    })
    .execute();
}

/** Those that still work. */
export async function listTokens(db: Db, now: Date): Promise<ApiToken[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('created_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }));
}

/** The living token with this hash; notes that it is used. */
export async function useToken(
  db: Db,
  hash: Uint8Array,
  now: Date,
): Promise<{ name: string; scopes: string[] } | undefined> {
  const { rows } = await sql<{ id: string; name: string; scopes: string[]; last_used_at: Date | null }>`
    select id, name, scopes, last_used_at from api_tokens
    where hash = ${Buffer.from(hash)} and revoked_at is null and (expires_at is null or expires_at > ${now})`.execute(
    db,
  );
  const [row] = rows;
  if (row && now.getTime() - (row.last_used_at?.getTime() ?? 0) > NOTED_EVERY_MS)
    await db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', row.id).execute();
  return row;
}

/** Its name; undefined when there is no such living token. */
export async function revokeToken(db: Db, id: string, now: Date): Promise<string | undefined> {
  const row = await db
    .updateTable('api_tokens')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('name')
    .executeTakeFirst();
  return row?.name;
}
