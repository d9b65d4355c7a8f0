/** Whether both systems would work: each check green, or with its way out. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { PingReport } from '../../../src/api/contract-connections.ts';
import { api } from '../api.ts';
import { Loaded } from './page.tsx';

type Check = PingReport['sides'][number]['checks'][number];

function CheckLine({ check }: { check: Check }) {
  return (
    <div className="check">
      {check.ok ? (
        <IconCircleCheck size={18} color="var(--mantine-color-teal-7)" aria-label="good" />
      ) : (
        <IconAlertTriangle size={18} color="var(--mantine-color-orange-7)" aria-label="not good" />
      )}
      <div>
        <Text size="sm">
          <Text component="span" fw={550} inherit>
            {check.name}
          </Text>
          : {check.detail}
        </Text>
        {check.fix !== undefined && (
          <Text size="sm">
            <Text component="span" fw={550} inherit>
              To do:{' '}
            </Text>
            {check.fix}
          </Text>
        )}
      </div>
    </div>
  );
}

/** `every`: asks again by itself until all that are wanted are good. */
export function useChecks(connectionId: string, options: { every?: number; enabled?: boolean } = {}) {
  return useQuery({
    queryKey: ['ping', connectionId],
    queryFn: () => api.ping(connectionId),
    staleTime: 10_000,
    enabled: options.enabled ?? true,
    refetchInterval: ({ state }) =>
      options.every !== undefined && state.data?.ok !== true ? options.every : false,
  });
}

type Props = {
  checks: ReturnType<typeof useChecks>;
  labels: Record<'source' | 'destination', string>;
  only?: (check: Check) => boolean;
};

export function Checks({ checks, labels, only = () => true }: Props) {
  return (
    <Stack gap="sm">
      <Loaded query={checks} height={160}>
        {(report) => (
          <>
            {report.sides.map(({ side, checks: all }) => {
              const shown = all.filter(only);
              return (
                shown.length > 0 && (
                  <section key={side} aria-label={labels[side]}>
                    <Text size="sm" fw={600} mb={4}>
                      {labels[side]}
                    </Text>
                    {shown.map((check) => (
                      <CheckLine key={check.name} check={check} />
                    ))}
                  </section>
                )
              );
            })}
            {report.hints.map((hint) => (
              <Text key={hint} size="sm">
                {hint}
              </Text>
            ))}
          </>
        )}
      </Loaded>
      <Group>
        <Button
          size="compact-sm"
          variant="default"
          loading={checks.isFetching}
          onClick={() => void checks.refetch()}
        >
          Check again
        </Button>
      </Group>
    </Stack>
  );
}
