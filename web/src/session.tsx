/** Who is signed in, for every part of the page. */
import { createContext, useContext } from 'react';
import type { Role, SessionView } from '../../src/api/contract-people.ts';

export const SessionContext = createContext<SessionView | null>(null);

export function useSession(): SessionView {
  const session = useContext(SessionContext);
  if (!session) throw new Error('used outside a session');
  return session;
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Viewers only look, operators replay and decide, admins set up. */
export function useMay(role: Role): boolean {
  return RANK[useSession().role] >= RANK[role];
}
