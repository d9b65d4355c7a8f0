/** Where a connection tells of pauses and parked records, and whether a test arrives there. */
import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import type { ConnectionFields } from '../../../src/api/contract-connections.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';

type Props = { connectionId: string; alerts: ConnectionFields['alerts']; disabled: boolean };

export function AlertsForm({ connectionId, alerts, disabled }: Props) {
  const [url, setUrl] = useState(alerts.url);
  const save = useAct(() => api.setConnection(connectionId, { alertUrl: url.trim() }), {
    failed: 'Nothing was changed',
    done: () => 'Saved.',
  });
  const test = useAct(() => api.testAlert(connectionId), {
    failed: 'Not sent',
    after: ({ failure }) =>
      failure === null
        ? notifications.show({ message: 'The test has arrived.' })
        : notifications.show({ color: 'red', title: 'The test has not arrived', message: failure }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={560}>
        {alerts.failure !== null && (
          <Alert color="orange" variant="light" title="Last alert failed">
            {alerts.failure}
          </Alert>
        )}
        <TextInput
          label="Address for alerts"
          description="Gets a small JSON message when the connection pauses, and when records park (once an hour for each reason). Begins with https://; empty for none."
          value={url}
          disabled={disabled}
          autoComplete="off"
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        {!disabled && (
          <Group gap="xs">
            <Button type="submit" variant="default" loading={save.isPending}>
              Save the address
            </Button>
            {alerts.url !== '' && (
              <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
                Send a test
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </form>
  );
}
