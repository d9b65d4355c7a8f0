/** Who did what: to the installation, or to one connection. */
import { Select, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditPage } from '../../../src/api/contract-people.ts';
import { api } from '../api.ts';
import { formatTime } from '../format.ts';
import { AuditCheck } from '../parts/audit-check.tsx';
import { BrokenChain } from '../parts/chain.tsx';
import { Loaded, Page } from '../parts/page.tsx';

function Entries({ page }: { page: AuditPage }) {
  return (
    <section className="surface" aria-label="Entries">
      {!page.chainIntact && <BrokenChain why={page.chainFault} />}
      {page.entries.length === 0 && (
        <Text p="md" c="dimmed" size="sm">
          Nothing has been done yet.
        </Text>
      )}
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={{ base: 110, sm: 180 }}>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {page.entries.map((entry) => (
            <Table.Tr key={entry.position}>
              <Table.Td>
                <time dateTime={entry.at}>{formatTime(entry.at)}</time>
              </Table.Td>
              <Table.Td>{entry.actor}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{entry.summary}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

export function HistoryPage() {
  const [connection, setConnection] = useState<string>();
  const connections = useQuery({ queryKey: ['data', 'connections'], queryFn: api.connections });
  const audit = useQuery({ queryKey: ['audit', connection], queryFn: () => api.audit(connection) });
  return (
    <Page
      title="History"
      note="Every decision with who took it. What happened to a record stands on its own page."
      actions={
        <Select
          aria-label="About what"
          data={(connections.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          placeholder="The installation"
          clearable
          clearButtonProps={{ 'aria-label': 'The installation' }}
          value={connection ?? null}
          onChange={(value) => setConnection(value ?? undefined)}
        />
      }
    >
      <AuditCheck />
      <Loaded query={audit}>{(page) => <Entries page={page} />}</Loaded>
    </Page>
  );
}
