/** Who is signed in, for every part of the page. */
import { createContext, useContext } from 'react';
import type { SessionView } from '../../src/api/contract-people.ts';

export const SessionContext = createContext<SessionView | null>(null);

export function useSession(): SessionView {
  const session = useContext(SessionContext);
  if (!session) throw new Error('used outside a session');
  return session;
}

/** Viewers only look. */
export function useMayOperate(): boolean {
  return useSession().role !== 'viewer';
}
