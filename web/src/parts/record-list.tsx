/** The list of records, the last changed first; grows by "Load more", freshens itself. */
import { Box, Button, Center, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api, type RecordFilter } from '../api.ts';
import { Failure } from './failure.tsx';
import { RecordRow } from './record-row.tsx';

type Props = {
  filter: RecordFilter;
  open: string | undefined;
  show: (recordId: string) => void;
  changed: ReadonlySet<string>;
};

function Waiting() {
  return (
    <Stack gap={6} p="sm" aria-busy aria-label="Loading records">
      {[1, 2, 3, 4, 5, 6].map((line) => (
        <Skeleton key={line} h={30} />
      ))}
    </Stack>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <Center p="xl">
      <Text c="dimmed" size="sm">
        {filtered
          ? 'No record matches these filters.'
          : 'No records yet. They appear as soon as the source tells of a change, or a backfill runs.'}
      </Text>
    </Center>
  );
}

function Head() {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th w={110} visibleFrom="sm">
          State
        </Table.Th>
        <Table.Th visibleFrom="sm">Kind</Table.Th>
        <Table.Th>Number or name</Table.Th>
        <Table.Th className="amount">Amount</Table.Th>
        <Table.Th visibleFrom="md">Copy's number</Table.Th>
        <Table.Th visibleFrom="sm">Changed</Table.Th>
      </Table.Tr>
    </Table.Thead>
  );
}

export function RecordList({ filter, open, show, changed }: Props) {
  const list = useInfiniteQuery({
    queryKey: ['data', 'records', filter],
    queryFn: ({ pageParam }) => api.records(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
  if (list.isPending) return <Waiting />;
  if (list.isError && !list.data) {
    return (
      <Box p="sm">
        <Failure error={list.error} again={() => void list.refetch()} />
      </Box>
    );
  }
  const records = list.data.pages.flatMap((page) => page.records);
  // A record that changes between two pages can come twice.
  const unique = [...new Map(records.map((record) => [record.id, record])).values()];
  if (unique.length === 0) return <Nothing filtered={Object.keys(filter).length > 0} />;
  return (
    <>
      <Table highlightOnHover style={{ opacity: list.isPlaceholderData ? 0.6 : 1 }}>
        <Head />
        <Table.Tbody>
          {unique.map((record) => (
            <RecordRow
              key={record.id}
              record={record}
              filter={filter}
              open={record.id === open}
              changed={changed.has(record.id)}
              show={show}
            />
          ))}
        </Table.Tbody>
      </Table>
      {list.isError && (
        <Box p="sm">
          <Failure error={list.error} again={() => void list.refetch()} />
        </Box>
      )}
      <Center p="sm">
        {list.hasNextPage ? (
          <Button
            variant="default"
            size="compact-sm"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Load more
          </Button>
        ) : (
          <Text size="xs" c="dimmed">
            {unique.length === 1 ? 'One record.' : `All ${unique.length} records are shown.`}
          </Text>
        )}
      </Center>
    </>
  );
}
