/** API tokens: what programs show instead of signing in. */
import { Button, Checkbox, Group, NumberInput, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { AddTokenRequest, ApiTokenView } from '../../../src/api/contract-people.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatTime } from '../format.ts';
import type { Secret } from '../pages/people-page.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { Loaded, Section } from './page.tsx';

const SCOPES: [AddTokenRequest['scopes'][number], string][] = [
  ['read', 'look at everything but people'],
  ['operate', 'replay, pause, decide'],
  ['connections', 'set up connections'],
  ['people', 'sign out and remove people, end tokens'],
];

const KINDS = [
  { value: 'personal', label: 'Personal: ends with your account' },
  { value: 'service', label: 'Service: goes on without you' },
];
const LONGEST_DAYS = { personal: 3650, service: 366 };

type Show = (secret: Secret) => void;

function AddToken({ show }: { show: Show }) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState<AddTokenRequest['kind']>('personal');
  const [days, setDays] = useState<string | number>(365);
  const [scopes, setScopes] = useState<string[]>(['read']);
  const offered = SCOPES.filter(([scope]) => kind === 'personal' || scope !== 'people');
  const chosen = offered.map(([scope]) => scope).filter((scope) => scopes.includes(scope));
  const request = {
    name,
    kind,
    scopes: chosen,
    ...(typeof days === 'number' ? { days } : {}),
  };
  const add = useAct(() => api.addToken(request), {
    failed: 'No token was made',
    after: ({ token }) => {
      setName('');
      const note = 'Programs send it as "Authorization: Bearer …".';
      show({ title: 'New API token', note, text: token });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Checkbox.Group label="What it may do" value={chosen} onChange={setScopes}>
          <Group gap="md" mt={4}>
            {offered.map(([value, label]) => (
              <Checkbox key={value} value={value} label={`${value}: ${label}`} />
            ))}
          </Group>
        </Checkbox.Group>
        <Group gap="xs" align="flex-end">
          <TextInput
            label="Name"
            placeholder="Who will use it"
            required
            withAsterisk={false}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Whose"
            data={KINDS}
            value={kind}
            allowDeselect={false}
            onChange={(value) => setKind(value === 'service' ? 'service' : 'personal')}
            w={260}
          />
          <NumberInput
            label="Days until it ends"
            min={1}
            max={LONGEST_DAYS[kind]}
            required={kind === 'service'}
            withAsterisk={false}
            value={days}
            onChange={setDays}
            w={150}
          />
          <Button type="submit" variant="default" loading={add.isPending} disabled={chosen.length === 0}>
            Make a token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function TokenRow({ token }: { token: ApiTokenView }) {
  const revoke = useAct(() => api.revokeToken(token.id), {
    failed: 'The token still works',
    done: ({ name }) => `The token "${name}" is ended.`,
  });
  return (
    <Table.Tr>
      <Table.Td>{token.name}</Table.Td>
      <Table.Td>{token.kind}</Table.Td>
      <Table.Td>{token.scopes.join(', ')}</Table.Td>
      <Table.Td>
        {token.expiresAt === null ? 'with its person' : formatTime(token.expiresAt).slice(0, 10)}
      </Table.Td>
      <Table.Td>{token.lastUsedAt === null ? 'never' : formatTime(token.lastUsedAt)}</Table.Td>
      <Table.Td>{token.createdBy}</Table.Td>
      <Table.Td>
        <ConfirmButton
          label="End"
          about={token.name}
          question={`Programs that use "${token.name}" are refused from now on.`}
          act={revoke}
        />
      </Table.Td>
    </Table.Tr>
  );
}

export function Tokens({ show }: { show: Show }) {
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: api.tokens });
  return (
    <Section title="API tokens">
      <AddToken show={show} />
      <Loaded query={tokens}>
        {(all) =>
          all.length === 0 ? (
            <Text size="sm" c="dimmed" mt="sm">
              No program has a token.
            </Text>
          ) : (
            <div className="scroll" tabIndex={0} role="region" aria-label="All tokens">
              <Table miw={640} mt="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Kind</Table.Th>
                    <Table.Th>May</Table.Th>
                    <Table.Th>Ends</Table.Th>
                    <Table.Th>Last used</Table.Th>
                    <Table.Th>Made by</Table.Th>
                    <Table.Th>Actions</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((token) => (
                    <TokenRow key={token.id} token={token} />
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Loaded>
    </Section>
  );
}
