/** The first page: connections, what is parked and why, and the live list of records. */
import { Container, SimpleGrid, Stack } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useLive } from '../live.ts';
import { Connections } from '../parts/connections.tsx';
import { Header } from '../parts/header.tsx';
import { ParkedReasons } from '../parts/parked-reasons.tsx';
import { RecordDrawer } from '../parts/record-drawer.tsx';
import { RecordFilters } from '../parts/record-filters.tsx';
import { RecordList } from '../parts/record-list.tsx';
import type { OverviewSearch } from '../router.tsx';

export function OverviewPage() {
  const live = useLive();
  const { record, ...filter }: OverviewSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (search: OverviewSearch, replace = false) => void navigate({ to: '/', search, replace });
  const show = (id: string | undefined) => go({ ...filter, ...(id === undefined ? {} : { record: id }) });
  return (
    <>
      <Header live={live.connected} />
      <Container component="main" size={1360} px={{ base: 'xs', sm: 'md' }} py="md">
        <Stack gap="md">
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
            <Connections
              chosen={filter.connectionId}
              choose={(id) => go(toggled(filter, 'connectionId', id))}
            />
            <ParkedReasons
              chosen={filter.reason}
              choose={(code) => {
                const next = toggled(filter, 'reason', code);
                go(next.reason === undefined ? next : { ...next, state: 'parked' });
              }}
            />
          </SimpleGrid>
          <section className="surface" aria-label="Records">
            <RecordFilters filter={filter} change={(next) => go(next, true)} />
            <RecordList filter={filter} open={record} show={show} changed={live.changed} />
          </section>
        </Stack>
      </Container>
      <RecordDrawer recordId={record} close={() => show(undefined)} />
    </>
  );
}

/** The filter with `name` set to `value`, or without it when that is what it was. */
function toggled(filter: OverviewSearch, name: 'connectionId' | 'reason', value: string): OverviewSearch {
  const { [name]: before, ...rest } = filter;
  return before === value ? rest : { ...rest, [name]: value };
}
