/** Lets records run through again: says first how many of which kind, then starts and leads to the progress. */
import { Alert, Button, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { RecordCounts, ReplayRequest } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatCount, KIND_LABELS, STATE_WORDS } from '../format.ts';
import { useMay } from '../session.tsx';
import { Amount } from './amount.tsx';
import { Loaded } from './page.tsx';

type Props = { request: ReplayRequest; label: string; what: string; stay?: boolean };

function Preview({ counts }: { counts: RecordCounts }) {
  return (
    <Stack gap="xs">
      <Table aria-label="What would be looked at">
        <Table.Tbody>
          {counts.groups.map(({ state, kind, currency, count, amount }) => (
            <Table.Tr key={`${state} ${kind} ${currency}`}>
              <Table.Td>
                {formatCount(count)} × {KIND_LABELS[kind].toLowerCase()},{' '}
                {STATE_WORDS[state].label.toLowerCase()}
              </Table.Td>
              <Table.Td className="amount">
                <Amount amount={amount} currency={currency} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {counts.total === 0 && <Alert variant="light">No record fits; nothing would happen.</Alert>}
    </Stack>
  );
}

function Ask({ request, what, close, stay }: Omit<Props, 'label'> & { close: () => void }) {
  const navigate = useNavigate();
  const { filter, recordIds } = request;
  const counts = useQuery({
    queryKey: ['counts', filter],
    queryFn: () => api.recordCounts(filter ?? {}),
    enabled: recordIds === undefined,
  });
  const replay = useAct(() => api.startReplay(request), {
    failed: 'Not replayed',
    done: ({ total }) =>
      total === 1
        ? 'Replay started: one record runs again.'
        : `Replay started: ${formatCount(total)} records.`,
    after: () => {
      close();
      if (stay !== true) void navigate({ to: '/replays' });
    },
  });
  const empty = recordIds === undefined && counts.data?.total === 0;
  return (
    <Stack>
      <Text size="sm">
        <Text component="span" fw={600} inherit>
          {what}
        </Text>{' '}
        will be read from the source again and compared with its copy. What is already equal stays as it is;
        nothing is booked twice.
      </Text>
      {recordIds === undefined && (
        <Loaded query={counts} height={60}>
          {(loaded) => <Preview counts={loaded} />}
        </Loaded>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button data-autofocus loading={replay.isPending} disabled={empty} onClick={() => replay.mutate()}>
          Replay
        </Button>
      </Group>
    </Stack>
  );
}

export function ReplayButton({ label, ...props }: Props) {
  const [asking, { open, close }] = useDisclosure(false);
  if (!useMay('operator')) return null;
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconRefresh size={15} aria-hidden />}
        onClick={open}
      >
        {label}
      </Button>
      <Modal opened={asking} onClose={close} title="Replay?">
        <Ask {...props} close={close} />
      </Modal>
    </>
  );
}
