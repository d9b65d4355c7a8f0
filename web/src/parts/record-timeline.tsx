/** Everything that happened to a record, in order, each with who did it and the raw data behind it. */
import { Button, Group, Text, Timeline, Tooltip } from '@mantine/core';
import {
  IconArrowsExchange,
  IconBell,
  IconCircleCheck,
  IconFileText,
  IconFlag,
  IconListCheck,
  IconPointFilled,
  IconRefresh,
  IconUser,
  IconWand,
} from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import type { TimelineEntry } from '../../../src/api/contract.ts';
import { formatTime } from '../format.ts';

const RawJson = lazy(() =>
  import('./raw-json.tsx').then(({ RawJson: component }) => ({ default: component })),
);

const ICONS: Record<string, typeof IconBell> = {
  event: IconBell,
  revision: IconFileText,
  transformation: IconWand,
  plan: IconListCheck,
  intent: IconFlag,
  call: IconArrowsExchange,
  outcome: IconArrowsExchange,
  confirmation: IconCircleCheck,
  replay: IconRefresh,
  decision: IconUser,
};

const MEANINGS: Record<string, string> = {
  event: 'Something told us to look at this record.',
  revision: 'The record as it was read from the source, kept unchanged.',
  transformation: 'How the record was carried over to the common form.',
  plan: 'The steps from what the destination has to what it should have.',
  intent: 'What was about to be sent, written down before it was sent.',
  call: 'One request to the destination and its answer.',
  outcome: 'What came of a step.',
  confirmation: 'The copy was read back and compared.',
  state: 'The record went into another state.',
  replay: 'Somebody let the record run again.',
  decision: 'A choice that a person or a rule made.',
};

function Entry({ entry }: { entry: TimelineEntry }) {
  const [shown, setShown] = useState(false);
  return (
    <>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed">
          <time dateTime={entry.at}>{formatTime(entry.at)}</time> · {entry.actor} ·{' '}
          <Tooltip label={MEANINGS[entry.entry] ?? entry.entry}>
            <span>{entry.entry}</span>
          </Tooltip>
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          aria-expanded={shown}
          aria-label={`${shown ? 'Hide' : 'Show'} the data of entry ${entry.position}`}
          onClick={() => setShown(!shown)}
        >
          {shown ? 'Hide data' : 'Data'}
        </Button>
      </Group>
      {shown && (
        <Suspense fallback={<Text size="xs">Loading…</Text>}>
          <RawJson data={entry.data} label={`Data of entry ${entry.position}`} />
        </Suspense>
      )}
    </>
  );
}

export function RecordTimeline({ entries }: { entries: readonly TimelineEntry[] }) {
  if (entries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing has happened yet.
      </Text>
    );
  }
  return (
    <Timeline bulletSize={24} lineWidth={2} active={entries.length}>
      {entries.map((entry) => {
        const Icon = ICONS[entry.entry] ?? IconPointFilled;
        return (
          <Timeline.Item
            key={entry.position}
            bullet={<Icon size={14} aria-hidden />}
            title={
              <Text size="sm" fw={500}>
                {entry.summary}
              </Text>
            }
          >
            <Entry entry={entry} />
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
