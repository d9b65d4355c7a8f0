/** What a connection cannot do although its sign-in is good: since when, why, and the way out. */
import { Alert, Text } from '@mantine/core';
import type { Block } from '../../../src/api/contract-connections.ts';
import { formatCount, formatTime } from '../format.ts';

export function BlockNotes({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map(({ side, what, words, since, message, wayOut, held, workedAround }) => (
    <Alert
      key={`${side} ${what}`}
      variant="light"
      color={workedAround ? 'gray' : 'orange'}
      title={`${words}, since ${formatTime(since)}`}
    >
      <Text size="sm">
        {message}. {wayOut}
        {held > 0 && ` ${formatCount(held)} records wait for it.`}
      </Text>
    </Alert>
  ));
}
