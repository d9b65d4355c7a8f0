/** People who may sign in: the first account, others with their roles, passwords, and ending sessions. */
import { timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { NotFound, UsageError } from '../core/errors.ts';
import type { Accounts, User } from '../platform/sign-in-accounts.ts';
import { type Actor, type Role, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';

export type PeopleParts = OperationParts & {
  accounts: Accounts;
  /** What the first start shows; whoever has it may make the first account. */
  setupCode: string;
};

export async function showSetup({ accounts }: PeopleParts): Promise<{ needed: boolean }> {
  return { needed: !(await accounts.hasUsers()) };
}

/** The first account, an admin's. Only with the code, and only once. */
export async function setUp(
  parts: PeopleParts,
  request: { code: string; email: string; password: string },
): Promise<{ email: string }> {
  const [given, right] = [Buffer.from(request.code.trim()), Buffer.from(parts.setupCode)];
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new UsageError(
      'This is not the set-up code.',
      'The service shows it when it starts; the command "setup" shows it again.',
    );
  }
  return makeOwner(parts, request);
}

/** For whoever is on the machine itself, who needs no code. */
export async function setUpLocally(
  parts: PeopleParts,
  actor: Actor,
  request: { email: string; password?: string | undefined },
) {
  requireRole(actor, 'admin');
  return makeOwner(parts, request);
}

async function makeOwner(
  parts: PeopleParts,
  { email, password }: { email: string; password?: string | undefined },
) {
  const made = await parts.accounts.ensureOwner({ email, ...(password === undefined ? {} : { password }) });
  if (!made.created) {
    throw new UsageError('The first account has been made already.', 'Sign in, or ask whoever has it.');
  }
  await auditInstallation(parts, parts.db, { name: `user:${made.email}` }, { summary: 'first account made' });
  return { email: made.email, password: made.password };
}

export async function listUsers(parts: PeopleParts, actor: Actor) {
  requireRole(actor, 'admin');
  const users = await parts.accounts.listUsers();
  return users.map((user) => ({ ...user, createdAt: user.createdAt.toISOString() }));
}

export async function addUser(parts: PeopleParts, actor: Actor, request: { email: string; role: Role }) {
  requireRole(actor, 'admin');
  const made = await parts.accounts.addUser(request);
  await auditInstallation(parts, parts.db, actor, { summary: `${made.email} added as ${request.role}` });
  return made;
}

export async function setUserRole(
  parts: PeopleParts,
  actor: Actor,
  { userId, role }: { userId: string; role: Role },
) {
  requireRole(actor, 'admin');
  const user = await loadUser(parts, userId);
  if (role !== 'admin') await keepAnAdmin(parts, user);
  await parts.db.transaction().execute(async (tx) => {
    await sql`update users set role = ${role} where id = ${user.id}`.execute(tx);
    await auditInstallation(parts, tx, actor, { summary: `${user.email} is now ${role}`, before: user.role });
  });
  return { email: user.email, role };
}

export async function removeUser(parts: PeopleParts, actor: Actor, { userId }: { userId: string }) {
  requireRole(actor, 'admin');
  const user = await loadUser(parts, userId);
  await keepAnAdmin(parts, user);
  await parts.db.transaction().execute(async (tx) => {
    await sql`delete from users where id = ${user.id}`.execute(tx);
    await auditInstallation(parts, tx, actor, { summary: `${user.email} removed`, role: user.role });
  });
  return { email: user.email };
}

/** Everybody may do it for themselves, admins for anybody. */
export async function signOutEverywhere(parts: PeopleParts, actor: Actor, { userId }: { userId: string }) {
  const user = await loadUser(parts, userId);
  if (actor.name !== `user:${user.email}`) requireRole(actor, 'admin');
  await parts.accounts.endSessions(user.id);
  await auditInstallation(parts, parts.db, actor, { summary: `${user.email} signed out everywhere` });
  return { email: user.email };
}

export async function resetPassword(parts: PeopleParts, actor: Actor, { userId }: { userId: string }) {
  requireRole(actor, 'admin');
  const user = await loadUser(parts, userId);
  const made = await parts.accounts.resetPassword(user.email);
  if (!made) throw new NotFound(`Nobody has the e-mail ${user.email}.`);
  await auditInstallation(parts, parts.db, actor, { summary: `new password made for ${user.email}` });
  return made;
}

/** One's own; the present one proves that it is not somebody at an open screen. */
export async function changePassword(
  parts: PeopleParts,
  actor: Actor,
  { present, wanted }: { present: string; wanted: string },
) {
  const email = actor.name.replace(/^user:/, '');
  if (!(await parts.accounts.isPasswordOf(email, present)))
    throw new UsageError('The present password is wrong.');
  const made = await parts.accounts.resetPassword(email, wanted);
  if (!made) throw new NotFound(`Nobody has the e-mail ${email}.`);
  await auditInstallation(parts, parts.db, actor, { summary: 'own password changed' });
  return { email: made.email };
}

/** By id or by e-mail. */
async function loadUser({ accounts }: PeopleParts, idOrEmail: string): Promise<User> {
  const wanted = idOrEmail.trim().toLowerCase();
  const found = (await accounts.listUsers()).find(({ id, email }) => id === wanted || email === wanted);
  if (!found)
    throw new NotFound(`There is nobody ${JSON.stringify(idOrEmail)}.`, 'users list shows everybody.');
  return found;
}

async function keepAnAdmin({ accounts }: PeopleParts, user: User): Promise<void> {
  const others = (await accounts.listUsers()).filter(({ id, role }) => role === 'admin' && id !== user.id);
  if (user.role === 'admin' && others.length === 0) {
    throw new UsageError(`${user.email} is the only admin.`, 'Make somebody else an admin first.');
  }
}

/** Sign-ins are decisions too: they stand in the audit beside what the person did. */
export function noteSession(
  parts: OperationParts,
  actor: Pick<Actor, 'name'>,
  summary: 'signed in' | 'signed out',
) {
  return auditInstallation(parts, parts.db, actor, { summary });
}
