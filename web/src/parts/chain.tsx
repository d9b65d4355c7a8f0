/** Whether a history is as it was written: sealed, not sealed yet, or broken and where. */
import { Alert, Text } from '@mantine/core';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import type { Chain as ChainView } from '../../../src/api/contract.ts';

export function Chain({ chain }: { chain: ChainView }) {
  const { state, entries, sealed, why } = chain;
  if (state === 'broken') return <BrokenChain why={why} />;
  return (
    <Text size="xs" c="dimmed">
      <IconShieldCheck size={14} aria-hidden style={{ verticalAlign: 'text-bottom' }} /> The seal of this
      history is unbroken: nothing in it was altered.
      {state === 'unsealed' &&
        ` Its newest ${entries - sealed} entries are sealed within a minute, while a worker runs.`}
    </Text>
  );
}

export function BrokenChain({ why }: { why: string | null }) {
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconShieldX />}
      title="This history has been altered"
      role="alert"
    >
      What is here is not what was written: {why ?? 'it is not whole'}. Do not rely on it; compare with a
      backup.
    </Alert>
  );
}
