/** API tokens: what programs show instead of a session; only their hashes are stored. */
import { type Selectable, sql } from 'kysely';
import type { Db } from './db.ts';
import type { Person } from './people.ts';
import type { ApiTokens } from './schema.ts';

export type TokenKind = 'personal' | 'service';

export type ApiToken = {
  id: string;
  name: string;
  kind: TokenKind;
  scopes: string[];
  /** In words, as the audit names actors. */
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
};

/** Whose a personal token is; who made a service token, null for the machine itself. */
export type NewToken = Omit<ApiToken, 'lastUsedAt'> & {
  hash: Uint8Array;
  personId: string | null;
  makerId: string | null;
};

/** A use is noted this often at most. */
const NOTED_EVERY_MS = 60_000;

export async function insertToken(db: Db, token: NewToken): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({
      id: token.id,
      name: token.name,
      hash: Buffer.from(token.hash),
      kind: token.kind,
      person_id: token.personId,
      maker_id: token.makerId,
      scopes: token.scopes,
      created_by: token.createdBy,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
    })
    .execute();
}

function living(db: Db, now: Date) {
  return db
    .selectFrom('api_tokens')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('created_at')
    .orderBy('id');
}

function toToken(row: Selectable<ApiTokens>): ApiToken {
  if (row.kind !== 'personal' && row.kind !== 'service') throw new Error(`token ${row.id} has no kind`);
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

/** Those that still work. */
export async function listTokens(db: Db, now: Date): Promise<ApiToken[]> {
  return (await living(db, now).execute()).map(toToken);
}

/** A person's own, which end with them. */
export async function listPersonalTokens(db: Db, personId: string, now: Date): Promise<ApiToken[]> {
  return (await living(db, now).where('person_id', '=', personId).execute()).map(toToken);
}

/** Those that a person made for programs and that outlive them. */
export async function listServiceTokensOf(db: Db, makerId: string, now: Date): Promise<ApiToken[]> {
  return (await living(db, now).where('maker_id', '=', makerId).execute()).map(toToken);
}

export type UsedToken = Pick<ApiToken, 'id' | 'name' | 'scopes'> & {
  /** With the present role; null for a service token. */
  person: Person | null;
};

/** The living token with this hash, with its person as they are now; notes that it is used. */
export async function useToken(db: Db, hash: Uint8Array, now: Date): Promise<UsedToken | undefined> {
  const { rows } = await sql<{
    id: string;
    name: string;
    kind: TokenKind;
    scopes: string[];
    last_used_at: Date | null;
    person_id: string | null;
    email: string | null;
    role: Person['role'] | null;
  }>`
    select t.id, t.name, t.kind, t.scopes, t.last_used_at, u.id as person_id, u.email, u.role
    from api_tokens t left join users u on u.id = t.person_id
    where t.hash = ${Buffer.from(hash)} and t.revoked_at is null
      and (t.expires_at is null or t.expires_at > ${now})`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const { id, name, kind, scopes, last_used_at: lastUsedAt, person_id: personId, email, role } = row;
  const person = personId !== null && email !== null && role !== null ? { id: personId, email, role } : null;
  if (kind === 'personal' && !person) return undefined;
  if (now.getTime() - (lastUsedAt?.getTime() ?? 0) > NOTED_EVERY_MS)
    await db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', id).execute();
  return { id, name, scopes, person };
}

/** Those that were living. */
export async function revokeTokens(
  db: Db,
  ids: readonly string[],
  now: Date,
): Promise<Pick<ApiToken, 'id' | 'name'>[]> {
  const { rows } = await sql<Pick<ApiToken, 'id' | 'name'>>`
    update api_tokens set revoked_at = ${now}
    where id = any(${[...ids]}::uuid[]) and revoked_at is null returning id, name`.execute(db);
  return rows;
}
