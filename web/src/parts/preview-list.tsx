/** What would be written for the newest invoices, each with its exact requests. */
import { Badge, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Preview } from '../../../src/api/contract-connections.ts';
import { api } from '../api.ts';
import { formatAmount, formatCount } from '../format.ts';
import { Loaded } from './page.tsx';
import { RawJson } from './raw-json.tsx';

type Invoice = Preview['invoices'][number];

function InvoiceLine({ invoice }: { invoice: Invoice }) {
  const { label, amount, currency, date, account, outcome, problems, requests } = invoice;
  return (
    <details className="preview">
      <summary>
        <Group gap="sm" component="span" display="inline-flex">
          <Badge variant="light" color={outcome === 'copy' ? 'teal' : 'orange'}>
            {outcome === 'copy' ? 'would be copied' : 'would ask you'}
          </Badge>
          <Text component="span" size="sm" fw={550}>
            {label}
          </Text>
          <Text component="span" size="sm">
            {amount === null ? '' : formatAmount(amount)} {currency} {date !== null && `of ${date}`}
          </Text>
          <Text component="span" size="sm" c="dimmed">
            {account}
          </Text>
        </Group>
      </summary>
      <Stack gap="xs" py="xs" pl="md">
        {problems.map(({ field, value, rule }) => (
          <Text key={`${field} ${rule}`} size="sm">
            {field} {value === '' ? 'is empty' : `is “${value}”`}: {rule}
          </Text>
        ))}
        {requests.map(({ call, method, path, body }) => (
          <div key={call}>
            <Text className="path">
              {method} {path}
            </Text>
            <RawJson data={body} label={`${call} of ${label}`} />
          </div>
        ))}
      </Stack>
    </details>
  );
}

export function PreviewList({ connectionId }: { connectionId: string }) {
  const preview = useQuery({
    queryKey: ['preview', connectionId],
    queryFn: () => api.preview(connectionId),
    staleTime: 60_000,
  });
  return (
    <Loaded query={preview} height={240}>
      {({ invoices, estimatedTotal }) => (
        <Stack gap="xs">
          <Text size="sm" c="dimmed">
            {invoices.length === 0
              ? 'There is no invoice in the source yet.'
              : `The newest ${invoices.length} of about ${formatCount(estimatedTotal)} invoices. Nothing is written; open a line for the exact requests.`}
          </Text>
          {invoices.map((invoice) => (
            <InvoiceLine key={invoice.sourceId} invoice={invoice} />
          ))}
        </Stack>
      )}
    </Loaded>
  );
}
