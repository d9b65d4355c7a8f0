/** One line of the record list; on a phone its lesser facts move below the name. */
import { Checkbox, Group, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RecordSummary } from '../../../src/api/contract.ts';
import { formatTime, KIND_LABELS, nameOf } from '../format.ts';
import { Amount } from './amount.tsx';
import type { Selection } from './record-list.tsx';
import { StateBadge } from './state-badge.tsx';

type Props = { record: RecordSummary; changed: boolean; selection: Selection | undefined };

export function RecordRow({ record, changed, selection }: Props) {
  const name = nameOf(record);
  return (
    <Table.Tr className="record-row" data-changed={changed || undefined}>
      {selection && (
        <Table.Td>
          <Checkbox
            size="xs"
            aria-label={`Choose ${name}`}
            checked={selection.chosen.has(record.id)}
            onChange={(event) => selection.choose([record.id], event.currentTarget.checked)}
          />
        </Table.Td>
      )}
      <Table.Td visibleFrom="sm">
        <StateBadge state={record.state} plain />
      </Table.Td>
      <Table.Td visibleFrom="sm">{KIND_LABELS[record.kind]}</Table.Td>
      <Table.Td>
        <Link className="record-link" to="/records/$recordId" params={{ recordId: record.id }}>
          {name}
        </Link>
        <Group gap={6} hiddenFrom="sm">
          <StateBadge state={record.state} plain />
          <Text size="xs" c="dimmed">
            {[KIND_LABELS[record.kind], record.clientName, record.date].filter(Boolean).join(' · ')}
          </Text>
        </Group>
        {record.reason && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {record.reason.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">{record.clientName}</Table.Td>
      <Table.Td visibleFrom="md" style={{ whiteSpace: 'nowrap' }}>
        {record.date}
      </Table.Td>
      <Table.Td className="amount">
        <Amount amount={record.amount} currency={record.currency} />
      </Table.Td>
      <Table.Td visibleFrom="md">{record.counterpartNumber}</Table.Td>
      <Table.Td visibleFrom="sm" style={{ whiteSpace: 'nowrap' }}>
        <time dateTime={record.changedAt}>{formatTime(record.changedAt)}</time>
      </Table.Td>
    </Table.Tr>
  );
}
