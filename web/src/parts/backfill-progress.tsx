/** How far a copy of history has come. */
import { Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { BackfillState } from '../../../src/api/contract-connections.ts';
import { api } from '../api.ts';
import { formatCount } from '../format.ts';

const LOOK_MS = 1_000;

const WORDS: Record<BackfillState['state'], string> = {
  running: 'Reading history',
  listed: 'Comparing what was listed with what is stored',
  complete: 'History is complete: counts and sums agree',
  incomplete: 'History is not complete: counts or sums differ, see the command line for details',
  failed: 'History could not be read',
};

const isOver = ({ state, settled, accepted }: BackfillState) =>
  state === 'failed' || state === 'incomplete' || (state === 'complete' && settled >= accepted);

export function BackfillProgress({ backfillId }: { backfillId: string }) {
  const progress = useQuery({
    queryKey: ['backfill', backfillId],
    queryFn: () => api.backfill(backfillId),
    refetchInterval: ({ state }) => (state.data && isOver(state.data) ? false : LOOK_MS),
  });
  const { data } = progress;
  if (!data) return null;
  const of = Math.max(data.estimated, data.accepted, 1);
  const percent = isOver(data) ? 100 : Math.floor((data.settled / of) * 100);
  return (
    <Stack gap={4}>
      <Text size="sm" aria-live="polite">
        {WORDS[data.state]}: {formatCount(data.settled)} of about {formatCount(of)} records are done.
        {data.error !== null && ` ${data.error}`}
      </Text>
      <Progress value={percent} size="lg" aria-label={`${percent} % of history done`} />
    </Stack>
  );
}
