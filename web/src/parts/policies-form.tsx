/** How money cases are settled where there is more than one right way. */
import { Button, Select, SimpleGrid, Stack } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ConnectionFields } from '../../../src/api/contract-connections.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import type { Values } from './field-inputs.tsx';

type Props = { connectionId: string; policies: ConnectionFields['policies']; disabled: boolean };

export function PoliciesForm({ connectionId, policies, disabled }: Props) {
  const [values, setValues] = useState<Values>({});
  const save = useAct(() => api.setConnection(connectionId, { policies: values }), {
    failed: 'Nothing was changed',
    done: () => 'Saved. It counts for every look at a record from now on.',
    after: () => setValues({}),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          {policies.map((policy) => (
            <Select
              key={policy.name}
              label={policy.label}
              description={policy.help}
              data={policy.choices.map(({ value, label }) => ({
                value,
                label: value === policy.default ? `${label} (default)` : label,
              }))}
              value={values[policy.name] ?? policy.value}
              allowDeselect={false}
              disabled={disabled}
              onChange={(value) => value !== null && setValues({ ...values, [policy.name]: value })}
            />
          ))}
        </SimpleGrid>
        {!disabled && (
          <div>
            <Button
              type="submit"
              variant="default"
              loading={save.isPending}
              disabled={Object.keys(values).length === 0}
            >
              Save the policies
            </Button>
          </div>
        )}
      </Stack>
    </form>
  );
}
