/** People as the rules see them: their present role, under a lock, so that what is decided about them stays true. */
import { sql } from 'kysely';
import type { SignedInRole } from '../platform/sign-in-accounts.ts';
import type { Db } from './db.ts';

export type Person = { id: string; email: string; role: SignedInRole };

/** Nobody changes or removes them until this transaction ends; in the order of ids, so that no two wait in a circle. */
export async function lockPeople(tx: Db, ids: readonly string[]): Promise<Person[]> {
  const { rows } = await sql<Person>`
    select id, email, role from users where id = any(${[...new Set(ids)]}::uuid[])
    order by id for no key update`.execute(tx);
  return rows;
}

export async function setRole(tx: Db, id: string, role: SignedInRole): Promise<void> {
  await sql`update users set role = ${role} where id = ${id}`.execute(tx);
}

/** Sessions and personal tokens go along. */
export async function deletePerson(tx: Db, id: string): Promise<void> {
  await sql`delete from users where id = ${id}`.execute(tx);
}

/** The database keeps the rule; this says whether it was that rule. */
export function isLastAdminRefusal(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'users_keep_an_admin';
}
