/** Filters of the record list; they live in the address, so a view can be sent to a colleague. */
import { Button, CloseButton, Group, Pill, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, type RecordFilter } from '../api.ts';
import { KIND_LABELS, STATE_WORDS } from '../format.ts';
import { STATUS } from '../status.ts';
import { ReplayButton } from './replay-dialog.tsx';

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
      aria-label="Search by number, client, amount, date or id"
      placeholder="Number, client, amount or date"
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
  const parked = useQuery({ queryKey: ['data', 'parked'], queryFn: () => api.parked() });
  const group = parked.data?.find((candidate) => candidate.code === code);
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

type Choice = { value: string; label: string };

/** A filter that is off when nothing is chosen. */
function Pick({
  name,
  any,
  data,
  filter,
  change,
}: Props & { name: keyof RecordFilter; any: string; data: Choice[] }) {
  return (
    <Select
      aria-label={any.replace('Any ', '').replace(/^./, (first) => first.toUpperCase())}
      placeholder={any}
      data={data}
      value={filter[name] ?? null}
      onChange={(value) => change(withMember(filter, name, value))}
      clearable
      clearButtonProps={{ 'aria-label': any }}
      w={150}
    />
  );
}

function withMember(filter: RecordFilter, name: keyof RecordFilter, value: string | null): RecordFilter {
  const { [name]: _before, ...rest } = filter;
  return value === null ? rest : { ...rest, [name]: value };
}

/** Currencies and connections that there are. */
function useChoices(): { currencies: Choice[]; connections: Choice[] } {
  const connections = useQuery({ queryKey: ['data', 'connections'], queryFn: api.connections });
  const status = useQuery(STATUS);
  const currencies = [...new Set(status.data?.sums.map(({ currency }) => currency))];
  return {
    currencies: currencies.map((value) => ({ value, label: value })),
    connections: (connections.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
  };
}

export function RecordFilters({ filter, change }: Props) {
  const { currencies, connections } = useChoices();
  const active = Object.values(filter).some((value) => value !== undefined);
  const common = { filter, change };
  return (
    <Group p="sm" gap="sm">
      <SearchField {...common} />
      <Pick name="state" any="Any state" data={STATES} {...common} />
      <Pick name="kind" any="Any kind" data={KINDS} {...common} />
      {(currencies.length > 1 || filter.currency !== undefined) && (
        <Pick name="currency" any="Any currency" data={currencies} {...common} />
      )}
      {(connections.length > 1 || filter.connectionId !== undefined) && (
        <Pick name="connectionId" any="Any connection" data={connections} {...common} />
      )}
      {filter.reason !== undefined && (
        <ReasonPill code={filter.reason} remove={() => change(withMember(filter, 'reason', null))} />
      )}
      {active && (
        <>
          <Button variant="subtle" size="compact-sm" onClick={() => change({})}>
            Clear
          </Button>
          <ReplayButton
            request={{ filter }}
            label="Replay all of these"
            what="Every record that matches the filter"
          />
        </>
      )}
    </Group>
  );
}
