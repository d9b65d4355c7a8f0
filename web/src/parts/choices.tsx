/** The ways on for a parked record, each a button; before it is taken, it says what it means. */
import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Reason } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatCount } from '../format.ts';
import { useMay } from '../session.tsx';

type Choice = NonNullable<Reason['choices']>[number];
type Props = { choices: readonly Choice[]; recordIds: readonly string[]; about: string };

function Ask({
  choice,
  recordIds,
  about,
  close,
}: Omit<Props, 'choices'> & { choice: Choice; close: () => void }) {
  const [named, setNamed] = useState('');
  const argument = choice.argument ?? (choice.asks === undefined ? undefined : named.trim());
  const body = { choice: choice.choice, ...(argument === undefined ? {} : { argument }) };
  const [only] = recordIds;
  const one = recordIds.length === 1;
  const act = useAct(
    async () => {
      if (one && only !== undefined) {
        await api.resolveRecord(only, body);
        return { resolved: [only], refused: [] };
      }
      return api.resolveRecords({ recordIds: [...recordIds], ...body });
    },
    {
      failed: 'Nothing was decided',
      done: ({ resolved, refused }) =>
        refused.length === 0
          ? `Decided: ${choice.label}.`
          : `Decided for ${resolved.length}; ${refused.length} no longer offer this.`,
      after: close,
    },
  );
  return (
    <Stack>
      <Text size="sm">{choice.explains}</Text>
      {choice.asks !== undefined && (
        <TextInput
          label={choice.asks}
          value={named}
          onChange={(event) => setNamed(event.currentTarget.value)}
          data-autofocus
        />
      )}
      <Alert variant="light">
        {one ? about : `${formatCount(recordIds.length)} records: ${about}`}. Your decision and your name stay
        in the history.
      </Alert>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          data-autofocus={choice.asks === undefined ? true : undefined}
          disabled={argument === ''}
          loading={act.isPending}
          onClick={() => act.mutate()}
        >
          {choice.label}
        </Button>
      </Group>
    </Stack>
  );
}

export function Choices({ choices, recordIds, about }: Props) {
  const [asked, setAsked] = useState<Choice>();
  const close = () => setAsked(undefined);
  if (!useMay('operator') || choices.length === 0) return null;
  return (
    <>
      <Group gap="xs">
        {choices.map((choice) => (
          <Button
            key={`${choice.choice} ${choice.argument ?? ''}`}
            size="compact-sm"
            variant="default"
            onClick={() => setAsked(choice)}
          >
            {choice.label}
          </Button>
        ))}
      </Group>
      <Modal opened={asked !== undefined} onClose={close} title={asked?.label}>
        {asked && <Ask choice={asked} recordIds={recordIds} about={about} close={close} />}
      </Modal>
    </>
  );
}
