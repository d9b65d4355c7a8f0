/** Accounts that several clients are booked to: whose each one is, which a person may say. Nothing where there are none. */
import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SharedAccount } from '../../../src/api/contract.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { useMay } from '../session.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { Section } from './page.tsx';

type Client = SharedAccount['clients'][number];

const told = ({ label, connection, clientId }: Client): string =>
  `${label || 'Client'} (${connection}/${clientId})`;

function Owner({ account, client }: { account: SharedAccount; client: Client }) {
  const { connectionId, clientId } = client;
  const name = useAct(() => api.setAccountOwner(connectionId, { clientId, account: account.id }), {
    failed: 'Nothing was changed',
    done: (done) => `Account ${done.account} is that of ${done.owner}.`,
  });
  const isOwner = account.owner?.connectionId === connectionId && account.owner.clientId === clientId;
  const mayOperate = useMay('operator');
  return (
    <Group gap="xs">
      <Text size="sm">{told(client)}</Text>
      {isOwner && (
        <Text size="sm" c="dimmed">
          whose it is
        </Text>
      )}
      {mayOperate && !isOwner && (
        <ConfirmButton
          label="It is this client’s"
          about={`${told(client)}: account ${account.number}`}
          question={`Only the name and e-mail of ${told(client)} are written to account ${account.number} from now on. Nothing that is booked moves.`}
          act={name}
        />
      )}
    </Group>
  );
}

export function SharedAccounts() {
  const shared = useQuery({ queryKey: ['data', 'shared-accounts'], queryFn: api.sharedAccounts });
  const accounts = shared.data ?? [];
  if (accounts.length === 0) return null;
  return (
    <Section title="Accounts of several clients">
      <Stack gap="sm">
        {accounts.map((account) => (
          <div key={account.id}>
            <Text size="sm" fw={600}>
              {account.number}
              {account.owner === null && ': nobody has said whose it is'}
            </Text>
            {account.clients.map((client) => (
              <Owner key={`${client.connectionId}/${client.clientId}`} account={account} client={client} />
            ))}
          </div>
        ))}
      </Stack>
    </Section>
  );
}
