/** Asks what becomes of the service tokens of somebody who is demoted or removed, before it is done. */
import { Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ServiceTokensAnswer } from '../../../src/api/contract-people.ts';
import { ApiError } from '../api.ts';
import { formatTime } from '../format.ts';

type Change<V> = Pick<UseMutationResult<unknown, Error, V>, 'error' | 'variables' | 'mutate' | 'reset'>;

/** Open while the last try of `change` waits for the answer. */
export function ServiceTokensQuestion<V extends object>({
  email,
  change,
}: {
  email: string;
  change: Change<V & { serviceTokens?: ServiceTokensAnswer }>;
}) {
  const { error, variables, mutate, reset } = change;
  const tokens = error instanceof ApiError ? error.serviceTokens : [];
  const decide = (serviceTokens: ServiceTokensAnswer) => {
    if (variables !== undefined) mutate({ ...variables, serviceTokens });
  };
  return (
    <Modal opened={tokens.length > 0} onClose={reset} title="Keep or end their service tokens?">
      <Stack>
        <Text size="sm">
          {email} made these tokens for programs. They go on without {email} unless you end them.
        </Text>
        <List size="sm">
          {tokens.map(({ id, name, scopes, expiresAt, lastUsedAt }) => (
            <List.Item key={id}>
              {name}: {scopes.join(', ')}; ends {expiresAt?.slice(0, 10)}; last used{' '}
              {lastUsedAt === null ? 'never' : formatTime(lastUsedAt)}
            </List.Item>
          ))}
        </List>
        <Group justify="flex-end">
          <Button variant="default" onClick={reset}>
            Cancel
          </Button>
          <Button variant="default" onClick={() => decide('keep')}>
            Keep them
          </Button>
          <Button data-autofocus onClick={() => decide('end')}>
            End them
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
