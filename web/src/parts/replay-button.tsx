/** Lets records run through again, after asking once. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReplayRequest } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatCount } from '../format.ts';
import { useMayOperate } from '../session.tsx';

type Props = { request: ReplayRequest; label: string; what: string };

export function ReplayButton({ request, label, what }: Props) {
  const client = useQueryClient();
  const [asking, { open, close }] = useDisclosure(false);
  const replay = useMutation({
    mutationFn: () => api.startReplay(request),
    onSuccess: ({ total: replayed }) => {
      close();
      const message =
        replayed === 1 ? 'One record runs again.' : `${formatCount(replayed)} records run again.`;
      notifications.show({ title: 'Replay started', message });
      return client.invalidateQueries({ queryKey: ['data'] });
    },
    onError: (error) => notifications.show({ color: 'red', title: 'Not replayed', message: error.message }),
  });
  if (!useMayOperate()) return null;
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
      <Modal opened={asking} onClose={close} title="Replay?" zIndex={300}>
        <Stack>
          <Text size="sm">
            <Text component="span" fw={600} inherit>
              {what}
            </Text>{' '}
            will be read from the source again and compared with its copy. What is already equal stays as it
            is; nothing is booked twice.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button data-autofocus loading={replay.isPending} onClick={() => replay.mutate()}>
              Replay
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
