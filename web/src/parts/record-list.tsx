/** The list of records, the last changed first; grows by "Load more", freshens itself. */
import { Box, Button, Center, Checkbox, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { RecordSummary } from '../../../src/api/contract.ts';
import { api, type RecordFilter } from '../api.ts';
import { Failure } from './failure.tsx';
import { RecordRow } from './record-row.tsx';

/** Ids that a person has ticked. */
export type Selection = {
  chosen: ReadonlySet<string>;
  choose: (ids: readonly string[], on: boolean) => void;
};

type Props = {
  filter: RecordFilter;
  changed: ReadonlySet<string>;
  selection?: Selection;
  /** Only so many, and no way to more. */
  first?: number;
};

function Waiting() {
  return (
    <Stack gap={6} p="sm" aria-busy role="status" aria-label="Loading records">
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
          : 'No records yet. They appear as soon as the source tells of a change, or history is copied.'}
      </Text>
    </Center>
  );
}

function Head({ ids, selection }: { ids: readonly string[]; selection: Selection | undefined }) {
  const ticked = ids.filter((id) => selection?.chosen.has(id)).length;
  return (
    <Table.Thead>
      <Table.Tr>
        {selection && (
          <Table.Th w={34}>
            <Checkbox
              size="xs"
              aria-label="Choose all that are shown"
              checked={ticked > 0 && ticked === ids.length}
              indeterminate={ticked > 0 && ticked < ids.length}
              onChange={(event) => selection.choose(ids, event.currentTarget.checked)}
            />
          </Table.Th>
        )}
        <Table.Th w={110} visibleFrom="sm">
          State
        </Table.Th>
        <Table.Th visibleFrom="sm">Kind</Table.Th>
        <Table.Th>Number or name</Table.Th>
        <Table.Th visibleFrom="sm">Client</Table.Th>
        <Table.Th visibleFrom="md">Date</Table.Th>
        <Table.Th className="amount">Amount</Table.Th>
        <Table.Th visibleFrom="md">Copy’s number</Table.Th>
        <Table.Th visibleFrom="sm">Changed</Table.Th>
      </Table.Tr>
    </Table.Thead>
  );
}

function useRecords(filter: RecordFilter) {
  return useInfiniteQuery({
    queryKey: ['data', 'records', filter],
    queryFn: ({ pageParam }) => api.records(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

function Foot({ list, shown }: { list: ReturnType<typeof useRecords>; shown: number }) {
  return (
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
          {shown === 1 ? 'One record.' : `All ${shown} records are shown.`}
        </Text>
      )}
    </Center>
  );
}

export function RecordList({ filter, changed, selection, first }: Props) {
  const list = useRecords(filter);
  if (list.isPending) return <Waiting />;
  const failure = list.isError && (
    <Box p="sm">
      <Failure error={list.error} again={() => void list.refetch()} />
    </Box>
  );
  if (!list.data) return failure;
  const records: RecordSummary[] = list.data.pages.flatMap((page) => page.records);
  // A record that changes between two pages can come twice.
  const unique = [...new Map(records.map((record) => [record.id, record])).values()].slice(0, first);
  if (unique.length === 0) return <Nothing filtered={Object.keys(filter).length > 0} />;
  return (
    <>
      <div className="scroll">
        <Table highlightOnHover style={{ opacity: list.isPlaceholderData ? 0.6 : 1 }}>
          <Head ids={unique.map(({ id }) => id)} selection={selection} />
          <Table.Tbody>
            {unique.map((record) => (
              <RecordRow
                key={record.id}
                record={record}
                changed={changed.has(record.id)}
                selection={selection}
              />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {failure}
      {first === undefined && <Foot list={list} shown={unique.length} />}
    </>
  );
}
