/** What differs between two states, before and after. */
import { Table, Text } from '@mantine/core';
import type { Change } from '../diff.ts';

export function ChangesTable({ changes, label }: { changes: readonly Change[]; label: string }) {
  if (changes.length === 0) return <Text size="sm">Nothing differs.</Text>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      <Table miw={420} aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Td className="path">{path}</Table.Td>
              <Table.Td className={before === undefined ? undefined : 'before'}>{before ?? '–'}</Table.Td>
              <Table.Td className={after === undefined ? undefined : 'after'}>{after ?? '–'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
