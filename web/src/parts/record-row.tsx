/** One line of the record list; on a phone its lesser facts move below the name. */
import { Group, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RecordSummary } from '../../../src/api/contract.ts';
import type { RecordFilter } from '../api.ts';
import { formatAmount, formatTime, KIND_LABELS } from '../format.ts';
import { StateBadge } from './state-badge.tsx';

type Props = {
  record: RecordSummary;
  filter: RecordFilter;
  open: boolean;
  changed: boolean;
  show: (recordId: string) => void;
};

export function RecordRow({ record, filter, open, changed, show }: Props) {
  return (
    <Table.Tr
      className="record-row"
      data-open={open || undefined}
      data-changed={changed || undefined}
      onClick={() => show(record.id)}
    >
      <Table.Td visibleFrom="sm">
        <StateBadge state={record.state} />
      </Table.Td>
      <Table.Td visibleFrom="sm">{KIND_LABELS[record.kind]}</Table.Td>
      <Table.Td>
        <Link
          className="record-link"
          to="/"
          search={{ ...filter, record: record.id }}
          onClick={(event) => event.stopPropagation()}
        >
          {record.label || record.sourceId}
        </Link>
        <Group gap={6} hiddenFrom="sm">
          <StateBadge state={record.state} />
          <Text size="xs" c="dimmed">
            {KIND_LABELS[record.kind]} · {formatTime(record.changedAt)}
          </Text>
        </Group>
        {record.reason && (
          <Text size="xs" c="dimmed" lineClamp={1}>
            {record.reason.message}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="amount">
        {record.amount !== null && (
          <>
            {formatAmount(record.amount)}{' '}
            <Text component="span" size="xs" c="dimmed">
              {record.currency}
            </Text>
          </>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md">{record.counterpartNumber}</Table.Td>
      <Table.Td visibleFrom="sm" style={{ whiteSpace: 'nowrap' }}>
        <time dateTime={record.changedAt}>{formatTime(record.changedAt)}</time>
      </Table.Td>
    </Table.Tr>
  );
}
