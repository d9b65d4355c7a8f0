/** One record beside the list: what it is, why it stopped, and everything that happened to it. */
import { Alert, Drawer, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconShieldX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { RecordDetail, RecordSummary } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatAmount, formatTime, KIND_LABELS } from '../format.ts';
import { Failure } from './failure.tsx';
import { ReasonPanel } from './reason-panel.tsx';
import { RecordTimeline } from './record-timeline.tsx';
import { ReplayButton } from './replay-button.tsx';
import { StateBadge } from './state-badge.tsx';

function Facts({ record }: { record: RecordSummary }) {
  const facts: [name: string, value: string | null][] = [
    ['Connection', record.connectionName],
    ['Amount', record.amount === null ? null : `${formatAmount(record.amount)} ${record.currency ?? ''}`],
    ['Id in the source', record.sourceId],
    ["Copy's number", record.counterpartNumber],
    ['First seen', formatTime(record.firstSeenAt)],
    ['Changed', formatTime(record.changedAt)],
  ];
  return (
    <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0}>
      <Table.Tbody>
        {facts.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={130} fw={400} c="dimmed">
              {name}
            </Table.Th>
            <Table.Td>{value ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Detail({ detail }: { detail: RecordDetail }) {
  const { record, timeline, chainIntact } = detail;
  return (
    <Stack gap="md" pb="xl">
      <Group justify="space-between">
        <Group gap="xs">
          <StateBadge state={record.state} />
          <Text size="sm">{KIND_LABELS[record.kind]}</Text>
        </Group>
        <ReplayButton
          request={{ recordIds: [record.id] }}
          label="Replay"
          what={record.label || record.sourceId}
        />
      </Group>
      {!chainIntact && (
        <Alert
          color="red"
          variant="light"
          icon={<IconShieldX />}
          title="This history has been altered"
          role="alert"
        >
          The entries below no longer add up to the seal that was made when they were written. Do not rely on
          them; compare with a backup.
        </Alert>
      )}
      {record.reason && <ReasonPanel reason={record.reason} parked={record.state === 'parked'} />}
      <Facts record={record} />
      <Title order={3} size="h5">
        What happened
      </Title>
      <RecordTimeline entries={timeline} />
    </Stack>
  );
}

export function RecordDrawer({ recordId, close }: { recordId: string | undefined; close: () => void }) {
  const detail = useQuery({
    queryKey: ['data', 'record', recordId],
    queryFn: () => api.record(recordId ?? ''),
    enabled: recordId !== undefined,
  });
  const title = detail.data?.record.label ?? 'Record';
  return (
    <Drawer
      opened={recordId !== undefined}
      onClose={close}
      position="right"
      size="lg"
      title={
        <Text component="span" fw={600} size="lg">
          {title}
        </Text>
      }
    >
      {detail.isPending && <Skeleton h={240} />}
      {detail.isError && <Failure error={detail.error} again={() => void detail.refetch()} />}
      {detail.data && <Detail detail={detail.data} />}
    </Drawer>
  );
}
