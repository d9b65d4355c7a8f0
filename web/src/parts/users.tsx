/** People: added, given another role, a new password, signed out, removed. */
import { Button, Group, Select, Table, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type {
  NewPasswordView,
  Role,
  ServiceTokensAnswer,
  UserView,
} from '../../../src/api/contract-people.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatTime } from '../format.ts';
import type { Secret } from '../pages/people-page.tsx';
import { useSession } from '../session.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { Loaded, Section } from './page.tsx';
import { ServiceTokensQuestion } from './service-tokens-question.tsx';

const ROLES = [
  { value: 'viewer', label: 'Viewer' },
  { value: 'operator', label: 'Operator' },
  { value: 'admin', label: 'Admin' },
];

type Show = (secret: Secret) => void;
type Answer = { serviceTokens?: ServiceTokensAnswer };

const toSecret = ({ email, password }: NewPasswordView): Secret => ({
  title: 'New password',
  note: `Hand it to ${email} by a safe way; they can change it after signing in.`,
  text: password,
});

function AddUser({ show }: { show: Show }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const add = useAct(() => api.addUser({ email, role }), {
    failed: 'Nobody was added',
    after: (made) => {
      setEmail('');
      show(toSecret(made));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end">
        <TextInput
          label="E-mail"
          type="email"
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <Select
          label="Role"
          data={ROLES}
          value={role}
          allowDeselect={false}
          onChange={(value) => setRole((value ?? 'viewer') as Role)}
          w={130}
        />
        <Button type="submit" variant="default" loading={add.isPending}>
          Add
        </Button>
      </Group>
    </form>
  );
}

function UserRow({ user, show }: { user: UserView; show: Show }) {
  const own = useSession().email === user.email;
  const setRole = useAct(
    ({ role, serviceTokens }: { role: Role } & Answer) => api.setUserRole(user.id, role, serviceTokens),
    { failed: 'The role is as it was', done: ({ email, role }) => `${email} is now ${role}.` },
  );
  const reset = useAct(() => api.resetPassword(user.id), {
    failed: 'The password is as it was',
    after: (made) => show(toSecret(made)),
  });
  const signOut = useAct(() => api.signOutUser(user.id), {
    failed: 'Still signed in',
    done: ({ email }) => `${email} is signed out everywhere.`,
  });
  const remove = useAct(({ serviceTokens }: Answer) => api.removeUser(user.id, serviceTokens), {
    failed: 'Nobody was removed',
    done: ({ email }) => `${email} is removed.`,
  });
  return (
    <Table.Tr>
      <Table.Td>{user.email}</Table.Td>
      <Table.Td>
        <Select
          size="xs"
          aria-label={`Role of ${user.email}`}
          data={ROLES}
          value={user.role}
          allowDeselect={false}
          onChange={(value) => value !== null && setRole.mutate({ role: value as Role })}
          w={120}
        />
      </Table.Td>
      <Table.Td>{user.sessions}</Table.Td>
      <Table.Td>{formatTime(user.createdAt).slice(0, 10)}</Table.Td>
      <Table.Td>
        {!own && (
          <Group gap={6}>
            <ConfirmButton
              label="New password"
              about={`for ${user.email}`}
              question={`${user.email} gets a new password, which is shown to you once. The old one and all sessions end.`}
              act={reset}
            />
            <ConfirmButton
              label="Sign out"
              about={user.email}
              question={`All sessions of ${user.email} end; they can sign in again.`}
              act={signOut}
            />
            <ConfirmButton
              label="Remove"
              about={user.email}
              question={`${user.email} can no longer sign in, and their personal tokens end. What they did stays in the history.`}
              act={{ mutate: () => remove.mutate({}), isPending: remove.isPending }}
            />
          </Group>
        )}
        <ServiceTokensQuestion email={user.email} change={setRole} />
        <ServiceTokensQuestion email={user.email} change={remove} />
      </Table.Td>
    </Table.Tr>
  );
}

export function Users({ show }: { show: Show }) {
  const users = useQuery({ queryKey: ['users'], queryFn: api.users });
  return (
    <Section title="People" padded>
      <AddUser show={show} />
      <Loaded query={users}>
        {(all) => (
          <div className="scroll" tabIndex={0} role="region" aria-label="All people">
            <Table miw={640} mt="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>E-mail</Table.Th>
                  <Table.Th>Role</Table.Th>
                  <Table.Th>Sessions</Table.Th>
                  <Table.Th>Since</Table.Th>
                  <Table.Th>Actions</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {all.map((user) => (
                  <UserRow key={user.id} user={user} show={show} />
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
      </Loaded>
    </Section>
  );
}
