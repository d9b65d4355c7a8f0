/** Side by side: where each value stood in the source, in our common form, and in what was sent. */
import { Table, Text, Tooltip } from '@mantine/core';
import type { TracedField } from '../../../src/api/contract.ts';

function Place({ at, recorded = true }: { at: TracedField['source']; recorded?: boolean }) {
  if (at === null) return <Text c="dimmed">{recorded ? '–' : 'not recorded'}</Text>;
  return (
    <>
      <div className="path">{at.path}</div>
      <div>{at.value}</div>
    </>
  );
}

type Props = {
  fields: readonly TracedField[];
  /** How many more there are. */
  left: number;
  /** Whether the mapping said where values stood; a record that was mapped by an older edition has it from its next change on. */
  recorded: { source: boolean; destination: boolean };
};

export function TracedFields({ fields, left, recorded }: Props) {
  if (fields.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing has been carried over yet.
      </Text>
    );
  }
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Values side by side">
      <Table miw={640} striped>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>In the source</Table.Th>
            <Table.Th>
              <Tooltip label="The form that every source is brought into, before it is written for the destination.">
                <span tabIndex={0}>Common form</span>
              </Tooltip>
            </Table.Th>
            <Table.Th>
              <Tooltip label="As the mapping recorded it; a value that is not sent, or not under a member of its own, has no place here.">
                <span tabIndex={0}>As it was sent</span>
              </Tooltip>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map(({ field, value, source, destination }) => (
            <Table.Tr key={field}>
              <Table.Td>
                <Place at={source} recorded={recorded.source} />
              </Table.Td>
              <Table.Td>
                <Place at={{ path: field, value }} />
              </Table.Td>
              <Table.Td>
                <Place at={destination} recorded={recorded.destination} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {left > 0 && (
        <Text size="sm" c="dimmed">
          {left} more values are in the export.
        </Text>
      )}
    </div>
  );
}
