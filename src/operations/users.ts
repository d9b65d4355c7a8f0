/** People who may sign in: the first account, others with their roles, passwords, and ending sessions. */
import { timingSafeEqual } from 'node:crypto';
import { NotFound, UsageError } from '../core/errors.ts';
import { nowOf } from '../engine/parts.ts';
import type { Accounts, AskedBy, User } from '../platform/sign-in-accounts.ts';
import { type ApiToken, listPersonalTokens, listServiceTokensOf } from '../store/api-tokens.ts';
import { dropConsentsOfPerson } from '../store/consents.ts';
import type { Db } from '../store/db.ts';
import { deletePerson, isLastAdminRefusal, lockPeople, type Person, setRole } from '../store/people.ts';
import { type Actor, assertStillAdmin, isLower, type Role, refuseTokens, requireRole } from './context.ts';
import { auditInstallation, type OperationParts } from './parts.ts';
import { endTokens, toTokenView } from './tokens.ts';

export type PeopleParts = OperationParts & {
  accounts: Accounts;
  /** What the first start shows; whoever has it may make the first account. */
  setupCode: string;
};

export async function showSetup({ accounts }: PeopleParts): Promise<{ needed: boolean }> {
  return { needed: !(await accounts.hasUsers()) };
}

/** Whoever has the code is not among those who try. */
export class WrongSetupCode extends UsageError {
  constructor() {
    super(
      'This is not the set-up code.',
      'The service shows it when it starts; the command "setup" shows it again.',
    );
  }
}

/** The first account, an admin's. Only with the code, and only once. */
export async function setUp(
  parts: PeopleParts,
  request: { code: string; email: string; password: string },
): Promise<{ email: string }> {
  const [given, right] = [Buffer.from(request.code.trim()), Buffer.from(parts.setupCode)];
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new WrongSetupCode();
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

/** What they make outlives them: nobody is demoted or removed beside it. */
function askedBy(actor: Actor): AskedBy | undefined {
  const { personId } = actor;
  return personId === undefined
    ? undefined
    : { personId, check: (person) => assertStillAdmin(actor, person ? [person] : []) };
}

export async function addUser(parts: PeopleParts, actor: Actor, request: { email: string; role: Role }) {
  requireRole(actor, 'admin');
  refuseTokens(actor);
  const made = await parts.accounts.addUser(request, askedBy(actor));
  await auditInstallation(parts, parts.db, actor, { summary: `${made.email} added as ${request.role}` });
  return made;
}

/** What becomes of the service tokens that a person made, once they may make none any more. */
export type ServiceTokensAnswer = 'keep' | 'end';

/** Nothing was changed: somebody has to say first what becomes of these. */
export class ServiceTokensUndecided extends UsageError {
  readonly serviceTokens: Pick<
    ReturnType<typeof toTokenView>,
    'id' | 'name' | 'scopes' | 'expiresAt' | 'lastUsedAt'
  >[];

  constructor(email: string, tokens: readonly ApiToken[]) {
    const views = tokens
      .map(toTokenView)
      .map(({ id, name, scopes, expiresAt, lastUsedAt }) => ({ id, name, scopes, expiresAt, lastUsedAt }));
    const lines = views.map(
      ({ name, scopes, expiresAt, lastUsedAt }) =>
        `  ${JSON.stringify(name)}: ${scopes.join(', ')}; ends ${expiresAt?.slice(0, 10)}; last used ${lastUsedAt?.slice(0, 10) ?? 'never'}`,
    );
    super(
      [`${email} made service tokens that go on without them. Nothing was changed yet.`, ...lines],
      'Say whether these are kept or ended: --service-tokens keep, or --service-tokens end.',
    );
    this.serviceTokens = views;
  }
}

type PersonChange = { userId: string; serviceTokens?: ServiceTokensAnswer | undefined };

export async function setUserRole(
  parts: PeopleParts,
  actor: Actor,
  { userId, role, serviceTokens: answer }: PersonChange & { role: Role },
) {
  return changePerson(parts, actor, userId, async (tx, person) => {
    const lowered = isLower(role, person.role);
    const tokens = lowered ? await decideServiceTokens(parts, tx, person, answer) : NO_TOKENS;
    await setRole(tx, person.id, role);
    if (lowered) await dropConsentsOfPerson(tx, person.email);
    await auditInstallation(parts, tx, actor, {
      summary: `${person.email} is now ${role}`,
      before: person.role,
      ...tokens,
    });
    return { email: person.email, role, ...tokens };
  });
}

export async function removeUser(
  parts: PeopleParts,
  actor: Actor,
  { userId, serviceTokens: answer }: PersonChange,
) {
  return changePerson(parts, actor, userId, async (tx, person) => {
    const tokens = await decideServiceTokens(parts, tx, person, answer);
    const own = await listPersonalTokens(tx, person.id, nowOf(parts));
    await deletePerson(tx, person.id);
    await dropConsentsOfPerson(tx, person.email);
    await auditInstallation(parts, tx, actor, {
      summary: `${person.email} removed`,
      role: person.role,
      ...tokens,
      personalTokens: own.map(({ name }) => name),
    });
    return { email: person.email, ...tokens };
  });
}

/** Names. */
type DecidedTokens = { keptTokens: string[]; endedTokens: string[] };
const NO_TOKENS: DecidedTokens = { keptTokens: [], endedTokens: [] };

async function decideServiceTokens(
  parts: PeopleParts,
  tx: Db,
  person: Person,
  answer: ServiceTokensAnswer | undefined,
): Promise<DecidedTokens> {
  const now = nowOf(parts);
  const made = await listServiceTokensOf(tx, person.id, now);
  if (made.length === 0) return NO_TOKENS;
  switch (answer) {
    case undefined:
      throw new ServiceTokensUndecided(person.email, made);
    case 'keep':
      return { keptTokens: made.map(({ name }) => name), endedTokens: [] };
    case 'end': {
      const ids = made.map(({ id }) => id);
      return { keptTokens: [], endedTokens: await endTokens(tx, ids, now) };
    }
  }
}

/** With both locked, the person and whoever asks: two admins who act on each other go one after the other. */
async function changePerson<T>(
  parts: PeopleParts,
  actor: Actor,
  userId: string,
  change: (tx: Db, person: Person) => Promise<T>,
): Promise<T> {
  requireRole(actor, 'admin');
  const { id, email } = await loadUser(parts, userId);
  try {
    return await parts.db.transaction().execute(async (tx) => {
      const locked = await lockPeople(tx, actor.personId === undefined ? [id] : [id, actor.personId]);
      const person = locked.find((one) => one.id === id);
      if (!person) throw new NotFound(`There is nobody ${JSON.stringify(email)} any more.`);
      assertStillAdmin(actor, locked);
      return change(tx, person);
    });
  } catch (error) {
    if (!isLastAdminRefusal(error)) throw error;
    throw new UsageError(`${email} is the only admin.`, 'Make somebody else an admin first.');
  }
}

/** Everybody may do it for themselves, admins for anybody. */
export async function signOutEverywhere(parts: PeopleParts, actor: Actor, { userId }: { userId: string }) {
  const user = await loadUser(parts, userId).catch((error: unknown) => {
    // Who may not see who is there is told the same of everybody.
    requireRole(actor, 'admin');
    throw error;
  });
  if (actor.personId !== user.id) requireRole(actor, 'admin');
  await parts.accounts.endSessions(user.id);
  await auditInstallation(parts, parts.db, actor, { summary: `${user.email} signed out everywhere` });
  return { email: user.email };
}

export async function resetPassword(parts: PeopleParts, actor: Actor, { userId }: { userId: string }) {
  requireRole(actor, 'admin');
  refuseTokens(actor);
  const user = await loadUser(parts, userId);
  const made = await parts.accounts.resetPassword(user.email, undefined, askedBy(actor));
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
  if (actor.personId === undefined) throw new UsageError('Nobody is signed in here.');
  const email = await parts.accounts.changePassword(actor.personId, { present, wanted });
  if (email === undefined) throw new UsageError('The present password is wrong.');
  await auditInstallation(parts, parts.db, actor, { summary: 'own password changed' });
  return { email };
}

/** By id or by e-mail; what is an id is nobody's e-mail. */
async function loadUser({ accounts }: PeopleParts, idOrEmail: string): Promise<User> {
  const wanted = idOrEmail.trim().toLowerCase();
  const users = await accounts.listUsers();
  const found = users.find(({ id }) => id === wanted) ?? users.find(({ email }) => email === wanted);
  if (!found)
    throw new NotFound(`There is nobody ${JSON.stringify(idOrEmail)}.`, 'users list shows everybody.');
  return found;
}

/** Sign-ins are decisions too: they stand in the audit beside what the person did. */
export function noteSession(
  parts: OperationParts,
  actor: Pick<Actor, 'name'>,
  summary: 'signed in' | 'signed out',
) {
  return auditInstallation(parts, parts.db, actor, { summary });
}
