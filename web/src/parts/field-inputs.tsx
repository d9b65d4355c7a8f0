/** The fields of a system as inputs, from its own description of them. */
import { PasswordInput, Select, Stack, Text, TextInput } from '@mantine/core';
import type { FieldView } from '../../../src/api/contract-connections.ts';
import { TableInput } from './table-input.tsx';

export type Values = Record<string, string>;

type Props = {
  fields: readonly (FieldView & {
    value?: string | null;
    pairs?: { from: string; to: string }[] | null;
    isSet?: boolean;
  })[];
  /** What was typed; a field that nobody touched keeps what is stored. */
  values: Values;
  change: (values: Values) => void;
  disabled?: boolean;
};

type OneProps = Omit<Props, 'fields'> & { field: Props['fields'][number] };

function FieldInput({ field, values, change, disabled = false }: OneProps) {
  const common = { label: field.label, description: field.help, disabled };
  const value = values[field.name] ?? field.value ?? field.default ?? '';
  const set = (text: string) => change({ ...values, [field.name]: text });
  if (field.table)
    return (
      <TableInput
        field={field}
        table={field.table}
        pairs={field.pairs ?? []}
        change={set}
        disabled={disabled}
      />
    );
  if (field.choices) {
    return (
      <Select
        {...common}
        data={field.choices}
        value={value}
        allowDeselect={false}
        onChange={(chosen) => set(chosen ?? '')}
      />
    );
  }
  const isKept = field.secret && field.isSet === true;
  const Input = field.secret ? PasswordInput : TextInput;
  return (
    <Input
      {...common}
      required={field.required && !isKept}
      placeholder={isKept ? 'stored; type to replace it' : ''}
      autoComplete="off"
      value={field.secret ? (values[field.name] ?? '') : value}
      onChange={(event) => set(event.currentTarget.value)}
      {...(field.secret
        ? { visibilityToggleButtonProps: { 'aria-label': `Show or hide: ${field.label}` } }
        : {})}
    />
  );
}

/** Needed ones first; the others, with sensible defaults, behind a fold. */
export function FieldInputs({ fields, ...rest }: Props) {
  const [needed, others] = [
    fields.filter((field) => field.required),
    fields.filter((field) => !field.required),
  ];
  const inputs = (some: Props['fields']) =>
    some.map((field) => <FieldInput key={field.name} field={field} {...rest} />);
  return (
    <Stack gap="sm">
      {inputs(needed)}
      {others.length > 0 && (
        <details>
          <summary>
            <Text component="span" size="sm">
              More settings; each has a sensible default
            </Text>
          </summary>
          <Stack gap="sm" mt="sm">
            {inputs(others)}
          </Stack>
        </details>
      )}
    </Stack>
  );
}
