/** A record's state: colour, sign and word, so that none of them is needed alone. */
import { Badge, Tooltip } from '@mantine/core';
import { IconCheck, IconClock, IconHandStop, IconMinus } from '@tabler/icons-react';
import type { RecordSummary } from '../../../src/api/contract.ts';
import { STATE_WORDS } from '../format.ts';

const ICONS = { synced: IconCheck, pending: IconClock, parked: IconHandStop, ignored: IconMinus };

type Props = { state: RecordSummary['state']; plain?: boolean };

/** `plain` for long lists, where a tooltip for each line would cost more than the line. */
export function StateBadge({ state, plain = false }: Props) {
  const { label, colour, meaning } = STATE_WORDS[state];
  const Icon = ICONS[state];
  const icon = <Icon size={13} aria-hidden />;
  const badge = (
    <Badge variant="light" color={colour} leftSection={icon} miw={86} {...(plain ? { title: meaning } : {})}>
      {label}
    </Badge>
  );
  return plain ? badge : <Tooltip label={meaning}>{badge}</Tooltip>;
}
