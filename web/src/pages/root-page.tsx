/** First the owner's account, then the sign-in, then the page that was asked for. */
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { SessionView } from '../../../src/api/contract-people.ts';
import { api } from '../api.ts';
import { LiveContext, useLiveStream } from '../live.ts';
import { Failure } from '../parts/failure.tsx';
import { Shell } from '../parts/shell.tsx';
import { SessionContext } from '../session.tsx';
import { SetUpPage } from './set-up-page.tsx';
import { SignInPage } from './sign-in-page.tsx';

function Middle({ children }: { children: ReactNode }) {
  return (
    <Center mih="100vh" p="md">
      {children}
    </Center>
  );
}

function SignedIn({ session }: { session: SessionView }) {
  const live = useLiveStream();
  return (
    <SessionContext value={session}>
      <LiveContext value={live}>
        <Shell live={live}>
          <Outlet />
        </Shell>
      </LiveContext>
    </SessionContext>
  );
}

function SignedOut() {
  const setup = useQuery({ queryKey: ['setup'], queryFn: api.setup });
  if (setup.isPending) return <Waiting />;
  return setup.data?.needed ? <SetUpPage /> : <SignInPage />;
}

function Waiting() {
  return (
    <Middle>
      <Loader aria-label="Loading" />
    </Middle>
  );
}

export function RootPage() {
  const session = useQuery({ queryKey: ['session'], queryFn: api.session, staleTime: 60_000 });
  if (session.isPending) return <Waiting />;
  if (session.data === undefined) {
    return (
      <Middle>
        <Failure error={session.error ?? new Error('Nothing came.')} again={() => void session.refetch()} />
      </Middle>
    );
  }
  return session.data === null ? <SignedOut /> : <SignedIn session={session.data} />;
}
