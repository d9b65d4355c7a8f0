/** The connections as compact cards: both sides, state, counts, last sign of life, pause and resume. */
import { Badge, Box, Button, Group, Skeleton, Stack, Text, Title, Tooltip } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ConnectionView } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatCount, formatTime, STATE_WORDS } from '../format.ts';
import { Failure } from './failure.tsx';
import { PauseSwitch } from './pause-switch.tsx';

type Choice = { chosen: string | undefined; choose: (connectionId: string) => void };

function Counts({ counts }: { counts: ConnectionView['counts'] }) {
  return (
    <Group gap="md">
      {(['synced', 'pending', 'parked', 'ignored'] as const).map((state) => (
        <Tooltip key={state} label={STATE_WORDS[state].meaning}>
          <Text size="sm" component="span">
            <Text component="span" className="count" fw={600} inherit>
              {formatCount(counts[state])}
            </Text>{' '}
            <Text component="span" c="dimmed" inherit>
              {STATE_WORDS[state].label.toLowerCase()}
            </Text>
          </Text>
        </Tooltip>
      ))}
    </Group>
  );
}

function ConnectionCard({ connection, chosen, choose }: Choice & { connection: ConnectionView }) {
  const paused = connection.state === 'paused';
  const isChosen = chosen === connection.id;
  return (
    <Box
      component="article"
      p="sm"
      style={{ borderTop: '1px solid var(--line)' }}
      aria-label={connection.name}
    >
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={3} miw={0}>
          <Group gap="xs">
            <Text fw={600}>{connection.name}</Text>
            <Badge variant="light" color={paused ? 'orange' : 'teal'}>
              {paused ? 'Paused' : 'Active'}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {connection.sourceLabel}{' '}
            <IconArrowRight size={14} aria-label="to" style={{ verticalAlign: 'text-bottom' }} />{' '}
            {connection.destinationLabel}
          </Text>
        </Stack>
        <Group gap="xs" wrap="nowrap">
          <Button
            size="compact-sm"
            variant={isChosen ? 'light' : 'subtle'}
            aria-pressed={isChosen}
            onClick={() => choose(connection.id)}
          >
            Only this
          </Button>
          <PauseSwitch connection={connection} />
        </Group>
      </Group>
      {connection.pauseReason !== null && (
        <Text size="sm" mt={4}>
          {connection.pauseReason}
        </Text>
      )}
      <Group justify="space-between" mt={6} gap={4}>
        <Counts counts={connection.counts} />
        <Tooltip label="When the source, or our own look at it, last told us about a change.">
          <Text size="xs" c="dimmed">
            Last event{' '}
            {connection.lastEventAt === null ? (
              'never'
            ) : (
              <time dateTime={connection.lastEventAt}>{formatTime(connection.lastEventAt)}</time>
            )}
          </Text>
        </Tooltip>
      </Group>
    </Box>
  );
}

export function Connections({ chosen, choose }: Choice) {
  const connections = useQuery({ queryKey: ['data', 'connections'], queryFn: api.connections });
  return (
    <section className="surface" aria-labelledby="connections-title">
      <Title order={2} size="h5" id="connections-title" p="sm">
        Connections
      </Title>
      {connections.isPending && <Skeleton h={84} m="sm" w="auto" />}
      {connections.isError && <Failure error={connections.error} again={() => void connections.refetch()} />}
      {connections.data?.length === 0 && (
        <Text p="sm" c="dimmed" size="sm">
          There is no connection yet. Make one on the command line with <code>ml-connector connect</code>.
        </Text>
      )}
      {connections.data?.map((connection) => (
        <ConnectionCard key={connection.id} connection={connection} chosen={chosen} choose={choose} />
      ))}
    </section>
  );
}
