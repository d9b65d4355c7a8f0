/** A setting that is a list of pairs, as rows with two sides. */
import { ActionIcon, Button, Fieldset, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { FieldView } from '../../../src/api/contract-connections.ts';

type Pair = { from: string; to: string };
type Row = Pair & { key: number };

type CellProps = {
  label: string;
  choices: string[] | null;
  value: string;
  set: (text: string) => void;
  disabled: boolean;
};

function Cell({ label, choices, value, set, disabled }: CellProps) {
  const common = { 'aria-label': label, disabled, flex: 1, value };
  if (!choices) return <TextInput {...common} onChange={(event) => set(event.currentTarget.value)} />;
  return <Select {...common} data={choices} searchable onChange={(chosen) => set(chosen ?? '')} />;
}

type Props = {
  field: Pick<FieldView, 'label' | 'help'>;
  table: NonNullable<FieldView['table']>;
  /** What is stored. */
  pairs: readonly Pair[];
  change: (text: string) => void;
  disabled: boolean;
};

export function TableInput({ field, table, pairs, change, disabled }: Props) {
  const [rows, setRows] = useState<Row[]>(() => pairs.map((pair, key) => ({ ...pair, key })));
  const show = (next: Row[]) => {
    setRows(next);
    const whole = next.filter(({ from, to }) => from !== '' || to !== '');
    change(whole.map(({ from, to }) => `${from}=${to}`).join(', '));
  };
  const cell = (row: Row, side: 'from' | 'to', number: number) => (
    <Cell
      label={`${field.label}, row ${number}: ${table[side]}`}
      choices={side === 'from' ? table.fromChoices : table.toChoices}
      value={row[side]}
      set={(text) => show(rows.map((one) => (one === row ? { ...row, [side]: text } : one)))}
      disabled={disabled}
    />
  );
  return (
    <Fieldset legend={field.label}>
      <Stack gap="xs">
        <Text size="xs">{field.help}</Text>
        {rows.length > 0 && (
          <Text size="xs" fw={600}>
            {table.from} → {table.to}
          </Text>
        )}
        {rows.map((row, index) => (
          <Group key={row.key} gap="xs" wrap="nowrap">
            {cell(row, 'from', index + 1)}
            {cell(row, 'to', index + 1)}
            {!disabled && (
              <ActionIcon
                variant="default"
                aria-label={`Remove row ${index + 1} of ${field.label}`}
                onClick={() => show(rows.filter((one) => one !== row))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            )}
          </Group>
        ))}
        {!disabled && (
          <div>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Add a row to ${field.label}`}
              onClick={() => setRows([...rows, { from: '', to: '', key: (rows.at(-1)?.key ?? 0) + 1 }])}
            >
              Add a row
            </Button>
          </div>
        )}
      </Stack>
    </Fieldset>
  );
}
