/** Calls of the source that were turned away at the door, and why: for finding out what a sender does differently. */
import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { formatCount, formatTime } from '../format.ts';
import { Loaded, Section } from './page.tsx';

export function TurnedAway() {
  const rejections = useQuery({ queryKey: ['rejections'], queryFn: api.rejections });
  const overview = useQuery({ queryKey: ['status'], queryFn: api.status });
  return (
    <Section title="Calls that were turned away">
      {(overview.data?.refused ?? []).map(({ connection, cause, count, lastAt }) => (
        <Text size="sm" c="dimmed" key={`${connection} ${cause}`}>
          {formatCount(count)} × {cause.replaceAll('-', ' ')} (
          {connection ?? 'sent to an address that is not ours'}), the last on {formatTime(lastAt)}. The newest
          of each kind are kept.
        </Text>
      ))}
      <Loaded query={rejections}>
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed">
              None. A call with a wrong signature, or for an address that is not ours, would stand here.
            </Text>
          ) : (
            <div className="scroll" tabIndex={0} role="region" aria-label="Turned-away calls">
              <Table miw={480}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th w={180}>When</Table.Th>
                    <Table.Th>Why</Table.Th>
                    <Table.Th>Answer</Table.Th>
                    <Table.Th>What it said</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map(({ id, at, cause, status, body }) => (
                    <Table.Tr key={id}>
                      <Table.Td>
                        <time dateTime={at}>{formatTime(at)}</time>
                      </Table.Td>
                      <Table.Td>{cause.replaceAll('-', ' ')}</Table.Td>
                      <Table.Td>{status}</Table.Td>
                      <Table.Td className="path">{body?.slice(0, 200)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Loaded>
    </Section>
  );
}
