/** Ties a client to an account of the destination that a person names. */
import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { RecordSummary } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { useMay } from '../session.tsx';

export function LinkForm({ record }: { record: RecordSummary }) {
  const [account, setAccount] = useState('');
  const [sharedWith, setSharedWith] = useState('');
  const { connectionId, sourceId: clientId } = record;
  const asked = { clientId, account, ...(sharedWith === '' ? {} : { sharedWith }) };
  const link = useAct(() => api.linkAccount(connectionId, asked), {
    failed: 'Not tied',
    done: (done) => `Tied to account ${done.account} (${done.currency}).`,
    after: () => {
      setAccount('');
      setSharedWith('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    link.mutate();
  };
  if (!useMay('operator')) return null;
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label="Another account"
          description="Its number in the destination."
          required
          withAsterisk={false}
          value={account}
          onChange={(event) => setAccount(event.currentTarget.value)}
        />
        <TextInput
          label="Shared with"
          description="Only where another client has it."
          value={sharedWith}
          onChange={(event) => setSharedWith(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={link.isPending}>
          Tie to this account
        </Button>
      </Group>
    </form>
  );
}
