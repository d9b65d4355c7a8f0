/** All connections, and the way to a new one. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconArrowRight, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ConnectionView } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatCount, formatDuration, STATE_WORDS } from '../format.ts';
import { Loaded, Page } from '../parts/page.tsx';
import { PauseSwitch } from '../parts/pause-switch.tsx';
import { SharedAccounts } from '../parts/shared-accounts.tsx';
import { TurnedAway } from '../parts/turned-away.tsx';
import { useMay } from '../session.tsx';

function pollingOf({ pollCron, pollIntervalSeconds }: ConnectionView): string {
  if (pollCron !== null) return `polling by schedule ${pollCron} (UTC)`;
  return pollIntervalSeconds === 0 ? 'polling off' : `polling every ${formatDuration(pollIntervalSeconds)}`;
}

function Card({ connection }: { connection: ConnectionView }) {
  const { counts } = connection;
  return (
    <article className="surface" aria-label={connection.name}>
      <Group justify="space-between" p="sm" gap="xs">
        <Stack gap={4}>
          <Group gap="xs">
            <Link
              to="/connections/$connectionId"
              params={{ connectionId: connection.id }}
              className="record-link"
            >
              {connection.name}
            </Link>
            <Badge variant="light" color={connection.state === 'paused' ? 'orange' : 'teal'}>
              {connection.state === 'paused' ? 'Paused' : 'Active'}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {connection.sourceLabel}{' '}
            <IconArrowRight size={14} aria-label="to" style={{ verticalAlign: 'text-bottom' }} />{' '}
            {connection.destinationLabel} · webhooks {connection.webhooksEnabled ? 'on' : 'off'} ·{' '}
            {pollingOf(connection)}
          </Text>
          {connection.pauseReason !== null && <Text size="sm">{connection.pauseReason}</Text>}
          <Text size="sm">
            {(['synced', 'pending', 'parked', 'ignored'] as const)
              .map((state) => `${formatCount(counts[state])} ${STATE_WORDS[state].label.toLowerCase()}`)
              .join(', ')}
          </Text>
        </Stack>
        <PauseSwitch connection={connection} />
      </Group>
    </article>
  );
}

export function ConnectionsPage() {
  const connections = useQuery({ queryKey: ['data', 'connections'], queryFn: api.connections });
  const [mayConnect, mayOperate] = [useMay('admin'), useMay('operator')];
  return (
    <Page
      title="Connections"
      note="Each ties the books you invoice in to the system you bill in."
      actions={
        mayConnect && (
          <Button
            component={Link}
            to="/connect"
            size="compact-sm"
            leftSection={<IconPlus size={15} aria-hidden />}
          >
            New connection
          </Button>
        )
      }
    >
      <Loaded query={connections}>
        {(all) =>
          all.length === 0 ? (
            <Text c="dimmed">There is no connection yet.</Text>
          ) : (
            all.map((connection) => <Card key={connection.id} connection={connection} />)
          )
        }
      </Loaded>
      <SharedAccounts />
      {mayOperate && <TurnedAway />}
    </Page>
  );
}
