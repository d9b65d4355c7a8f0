/** A button for what cannot be taken back: asks once, in words. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { UseMutationResult } from '@tanstack/react-query';

type Props = {
  label: string;
  /** For readers of the screen, where several buttons have the same label. */
  about: string;
  question: string;
  act: Pick<UseMutationResult<unknown, Error, void>, 'mutate' | 'isPending'>;
};

export function ConfirmButton({ label, about, question, act }: Props) {
  const [asking, { open, close }] = useDisclosure(false);
  const confirm = () => {
    act.mutate();
    close();
  };
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${label} ${about}`}
        onClick={open}
        loading={act.isPending}
      >
        {label}
      </Button>
      <Modal opened={asking} onClose={close} title={`${label}?`}>
        <Stack>
          <Text size="sm">{question}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button data-autofocus onClick={confirm}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
