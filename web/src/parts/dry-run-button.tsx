/** Shows what a look at a record would do now: the exact requests, without sending one. */
import { Button, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconEye } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { DryRun } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { Loaded } from './page.tsx';
import { RawJson } from './raw-json.tsx';
import { ReasonPanel } from './reason-panel.tsx';
import { StateBadge } from './state-badge.tsx';

function Outcome({ run }: { run: DryRun }) {
  const { requests, state, reason } = run;
  return (
    <Stack gap="sm">
      <Text size="sm">
        {requests.length === 0
          ? 'Nothing would be sent.'
          : `${requests.length === 1 ? 'One request' : `${requests.length} requests`} would be sent, in this order.`}
      </Text>
      {requests.map(({ step, method, path, body }, index) => (
        <div key={`${step} ${index}`}>
          <Text size="sm" fw={550}>
            {step.replaceAll('-', ' ')}
          </Text>
          <Text className="path">
            {method} {path}
          </Text>
          <RawJson data={body} label={`Content of request ${index + 1}`} />
        </div>
      ))}
      <Text size="sm">
        Afterwards it would be <StateBadge state={state} />
      </Text>
      {reason && <ReasonPanel reason={reason} parked={state === 'parked'} />}
    </Stack>
  );
}

function Looking({ recordId }: { recordId: string }) {
  const run = useQuery({
    queryKey: ['dry-run', recordId],
    queryFn: () => api.dryRun(recordId),
    gcTime: 0,
    staleTime: Infinity,
    retry: false,
  });
  return <Loaded query={run}>{(loaded) => <Outcome run={loaded} />}</Loaded>;
}

export function DryRunButton({ recordId }: { recordId: string }) {
  const [shown, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconEye size={15} aria-hidden />}
        onClick={open}
      >
        What would happen?
      </Button>
      <Modal opened={shown} onClose={close} title="What would happen now; nothing is written" size="lg">
        <Looking recordId={recordId} />
      </Modal>
    </>
  );
}
