/** Replays: how far each has come, and what became of its records. */
import { Group, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReplayRun } from '../../../src/api/contract.ts';
import { api } from '../api.ts';
import { formatCount, formatTime, STATE_WORDS } from '../format.ts';
import { Loaded, Page } from '../parts/page.tsx';

const LOOK_MS = 1_000;

function Run({ run }: { run: ReplayRun }) {
  const percent = run.total === 0 ? 100 : Math.floor((run.settled / run.total) * 100);
  const outcomes = (['synced', 'parked', 'ignored', 'pending'] as const).filter(
    (state) => (run.outcomes[state] ?? 0) > 0,
  );
  return (
    <article className="surface" aria-label={`Replay of ${formatTime(run.createdAt)}`}>
      <Stack gap={6} p="sm">
        <Group justify="space-between" gap="xs">
          <Text fw={550} size="sm">
            {formatCount(run.total)} {run.total === 1 ? 'record' : 'records'}, asked for by {run.actor}
          </Text>
          <Text size="sm" c="dimmed">
            <time dateTime={run.createdAt}>{formatTime(run.createdAt)}</time>
          </Text>
        </Group>
        <Progress
          value={percent}
          size="lg"
          aria-label={`${percent} % done`}
          color={run.done ? 'teal' : 'cyan'}
        />
        <Text size="sm" aria-live="polite">
          {run.done ? 'Done: ' : `${formatCount(run.settled)} of ${formatCount(run.total)} looked at. `}
          {outcomes
            .map(
              (state) => `${formatCount(run.outcomes[state] ?? 0)} ${STATE_WORDS[state].label.toLowerCase()}`,
            )
            .join(', ')}
        </Text>
      </Stack>
    </article>
  );
}

export function ReplaysPage() {
  const replays = useQuery({
    queryKey: ['replays'],
    queryFn: api.replays,
    refetchInterval: ({ state }) => (state.data?.some(({ done }) => !done) ? LOOK_MS : LOOK_MS * 10),
  });
  return (
    <Page
      title="Replays"
      note="A replay reads records from the source again and compares them with their copies; nothing is booked twice."
    >
      <Loaded query={replays}>
        {(runs) =>
          runs.length === 0 ? (
            <Text c="dimmed">No replay yet. Choose records, or filter them, and replay them there.</Text>
          ) : (
            runs.map((run) => <Run key={run.id} run={run} />)
          )
        }
      </Loaded>
    </Page>
  );
}
