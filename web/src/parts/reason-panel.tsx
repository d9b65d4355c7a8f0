/** Why a record stopped, in plain words: the problems, the figures of both sides, and the way out. */
import { Alert, Code, List, Stack, Table, Text } from '@mantine/core';
import { IconHandStop, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Reason } from '../../../src/api/contract.ts';

type Props = { reason: Reason; parked: boolean; children?: ReactNode };

export function ReasonPanel({ reason, parked, children }: Props) {
  const { problems = [], figures = [] } = reason;
  return (
    <Alert
      color={parked ? 'orange' : 'gray'}
      variant="light"
      icon={parked ? <IconHandStop aria-hidden /> : <IconInfoCircle aria-hidden />}
      title={reason.message}
    >
      <Stack gap="sm">
        {problems.length > 0 && (
          <List size="sm" spacing={2}>
            {problems.map(({ field, value, rule }) => (
              <List.Item key={`${field} ${rule}`}>
                <Code>{field}</Code> is {value === '' ? 'empty' : <Code>{value}</Code>}: {rule}
              </List.Item>
            ))}
          </List>
        )}
        {figures.length > 0 && (
          <Table verticalSpacing={3} aria-label="Figures of both sides">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Figure</Table.Th>
                <Table.Th className="amount">Source</Table.Th>
                <Table.Th className="amount">Copy</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {figures.map(({ name, source, destination }) => (
                <Table.Tr key={name}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td className="amount">{source}</Table.Td>
                  <Table.Td className="amount">{destination}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {reason.wayOut !== undefined && (
          <Text size="sm">
            <Text component="span" fw={600} inherit>
              Way out:{' '}
            </Text>
            {reason.wayOut}
          </Text>
        )}
        {children}
      </Stack>
    </Alert>
  );
}
