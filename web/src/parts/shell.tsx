/** The frame of all pages: name, ways to the other pages, whether the page is live, colours, who is signed in. */
import {
  ActionIcon,
  Badge,
  Container,
  Group,
  Menu,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { IconMoon, IconSun, IconUserCircle } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatCount, timeZone } from '../format.ts';
import { type LiveState, POLL_MS } from '../live.ts';
import { useMay, useSession } from '../session.tsx';
import { STATUS } from '../status.ts';

function ColourSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon variant="default" aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)}>
        {other === 'light' ? <IconSun size={17} /> : <IconMoon size={17} />}
      </ActionIcon>
    </Tooltip>
  );
}

function LiveBadge({ live }: { live: boolean }) {
  const explanation = live
    ? `Changes appear here by themselves. Times are in ${timeZone}.`
    : `The live connection is down; the page asks every ${POLL_MS / 1000} seconds. Times are in ${timeZone}.`;
  return (
    <Tooltip label={explanation}>
      <Badge
        variant="light"
        color={live ? 'teal' : 'gray'}
        tabIndex={0}
        aria-live="polite"
        style={{ flexShrink: 0 }}
      >
        {live ? 'Live' : 'Not live'}
      </Badge>
    </Tooltip>
  );
}

function Account() {
  const { email, role } = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const end = () => {
    client.removeQueries({ queryKey: ['data'] });
    client.setQueryData(['session'], null);
  };
  const signOut = useAct(api.signOut, { failed: 'Not signed out', after: end });
  const everywhere = useAct(api.signOutEverywhere, { failed: 'Not signed out', after: end });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" aria-label={`Account of ${email}`}>
          <IconUserCircle size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Text size="sm" px="sm" py={6}>
          {email}
          <Text size="xs" c="dimmed" component="span" display="block">
            Signed in as {role}
          </Text>
        </Text>
        <Menu.Item onClick={() => void navigate({ to: '/account' })}>Change password</Menu.Item>
        <Menu.Item onClick={() => signOut.mutate()}>Sign out</Menu.Item>
        <Menu.Item onClick={() => everywhere.mutate()}>Sign out everywhere</Menu.Item>
        <Menu.Item component="a" href="/api/docs" target="_blank" rel="noreferrer">
          API documentation
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Ways() {
  const status = useQuery(STATUS);
  const mayManage = useMay('admin');
  const parked = status.data?.toDecide ?? 0;
  return (
    <nav aria-label="Pages" className="ways">
      <Link to="/" activeOptions={{ exact: true }}>
        Overview
      </Link>
      <Link to="/records" search={{}}>
        Records
      </Link>
      <Link to="/parked">
        Parked
        {parked > 0 && (
          <>
            {' '}
            <Badge size="sm" variant="light" color="orange" component="span">
              {formatCount(parked)}
            </Badge>
          </>
        )}
      </Link>
      <Link to="/replays">Replays</Link>
      <Link to="/connections">Connections</Link>
      {mayManage && <Link to="/people">People</Link>}
      <Link to="/history">History</Link>
    </nav>
  );
}

export function Shell({ live, children }: { live: LiveState; children: ReactNode }) {
  return (
    <>
      <a href="#content" className="skip">
        Skip to the content
      </a>
      <header className="bar">
        <Container size={1360} px={{ base: 'xs', sm: 'md' }}>
          <Group justify="space-between" wrap="nowrap" gap="sm">
            <Group gap="sm" wrap="nowrap" miw={0} flex="1 1 0" style={{ overflow: 'hidden' }}>
              <Text component={Link} to="/" fw={650} className="brand" visibleFrom="sm">
                ml-connector
              </Text>
              <Ways />
            </Group>
            <Group gap="xs" wrap="nowrap">
              <LiveBadge live={live.connected} />
              <ColourSwitch />
              <Account />
            </Group>
          </Group>
        </Container>
      </header>
      <Container component="main" id="content" size={1360} px={{ base: 'xs', sm: 'md' }} py="md">
        {children}
      </Container>
    </>
  );
}
