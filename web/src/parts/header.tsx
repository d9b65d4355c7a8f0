/** The bar at the top: name, whether the page is live, dark or light, who is signed in, sign out. */
import {
  ActionIcon,
  Badge,
  Button,
  Container,
  Group,
  Text,
  Title,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLogout, IconMoon, IconSun } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../api.ts';
import { timeZone } from '../format.ts';
import { POLL_MS } from '../live.ts';
import { useSession } from '../session.tsx';

function ColourSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon
        variant="default"
        size="md"
        aria-label={`Use ${other} colours`}
        onClick={() => setColorScheme(other)}
      >
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
        miw={live ? 48 : 72}
        tabIndex={0}
        aria-live="polite"
      >
        {live ? 'Live' : 'Not live'}
      </Badge>
    </Tooltip>
  );
}

export function Header({ live }: { live: boolean }) {
  const { email, role } = useSession();
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: api.signOut,
    onSuccess: () => {
      client.removeQueries({ queryKey: ['data'] });
      client.setQueryData(['session'], null);
    },
    onError: (error) => notifications.show({ color: 'red', title: 'Not signed out', message: error.message }),
  });
  return (
    <header style={{ background: 'var(--surface)', borderBottom: '1px solid var(--line)' }}>
      <Container size={1360} px={{ base: 'xs', sm: 'md' }} py={8}>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="sm" wrap="nowrap">
            <Title order={1} size="h4" style={{ whiteSpace: 'nowrap' }}>
              ml-connector
            </Title>
            <LiveBadge live={live} />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Tooltip label={`Signed in as ${email}, ${role}`}>
              <Text size="sm" c="dimmed" truncate maw={260} visibleFrom="sm">
                {email}
              </Text>
            </Tooltip>
            <ColourSwitch />
            <Button
              variant="default"
              size="compact-sm"
              visibleFrom="sm"
              leftSection={<IconLogout size={15} />}
              loading={signOut.isPending}
              onClick={() => signOut.mutate()}
            >
              Sign out
            </Button>
            <ActionIcon
              variant="default"
              hiddenFrom="sm"
              aria-label={`Sign out ${email}`}
              loading={signOut.isPending}
              onClick={() => signOut.mutate()}
            >
              <IconLogout size={17} />
            </ActionIcon>
          </Group>
        </Group>
      </Container>
    </header>
  );
}
