/** Everything that happened to a record, in order, each with who did it and the raw data behind it. */
import { Badge, Button, Group, Stack, Text, Timeline, Tooltip } from '@mantine/core';
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
import { useState } from 'react';
import type { TimelineEntry } from '../../../src/api/contract.ts';
import { toCall } from '../calls.ts';
import { diffOf } from '../diff.ts';
import { formatTime } from '../format.ts';
import { CallView } from './call-view.tsx';
import { ChangesTable } from './changes-table.tsx';
import { RawJson } from './raw-json.tsx';

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
  deferral: 'Put off: it is tried again by itself.',
  replay: 'Somebody let the record run again.',
  decision: 'A choice that a person or a rule made.',
};

/** A call as a call, a revision as what it changed, everything else as it is. */
function Data({ entry, previous }: { entry: TimelineEntry; previous: unknown }) {
  const call = entry.entry === 'call' ? toCall(entry.data) : undefined;
  if (call) return <CallView call={call} />;
  const { raw } = entry.data as { raw?: unknown };
  return (
    <Stack gap="xs" mt={4}>
      {entry.entry === 'revision' && previous !== undefined && (
        <ChangesTable changes={diffOf(previous, raw)} label={`Changes of entry ${entry.position}`} />
      )}
      <RawJson data={entry.data} label={`Data of entry ${entry.position}`} />
    </Stack>
  );
}

/** Signature and form of a webhook, at a glance. */
function EventSigns({ data }: { data: unknown }) {
  const { signature, origin } = data as { signature?: string; origin?: string };
  if (origin !== 'webhook') return null;
  return (
    <Badge size="xs" variant="light" color={signature === 'valid' ? 'teal' : 'red'} ml={6}>
      signature {signature ?? 'unknown'}
    </Badge>
  );
}

function Entry({ entry, previous }: { entry: TimelineEntry; previous: unknown }) {
  const [shown, setShown] = useState(false);
  return (
    <>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed" component="div">
          <time dateTime={entry.at}>{formatTime(entry.at)}</time> · {entry.actor} ·{' '}
          <Tooltip label={MEANINGS[entry.entry] ?? entry.entry}>
            <span tabIndex={0}>{entry.entry}</span>
          </Tooltip>
          {entry.entry === 'event' && <EventSigns data={entry.data} />}
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
      {shown && <Data entry={entry} previous={previous} />}
    </>
  );
}

/** What the source had said before this entry. */
function revisionBefore(entries: readonly TimelineEntry[], index: number): unknown {
  const earlier = entries.slice(0, index).findLast(({ entry }) => entry === 'revision');
  return (earlier?.data as { raw?: unknown } | undefined)?.raw;
}

export type RecordTimelineProps = {
  entries: readonly TimelineEntry[];
  /** Undefined when the first entry is shown. */
  earlier: { load: () => void; loading: boolean } | undefined;
};

export function RecordTimeline({ entries, earlier }: RecordTimelineProps) {
  if (entries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing has happened yet.
      </Text>
    );
  }
  return (
    <>
      {earlier && (
        <Button size="compact-sm" variant="default" mb="sm" loading={earlier.loading} onClick={earlier.load}>
          Show earlier entries
        </Button>
      )}
      <Timeline bulletSize={24} lineWidth={2} active={entries.length}>
        {entries.map((entry, index) => {
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
              <Entry entry={entry} previous={revisionBefore(entries, index)} />
            </Timeline.Item>
          );
        })}
      </Timeline>
    </>
  );
}
