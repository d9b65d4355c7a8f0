/** Shows the sign-in until somebody is signed in, then the page that was asked for. */
import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { api } from '../api.ts';
import { Failure } from '../parts/failure.tsx';
import { SessionContext } from '../session.tsx';
import { SignInPage } from './sign-in-page.tsx';

export function RootPage() {
  const session = useQuery({ queryKey: ['session'], queryFn: api.session, staleTime: 60_000 });
  if (session.isPending) {
    return (
      <Center mih="100vh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <Center mih="100vh" p="md">
        <Failure error={session.error} again={() => void session.refetch()} />
      </Center>
    );
  }
  if (session.data === null) return <SignInPage />;
  return (
    <SessionContext value={session.data}>
      <Outlet />
    </SessionContext>
  );
}
