/** The last step: history or not, on, and watching the registration with the source become good. */
import { Alert, Button, Group, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { BackfillProgress } from './backfill-progress.tsx';
import { Checks, useChecks } from './checks.tsx';
import { Loaded } from './page.tsx';

const LOOK_MS = 2_000;

type Labels = Record<'source' | 'destination', string>;

function Watching({
  connectionId,
  labels,
  backfillId,
}: {
  connectionId: string;
  labels: Labels;
  backfillId: string | undefined;
}) {
  const checks = useChecks(connectionId, { every: LOOK_MS });
  return (
    <Stack gap="sm">
      <Alert color="teal" variant="light" title="It is on">
        Changes are copied from now on. The registration of the callbacks is watched below; you need not stay.
      </Alert>
      {backfillId !== undefined && <BackfillProgress backfillId={backfillId} />}
      <Checks checks={checks} labels={labels} only={({ name }) => name.startsWith('Callback')} />
      <Group>
        <Button component={Link} to="/">
          Go to the overview
        </Button>
      </Group>
    </Stack>
  );
}

type History = 'none' | 'since' | 'all';

function Choice({
  connectionId,
  on,
}: {
  connectionId: string;
  on: (backfillId: string | undefined) => void;
}) {
  const [history, setHistory] = useState<History>('none');
  const [since, setSince] = useState('');
  const start = async () => {
    await api.resume(connectionId);
    if (history === 'none') return undefined;
    return (await api.startBackfill(connectionId, history === 'since' ? since : undefined)).id;
  };
  const act = useAct(start, { failed: 'Not switched on', done: () => 'The connection is on.', after: on });
  return (
    <Stack gap="sm" align="flex-start">
      <Radio.Group label="What about the past?" value={history} onChange={(value) => setHistory(value)}>
        <Stack gap={6} mt={6}>
          <Radio value="none" label="Only what changes from now on" />
          <Radio value="since" label="Also what changed since a day" />
          <Radio value="all" label="Everything there is" />
        </Stack>
      </Radio.Group>
      {history === 'since' && (
        <TextInput
          label="Since"
          type="date"
          value={since}
          onChange={(event) => setSince(event.currentTarget.value)}
        />
      )}
      <Button
        loading={act.isPending}
        disabled={history === 'since' && since === ''}
        onClick={() => act.mutate()}
      >
        Switch on
      </Button>
    </Stack>
  );
}

export function SwitchOnStep({ connectionId, labels }: { connectionId: string; labels: Labels }) {
  const connection = useQuery({
    queryKey: ['data', 'connection', connectionId],
    queryFn: () => api.connection(connectionId),
  });
  const [backfillId, setBackfillId] = useState<string>();
  return (
    <Loaded query={connection}>
      {({ state }) =>
        state === 'active' ? (
          <Watching connectionId={connectionId} labels={labels} backfillId={backfillId} />
        ) : (
          <>
            <Text size="sm" mb="sm">
              Until now nothing was written. From here on, every new or changed invoice and payment is copied,
              read back and compared.
            </Text>
            <Choice connectionId={connectionId} on={setBackfillId} />
          </>
        )
      }
    </Loaded>
  );
}
