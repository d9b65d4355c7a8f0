/** What waits for a person, grouped by reason, in plain words and with what it is worth. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ParkedGroup, RecordSummary } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatAmount, formatCount, formatTime, KIND_LABELS, nameOf } from '../format.ts';
import { Choices } from '../parts/choices.tsx';
import { DryRunButton } from '../parts/dry-run-button.tsx';
import { Loaded, Page } from '../parts/page.tsx';
import { ReasonPanel } from '../parts/reason-panel.tsx';
import { ReplayButton } from '../parts/replay-dialog.tsx';

const SHOWN = 5;

/** "number-taken" -> "Number taken" */
function wordsOf(code: string): string {
  return code.replaceAll('-', ' ').replace(/^./, (first) => first.toUpperCase());
}

function Example({ record }: { record: RecordSummary }) {
  return (
    <Stack gap={4}>
      <Link className="record-link" to="/records/$recordId" params={{ recordId: record.id }}>
        {KIND_LABELS[record.kind]} {nameOf(record)}
        {record.amount !== null && ` · ${formatAmount(record.amount)} ${record.currency ?? ''}`}
      </Link>
      {record.reason && (
        <ReasonPanel reason={record.reason} parked>
          <Group gap="xs">
            <Choices choices={record.reason.choices ?? []} recordIds={[record.id]} about={nameOf(record)} />
            <DryRunButton recordId={record.id} />
          </Group>
        </ReasonPanel>
      )}
    </Stack>
  );
}

/** Choices that every one of these offers alike; those with an argument are for one record only. */
function commonChoices(records: readonly RecordSummary[]) {
  const [first, ...others] = records.map(({ reason }) => reason?.choices ?? []);
  return (first ?? []).filter(
    ({ choice, argument, asks }) =>
      argument === undefined &&
      asks === undefined &&
      others.every((choices) => choices.some((one) => one.choice === choice)),
  );
}

function ForAll({ records, about }: { records: readonly RecordSummary[]; about: string }) {
  const choices = commonChoices(records);
  if (records.length < 2 || choices.length === 0) return null;
  return (
    <Group gap="xs">
      <Text size="sm">For {records.length === 1 ? 'it' : `all ${records.length} of these`}:</Text>
      <Choices choices={choices} recordIds={records.map(({ id }) => id)} about={about} />
    </Group>
  );
}

function Examples({ code, about }: { code: string; about: string }) {
  const filter = { state: 'parked', reason: code } as const;
  const page = useQuery({
    queryKey: ['data', 'records', filter, 'examples'],
    queryFn: () => api.records(filter, undefined),
  });
  return (
    <Loaded query={page}>
      {({ records }) => (
        <Stack gap="md">
          <ForAll records={records} about={about} />
          {records.slice(0, SHOWN).map((record) => (
            <Example key={record.id} record={record} />
          ))}
        </Stack>
      )}
    </Loaded>
  );
}

/** Folded: nobody has to decide anything here. */
function Following({ following: { count, records } }: { following: ParkedGroup['following'] }) {
  if (count === 0) return null;
  return (
    <details>
      <summary>
        <Text component="span" size="sm">
          {count === 1 ? 'One record waits' : `${formatCount(count)} records wait`} for{' '}
          {count === 1 ? 'it' : 'them'} and {count === 1 ? 'goes' : 'go'} on by{' '}
          {count === 1 ? 'itself' : 'themselves'}
        </Text>
      </summary>
      <Stack gap={4} pt="xs">
        {records.map((record) => (
          <Link
            key={record.id}
            className="record-link"
            to="/records/$recordId"
            params={{ recordId: record.id }}
          >
            {KIND_LABELS[record.kind]} {nameOf(record)}
            {record.clientName !== null && ` · ${record.clientName}`}
            {record.amount !== null && ` · ${formatAmount(record.amount)} ${record.currency ?? ''}`}
          </Link>
        ))}
        {count > records.length && (
          <Text size="sm" c="dimmed">
            … and {formatCount(count - records.length)} more
          </Text>
        )}
      </Stack>
    </details>
  );
}

function ReasonGroup({ group }: { group: ParkedGroup }) {
  const filter = { state: 'parked', reason: group.code } as const;
  return (
    <section className="surface" aria-label={wordsOf(group.code)}>
      <Stack gap="sm" p="sm">
        <Group justify="space-between" align="flex-start" gap="xs">
          <Group gap="xs" align="baseline">
            <Badge variant="light" color="orange">
              {formatCount(group.count)}
            </Badge>
            <Text component="h2" fw={600}>
              {wordsOf(group.code)}
            </Text>
          </Group>
          <Group gap="xs">
            <ReplayButton
              request={{ filter }}
              label={group.count === 1 ? 'Replay it' : `Replay all ${formatCount(group.count)}`}
              what={`Everything that waits for this reason (${group.code})`}
            />
          </Group>
        </Group>
        <Text size="sm" c="dimmed">
          {group.sums.map(({ currency, amount }) => `${formatAmount(amount)} ${currency}`).join(' · ')}
          {group.sums.length > 0 && ' · '}
          waiting since {formatTime(group.oldestAt)}
        </Text>
        <Examples code={group.code} about={wordsOf(group.code)} />
        <Following following={group.following} />
        {group.count > SHOWN && (
          <div>
            <Button
              renderRoot={(props) => <Link to="/records" search={filter} {...props} />}
              size="compact-sm"
              variant="default"
            >
              Show all {formatCount(group.count)}
            </Button>
          </div>
        )}
      </Stack>
    </section>
  );
}

export function ParkedPage() {
  const groups = useQuery({ queryKey: ['data', 'parked'], queryFn: () => api.parked() });
  return (
    <Page
      title="Parked"
      note="Whatever cannot be copied without a decision waits here, untouched, until somebody decides."
    >
      <Loaded query={groups}>
        {(loaded) =>
          loaded.length === 0 ? (
            <Text c="dimmed">Nothing is parked. You can go home.</Text>
          ) : (
            loaded.map((group) => <ReasonGroup key={group.code} group={group} />)
          )
        }
      </Loaded>
    </Page>
  );
}
