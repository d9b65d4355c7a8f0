/** Every record: filtered, searched, chosen, replayed. */
import { Group, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { RecordFilter } from '../api.ts';
import { useLive } from '../live.ts';
import { Page } from '../parts/page.tsx';
import { RecordFilters } from '../parts/record-filters.tsx';
import { RecordList } from '../parts/record-list.tsx';
import { ReplayButton } from '../parts/replay-dialog.tsx';
import { useMay } from '../session.tsx';

function useSelection() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = (ids: readonly string[], on: boolean) =>
    setChosen((before) => {
      const rest = [...before].filter((id) => !ids.includes(id));
      return new Set(on ? [...rest, ...ids] : rest);
    });
  return { chosen, choose };
}

export function RecordsPage() {
  const { changed } = useLive();
  const filter: RecordFilter = useSearch({ strict: false });
  const navigate = useNavigate();
  const selection = useSelection();
  const mayReplay = useMay('operator');
  const ids = [...selection.chosen];
  return (
    <Page title="Records" note="Clients, invoices, payments and credit notes, the last changed first.">
      <section className="surface" aria-label="Records">
        <RecordFilters
          filter={filter}
          change={(search) => void navigate({ to: '/records', search, replace: true })}
        />
        {ids.length > 0 && (
          <Group px="sm" pb="sm" gap="sm">
            <Text size="sm">{ids.length === 1 ? 'One record chosen.' : `${ids.length} records chosen.`}</Text>
            <ReplayButton
              request={{ recordIds: ids }}
              label="Replay the chosen"
              what={ids.length === 1 ? 'The chosen record' : `Each of the ${ids.length} chosen records`}
            />
          </Group>
        )}
        <RecordList filter={filter} changed={changed} {...(mayReplay ? { selection } : {})} />
      </section>
    </Page>
  );
}
