/** What every operation gets: who asks, and the parts it works on. */
export type Role = 'viewer' | 'operator' | 'admin';

/** Who did it, as the audit writes it: "user:ada@example.com", "cli:root", "system". */
export type Actor = { name: string; role: Role };

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export class PermissionError extends Error {
  override readonly name = 'PermissionError';
}

export function requireRole(actor: Actor, role: Role): void {
  if (RANK[actor.role] < RANK[role]) {
    throw new PermissionError(`${actor.name} is a ${actor.role}; this needs the role ${role}.`);
  }
}
