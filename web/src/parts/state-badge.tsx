/** A record's state: colour, sign and word, so that none of them is needed alone. */
import { Badge, Tooltip } from '@mantine/core';
import { IconCheck, IconClock, IconHandStop, IconMinus } from '@tabler/icons-react';
import type { RecordSummary } from '../../../src/api/contract.ts';
import { STATE_WORDS } from '../format.ts';

const ICONS = { synced: IconCheck, pending: IconClock, parked: IconHandStop, ignored: IconMinus };

export function StateBadge({ state }: { state: RecordSummary['state'] }) {
  const { label, colour, meaning } = STATE_WORDS[state];
  const Icon = ICONS[state];
  return (
    <Tooltip label={meaning}>
      <Badge variant="light" color={colour} leftSection={<Icon size={13} aria-hidden />} miw={86}>
        {label}
      </Badge>
    </Tooltip>
  );
}
