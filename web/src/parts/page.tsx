/** What every page has: its title, what can be done with it, and its three states while data comes. */
import { Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Failure } from './failure.tsx';

type PageProps = { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode };

export function Page({ title, note, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ml-connector`;
  }, [title]);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end" gap="xs">
        <div>
          <Title order={1} size="h3" tabIndex={-1}>
            {title}
          </Title>
          {note !== undefined && (
            <Text c="dimmed" size="sm" component="div">
              {note}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

type SectionProps = { title: string; actions?: ReactNode; children: ReactNode; padded?: boolean };

export function Section({ title, actions, children, padded = true }: SectionProps) {
  return (
    <section className="surface" aria-label={title}>
      <Group justify="space-between" p="sm" pb={padded ? 0 : 'sm'} gap="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </Group>
      <div style={padded ? { padding: '8px 12px 12px' } : undefined}>{children}</div>
    </section>
  );
}

type LoadedProps<T> = { query: UseQueryResult<T>; height?: number; children: (data: T) => ReactNode };

/** Skeleton, failure with a way to try again, or the data. */
export function Loaded<T>({ query, height = 84, children }: LoadedProps<T>) {
  if (query.isPending) return <Skeleton h={height} aria-label="Loading" />;
  if (query.data === undefined) {
    return <Failure error={query.error ?? new Error('Nothing came.')} again={() => void query.refetch()} />;
  }
  return children(query.data);
}
