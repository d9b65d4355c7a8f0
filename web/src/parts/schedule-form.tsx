/** How changes are noticed: webhooks, polling by interval or by schedule, or both. */
import { Button, Group, NumberInput, Radio, Stack, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ConnectionView } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';

type Polling = 'off' | 'interval' | 'cron';

function pollingOf({ pollCron, pollIntervalSeconds }: ConnectionView): Polling {
  if (pollCron !== null) return 'cron';
  return pollIntervalSeconds === 0 ? 'off' : 'interval';
}

export function ScheduleForm({ connection, disabled }: { connection: ConnectionView; disabled: boolean }) {
  const [webhooksEnabled, setWebhooks] = useState(connection.webhooksEnabled);
  const [polling, setPolling] = useState<Polling>(pollingOf(connection));
  const [seconds, setSeconds] = useState<string | number>(connection.pollIntervalSeconds || 300);
  const [cron, setCron] = useState(connection.pollCron ?? '*/10 * * * *');
  const polls = {
    off: { pollIntervalSeconds: 0 },
    interval: { pollIntervalSeconds: typeof seconds === 'number' ? seconds : 300 },
    cron: { pollCron: cron },
  };
  const save = useAct(() => api.setConnection(connection.id, { webhooksEnabled, ...polls[polling] }), {
    failed: 'Nothing was changed',
    done: () => 'Saved. It takes effect within seconds.',
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" maw={560}>
        <Switch
          label="The source calls us at once (webhooks)"
          description="Each call is signed and checked. Needs an https address that the internet reaches."
          checked={webhooksEnabled}
          disabled={disabled}
          onChange={(event) => setWebhooks(event.currentTarget.checked)}
        />
        <Radio.Group
          label="We look by ourselves (polling)"
          description="Finds what no call told of; both together miss nothing and double nothing."
          value={polling}
          onChange={(value) => setPolling(value)}
        >
          <Group mt={6}>
            <Radio value="off" label="Off" disabled={disabled} />
            <Radio value="interval" label="Every so often" disabled={disabled} />
            <Radio value="cron" label="By schedule" disabled={disabled} />
          </Group>
        </Radio.Group>
        {polling === 'interval' && (
          <NumberInput
            label="Seconds between two looks"
            min={1}
            max={86_400}
            value={seconds}
            disabled={disabled}
            onChange={setSeconds}
          />
        )}
        {polling === 'cron' && (
          <TextInput
            label="Schedule"
            description="Minute, hour, day, month, weekday, in UTC: “*/10 * * * *” is every ten minutes."
            value={cron}
            disabled={disabled}
            onChange={(event) => setCron(event.currentTarget.value)}
          />
        )}
        {!disabled && (
          <div>
            <Button type="submit" loading={save.isPending}>
              Save how changes are noticed
            </Button>
          </div>
        )}
      </Stack>
    </form>
  );
}
