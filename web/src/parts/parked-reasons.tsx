/** What waits for a person, grouped by reason; a click shows those records. */
import { Badge, Group, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api.ts';
import { formatCount } from '../format.ts';
import { Failure } from './failure.tsx';

type Choice = { chosen: string | undefined; choose: (code: string) => void };

export function ParkedReasons({ chosen, choose }: Choice) {
  const status = useQuery({ queryKey: ['data', 'status'], queryFn: api.status });
  const total = status.data?.records.parked ?? 0;
  const groups = (status.data?.parkedByReason ?? []).toSorted((a, b) => b.count - a.count);
  return (
    <section className="surface" aria-labelledby="parked-title">
      <Group justify="space-between" p="sm" pb={6}>
        <Title order={2} size="h5" id="parked-title">
          Waiting for a person
        </Title>
        {total > 0 && (
          <Badge variant="light" color="orange">
            {formatCount(total)}
          </Badge>
        )}
      </Group>
      {status.isPending && <Skeleton h={84} m="sm" w="auto" />}
      {status.isError && <Failure error={status.error} again={() => void status.refetch()} />}
      {status.data && groups.length === 0 && (
        <Text px="sm" pb="sm" c="dimmed" size="sm">
          Nothing is parked. Whatever cannot be copied without a decision appears here.
        </Text>
      )}
      <Stack gap={2} px={4} pb="xs">
        {groups.map(({ code, message, count }) => (
          <UnstyledButton
            key={code}
            className="reason"
            data-chosen={chosen === code || undefined}
            aria-pressed={chosen === code}
            onClick={() => choose(code)}
          >
            <Group justify="space-between" wrap="nowrap" align="flex-start">
              <Text size="sm">{message}</Text>
              <Text size="sm" fw={600} className="count">
                {formatCount(count)}
              </Text>
            </Group>
          </UnstyledButton>
        ))}
      </Stack>
    </section>
  );
}
