/** Pauses a connection, asking why, or lets it go on. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { useMay } from '../session.tsx';

type Pausable = {
  id: string;
  name: string;
  state: 'active' | 'paused';
  sourceLabel: string;
  destinationLabel: string;
};

export function PauseSwitch({ connection }: { connection: Pausable }) {
  const [asking, { open, close }] = useDisclosure(false);
  const [reason, setReason] = useState('');
  const paused = connection.state === 'paused';
  const change = useAct(() => (paused ? api.resume(connection.id) : api.pause(connection.id, reason)), {
    failed: 'Nothing was changed',
    done: (after) => `${after.name} is now ${after.state}.`,
    after: () => {
      close();
      setReason('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  if (!useMay('operator')) return null;
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        loading={change.isPending && !asking}
        aria-label={`${paused ? 'Resume' : 'Pause'} ${connection.name}`}
        onClick={() => (paused ? change.mutate() : open())}
      >
        {paused ? 'Resume' : 'Pause'}
      </Button>
      <Modal opened={asking} onClose={close} title={`Pause ${connection.name}?`}>
        <form onSubmit={submit}>
          <Stack>
            <Text size="sm">
              Nothing more is sent to {connection.destinationLabel}. What {connection.sourceLabel} tells us
              meanwhile is kept and goes on when you resume.
            </Text>
            <Textarea
              label="Why?"
              description="Others see this, and it stays in the history."
              required
              data-autofocus
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={change.isPending} disabled={reason.trim() === ''}>
                Pause
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
