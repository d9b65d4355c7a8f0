/** Side by side: where each value stood in the source, in our common form, and in what was sent. */
import { Table, Text, Tooltip } from '@mantine/core';
import type { TracedField } from '../../../src/api/contract.ts';

function Place({ at }: { at: TracedField['source'] }) {
  if (at === null) return <Text c="dimmed">–</Text>;
  return (
    <>
      <div className="path">{at.path}</div>
      <div>{at.value}</div>
    </>
  );
}

export function TracedFields({ fields }: { fields: readonly TracedField[] }) {
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
              <Tooltip label="Found by the value: a value that was changed on the way has no place here.">
                <span tabIndex={0}>As it was sent</span>
              </Tooltip>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map(({ field, value, source, destination }) => (
            <Table.Tr key={field}>
              <Table.Td>
                <Place at={source} />
              </Table.Td>
              <Table.Td>
                <Place at={{ path: field, value }} />
              </Table.Td>
              <Table.Td>
                <Place at={destination} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
