/** An amount with its currency, aligned with others. */
import { Text } from '@mantine/core';
import { formatAmount } from '../format.ts';

export function Amount({ amount, currency }: { amount: string | null; currency: string | null }) {
  if (amount === null) return null;
  return (
    <span className="amount">
      {formatAmount(amount)}{' '}
      <Text component="span" size="xs" c="dimmed">
        {currency}
      </Text>
    </span>
  );
}
