/** At a glance: do both systems agree, what waits for a person, what happened lately. */
import { Button, SegmentedControl, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Overview } from '../../../src/api/contract-connections.ts';
import { api } from '../api.ts';
import { formatDuration } from '../format.ts';
import { useLive } from '../live.ts';
import { Bars, BarsTable } from '../parts/bars.tsx';
import { ConnectionCard } from '../parts/connection-card.tsx';
import { Notices } from '../parts/notices.tsx';
import { Loaded, Page, Section } from '../parts/page.tsx';
import { RecordList } from '../parts/record-list.tsx';
import { useMay } from '../session.tsx';

/** Sums over everything are not worked out for every single change. */
const EVERY_MS = 4_000;

function Start() {
  const mayConnect = useMay('admin');
  return (
    <Section title="No connection yet">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">
          A connection ties the books you invoice in to the system you bill in. It takes a few minutes, and
          the sandbox needs no credentials at all.
        </Text>
        {mayConnect ? (
          <Button component={Link} to="/connect">
            Connect two systems
          </Button>
        ) : (
          <Text size="sm" c="dimmed">
            An admin can make one.
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function History({ history }: { history: Overview['history'] }) {
  const bars = history.map(({ at, received, synced, parked }) => ({
    at,
    synced,
    parked,
    other: received - synced - parked,
  }));
  const newest = history.findLast(({ seconds }) => seconds !== null);
  return (
    <Stack gap="xs">
      <Bars bars={bars} label="Changes that came in" />
      <Text size="xs" c="dimmed">
        {newest?.seconds === undefined || newest.seconds === null
          ? 'Nothing came to its end in this time.'
          : `Lately half of all changes were confirmed within ${formatDuration(newest.seconds)}.`}
      </Text>
      <details>
        <summary>
          <Text component="span" size="xs">
            As a table
          </Text>
        </summary>
        <BarsTable bars={bars} />
      </details>
    </Stack>
  );
}

export function OverviewPage() {
  const live = useLive();
  const [span, setSpan] = useState<'day' | 'month'>('day');
  const overview = useQuery({
    queryKey: ['overview', span],
    queryFn: () => api.overview(span),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Page title="Overview">
      <Notices />
      <Loaded query={overview} height={220}>
        {({ connections, history }) =>
          connections.length === 0 ? (
            <Start />
          ) : (
            <>
              {connections.map((connection) => (
                <ConnectionCard key={connection.id} connection={connection} />
              ))}
              <Section
                title="Changes over time"
                actions={
                  <SegmentedControl
                    size="xs"
                    aria-label="How far back"
                    value={span}
                    onChange={(value) => setSpan(value === 'month' ? 'month' : 'day')}
                    data={[
                      { value: 'day', label: '24 hours' },
                      { value: 'month', label: '30 days' },
                    ]}
                  />
                }
              >
                <History history={history} />
              </Section>
              <Section title="Latest records" padded={false}>
                <RecordList filter={{}} changed={live.changed} first={10} />
              </Section>
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
