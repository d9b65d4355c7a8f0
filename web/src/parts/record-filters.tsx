/** Filters of the record list; they live in the address, so a view can be sent to a colleague. */
import { Button, CloseButton, Group, Pill, Select, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, type RecordFilter } from '../api.ts';
import { KIND_LABELS, STATE_WORDS } from '../format.ts';
import { ReplayButton } from './replay-button.tsx';

type Props = { filter: RecordFilter; change: (next: RecordFilter) => void };

const STATES = Object.entries(STATE_WORDS).map(([value, { label }]) => ({ value, label }));
const KINDS = Object.entries(KIND_LABELS).map(([value, label]) => ({ value, label }));

function SearchField({ filter, change }: Props) {
  const [typed, setTyped] = useState(filter.search ?? '');
  const apply = useDebouncedCallback((text: string) => change({ ...filter, search: text }), 300);
  // Back and forward in the browser change the address without typing.
  useEffect(() => setTyped(filter.search ?? ''), [filter.search]);
  const set = (text: string) => {
    setTyped(text);
    apply(text);
  };
  return (
    <TextInput
      type="search"
      aria-label="Search by number, name or id"
      placeholder="Number, name or id"
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        typed !== '' && <CloseButton size="sm" aria-label="Clear the search" onClick={() => set('')} />
      }
      value={typed}
      onChange={(event) => set(event.currentTarget.value)}
      size="sm"
      flex="1 1 200px"
      maw={{ sm: 320 }}
    />
  );
}

function ReasonPill({ code, remove }: { code: string; remove: () => void }) {
  const status = useQuery({ queryKey: ['data', 'status'], queryFn: api.status });
  const group = status.data?.parkedByReason.find((candidate) => candidate.code === code);
  return (
    <Pill
      withRemoveButton
      maw={320}
      removeButtonProps={{ 'aria-label': 'Show all reasons', 'aria-hidden': false, tabIndex: 0 }}
      onRemove={remove}
    >
      {group?.message ?? code}
    </Pill>
  );
}

export function RecordFilters({ filter, change }: Props) {
  const { state, kind, ...others } = filter;
  const active = Object.values(filter).some((value) => value !== undefined);
  return (
    <Group p="sm" gap="sm">
      <Title order={2} size="h5" mr="auto">
        Records
      </Title>
      {others.reason !== undefined && (
        <ReasonPill
          code={others.reason}
          remove={() => {
            const { reason: _, ...rest } = filter;
            change(rest);
          }}
        />
      )}
      <SearchField filter={filter} change={change} />
      <Select
        aria-label="State"
        placeholder="Any state"
        data={STATES}
        value={state ?? null}
        onChange={(value) => {
          const next = { ...others, ...(kind === undefined ? {} : { kind }) };
          change(value === null ? next : { ...next, state: value as NonNullable<RecordFilter['state']> });
        }}
        clearable
        clearButtonProps={{ 'aria-label': 'Any state' }}
        w={140}
      />
      <Select
        aria-label="Kind"
        placeholder="Any kind"
        data={KINDS}
        value={kind ?? null}
        onChange={(value) => {
          const next = { ...others, ...(state === undefined ? {} : { state }) };
          change(value === null ? next : { ...next, kind: value as NonNullable<RecordFilter['kind']> });
        }}
        clearable
        clearButtonProps={{ 'aria-label': 'Any kind' }}
        w={140}
      />
      {active && (
        <>
          <Button variant="subtle" size="compact-sm" onClick={() => change({})}>
            Clear
          </Button>
          <ReplayButton
            request={{ filter }}
            label="Replay all of these"
            what="every record that matches the filter"
          />
        </>
      )}
    </Group>
  );
}
