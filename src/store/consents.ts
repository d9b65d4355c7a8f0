/** Consents under way, each good for one return of the person within its time. */
import { sql } from 'kysely';
import type { Sealed, Vault } from '../platform/vault.ts';
import type { Db } from './db.ts';

export type Consent = { connectionId: string; codeVerifier: string; redirectUri: string; actor: string };

export async function insertConsent(
  db: Db,
  vault: Vault,
  state: string,
  consent: Consent,
  expiresAt: Date,
): Promise<void> {
  await db
    .insertInto('consents')
    .values({
      state,
      connection_id: consent.connectionId,
      sealed: JSON.stringify(await vault.seal(consent.codeVerifier, `consents/${state}`)),
      redirect_uri: consent.redirectUri,
      actor: consent.actor,
      expires_at: expiresAt,
    })
    .execute();
}

/** Whose it is; undefined when it is unknown, used or too old. Does not use it up. */
export async function findConsent(db: Db, state: string, now: Date): Promise<string | undefined> {
  const row = await db
    .selectFrom('consents')
    .select('connection_id')
    .where('state', '=', state)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row?.connection_id;
}

/** Of one who asks, so that nobody pushes out what others asked for. */
const MOST_OF_ONE = 20;

/** Whoever starts more leaves the oldest behind. */
export async function dropSurplusConsents(db: Db, actor: string): Promise<void> {
  await db
    .deleteFrom('consents')
    .where('state', 'in', (eb) =>
      eb
        .selectFrom('consents')
        .select('state')
        .where('actor', '=', actor)
        .orderBy('expires_at', 'desc')
        .orderBy('state')
        .offset(MOST_OF_ONE),
    )
    .execute();
}

/** Those that a person asked for, themselves or through a token, once they may no longer. */
export async function dropConsentsOfPerson(db: Db, email: string): Promise<void> {
  await db
    .deleteFrom('consents')
    .where((eb) =>
      eb.or([eb('actor', '=', `user:${email}`), sql<boolean>`starts_with(actor, ${`user:${email} via `})`]),
    )
    .execute();
}

/** `token` as actors are called by it. */
export async function dropConsentsOfToken(db: Db, token: string): Promise<void> {
  await sql`delete from consents where actor = ${`service-token:${token}`}
    or (starts_with(actor, 'user:') and right(actor, length(${token}::text) + 11) = ' via token:' || ${token}::text)`.execute(
    db,
  );
}

/** Those under way are good for nothing any more. */
export async function dropConsents(db: Db, connectionId: string): Promise<void> {
  await db.deleteFrom('consents').where('connection_id', '=', connectionId).execute();
}

/** Nobody came back with these in time. */
export async function dropOldConsents(db: Db, now: Date): Promise<void> {
  await db.deleteFrom('consents').where('expires_at', '<=', now).execute();
}

/** Takes it out, so that a state works once; undefined when it is unknown, used or too old. */
export async function takeConsent(
  db: Db,
  vault: Vault,
  state: string,
  now: Date,
): Promise<Consent | undefined> {
  const row = await db.deleteFrom('consents').where('state', '=', state).returningAll().executeTakeFirst();
  if (!row || row.expires_at <= now) return undefined;
  return {
    connectionId: row.connection_id,
    codeVerifier: (await vault.unseal(row.sealed as unknown as Sealed, `consents/${state}`)) as string,
    redirectUri: row.redirect_uri,
    actor: row.actor,
  };
}
