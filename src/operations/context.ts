/** What every operation gets: who asks, and the parts it works on. */
export type Role = 'viewer' | 'operator' | 'admin';

export type Actor = {
  /**
   * As the audit writes it: "user:ada@example.com", "user:ada@example.com via token:nightly#1f3a9c2e",
   * "service-token:nightly#1f3a9c2e", "cli:root", "system".
   */
  name: string;
  role: Role;
  /** The account of the person who is signed in, or whose personal token it is. */
  personId?: string;
  /** Set where a token was shown instead of a session. */
  tokenId?: string;
};

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export function isLower(role: Role, than: Role): boolean {
  return RANK[role] < RANK[than];
}

export class PermissionError extends Error {
  override readonly name = 'PermissionError';
}

export function requireRole(actor: Actor, role: Role): void {
  if (isLower(actor.role, role)) {
    throw new PermissionError(`${actor.name} is a ${actor.role}; this needs the role ${role}.`);
  }
}

/** What outlives a token may not be made with one: other tokens, accounts, passwords, roles. */
export function refuseTokens(actor: Actor): void {
  if (actor.tokenId !== undefined) {
    throw new PermissionError(
      `${actor.name}: no token makes tokens, people, passwords or roles. Sign in, or use the command line on the machine.`,
    );
  }
}

/**
 * `locked` are people as they are now: somebody may have been demoted or removed since this request began, and
 * nothing that they make or change then may outlive that.
 */
export function assertStillAdmin(actor: Actor, locked: readonly { id: string; role: Role }[]): void {
  if (actor.personId === undefined) return;
  const person = locked.find(({ id }) => id === actor.personId);
  if (!person) throw new PermissionError(`${actor.name} has no account any more.`);
  requireRole({ ...actor, role: person.role }, 'admin');
}
