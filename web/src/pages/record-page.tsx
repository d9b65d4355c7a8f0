/** One record: what it is, why it stopped, what belongs to it, and everything that happened, from webhook to read-back. */
import { Button, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { RecordDetail, RecordSummary } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatAmount, formatTime, KIND_LABELS, nameOf, readBackText } from '../format.ts';
import { Chain } from '../parts/chain.tsx';
import { Choices } from '../parts/choices.tsx';
import { DryRunButton } from '../parts/dry-run-button.tsx';
import { LinkForm } from '../parts/link-form.tsx';
import { Loaded, Page, Section } from '../parts/page.tsx';
import { ReasonPanel } from '../parts/reason-panel.tsx';
import { RecordTimeline, type RecordTimelineProps } from '../parts/record-timeline.tsx';
import { ReplayButton } from '../parts/replay-dialog.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { TracedFields } from '../parts/traced-fields.tsx';

function Facts({ record }: { record: RecordSummary }) {
  const facts: [name: string, value: string | null][] = [
    ['Connection', record.connectionName],
    ['Amount', record.amount === null ? null : `${formatAmount(record.amount)} ${record.currency ?? ''}`],
    ['Id in the source', record.sourceId],
    ['Copy’s number', record.counterpartNumber],
    ['First seen', formatTime(record.firstSeenAt)],
    ['Changed', formatTime(record.changedAt)],
  ];
  return (
    <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0} aria-label="Facts">
      <Table.Tbody>
        {facts.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={130} fw={400} c="dimmed" scope="row">
              {name}
            </Table.Th>
            <Table.Td>{value ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Related({ records }: { records: readonly RecordSummary[] }) {
  if (records.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing else belongs to it.
      </Text>
    );
  }
  return (
    <Stack gap={6}>
      {records.map((record) => (
        <Group key={record.id} gap="xs" wrap="nowrap">
          <StateBadge state={record.state} />
          <Link className="record-link" to="/records/$recordId" params={{ recordId: record.id }}>
            {KIND_LABELS[record.kind]} {nameOf(record)}
          </Link>
          {record.amount !== null && (
            <Text size="sm" c="dimmed">
              {formatAmount(record.amount)} {record.currency}
            </Text>
          )}
        </Group>
      ))}
    </Stack>
  );
}

/** Every page of it. */
async function readWhole(recordId: string): Promise<RecordDetail> {
  const whole = await api.record(recordId);
  while (whole.earlier !== null) {
    const { timeline, earlier } = await api.record(recordId, { before: whole.earlier });
    whole.timeline = [...timeline, ...whole.timeline];
    whole.earlier = earlier;
  }
  while (whole.fieldsLeft > 0) {
    const { fields, fieldsLeft } = await api.record(recordId, { fieldsFrom: whole.fields.length });
    whole.fields = [...whole.fields, ...fields];
    whole.fieldsLeft = fieldsLeft;
  }
  return whole;
}

function saveAsFile(detail: RecordDetail): void {
  const content = new Blob([JSON.stringify(detail, null, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = `${detail.record.kind}-${detail.record.sourceId}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

type DetailProps = { detail: RecordDetail; earlier: RecordTimelineProps['earlier'] };

function Detail({ detail, earlier }: DetailProps) {
  const { record, related, fields, fieldsLeft, recorded, timeline, chain } = detail;
  const name = nameOf(record);
  const save = useAct(() => readWhole(record.id), { failed: 'Nothing was exported', after: saveAsFile });
  return (
    <Page
      title={`${KIND_LABELS[record.kind]} ${name}`}
      note={
        <Group gap="xs">
          <StateBadge state={record.state} />
          {record.readBackAt !== null && (
            <span>Copy {readBackText({ from: record.readBackAt, to: record.readBackAt })}.</span>
          )}
        </Group>
      }
      actions={
        <>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconDownload size={15} aria-hidden />}
            loading={save.isPending}
            onClick={() => save.mutate()}
          >
            Export as JSON
          </Button>
          <DryRunButton recordId={record.id} />
          <ReplayButton request={{ recordIds: [record.id] }} label="Replay" what={name} stay />
        </>
      }
    >
      {record.reason && (
        <ReasonPanel reason={record.reason} parked={record.state === 'parked'}>
          <Choices choices={record.reason.choices ?? []} recordIds={[record.id]} about={name} />
          {record.kind === 'client' && record.state === 'parked' && <LinkForm record={record} />}
        </ReasonPanel>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title="Facts">
          <Facts record={record} />
        </Section>
        <Section title="Belongs together">
          <Related records={related} />
        </Section>
      </SimpleGrid>
      <Section title="What happened" actions={<Chain chain={chain} />}>
        <RecordTimeline entries={timeline} earlier={earlier} />
      </Section>
      <Section title="Value by value">
        <TracedFields fields={fields} left={fieldsLeft} recorded={recorded} />
      </Section>
    </Page>
  );
}

export function RecordPage() {
  const { recordId = '' } = useParams({ strict: false });
  const pages = useInfiniteQuery({
    queryKey: ['data', 'record', recordId],
    queryFn: ({ pageParam }) => api.record(recordId, { before: pageParam }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ earlier }) => earlier ?? undefined,
    select: ({ pages: all }) => ({
      newest: all[0],
      timeline: all.toReversed().flatMap(({ timeline }) => timeline),
    }),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  const earlier = hasNextPage ? { load: () => void fetchNextPage(), loading: isFetchingNextPage } : undefined;
  return (
    <Loaded query={pages} height={320}>
      {({ newest, timeline }) => newest && <Detail detail={{ ...newest, timeline }} earlier={earlier} />}
    </Loaded>
  );
}
