/** One's own account: a new password. */
import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { Page, Section } from '../parts/page.tsx';
import { useSession } from '../session.tsx';

export function AccountPage() {
  const { email, role } = useSession();
  const [present, setPresent] = useState('');
  const [wanted, setWanted] = useState('');
  const change = useAct(api.changePassword, {
    failed: 'The password is as it was',
    done: () => 'Your password is changed; all other sessions are ended.',
    after: () => {
      setPresent('');
      setWanted('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ present, wanted });
  };
  return (
    <Page title="Your account" note={`${email}, ${role}`}>
      <Section title="Change the password">
        <form onSubmit={submit}>
          <Stack maw={380} gap="sm">
            <PasswordInput
              label="Present password"
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={present}
              onChange={(event) => setPresent(event.currentTarget.value)}
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the present password' }}
            />
            <PasswordInput
              label="New password"
              description="12 characters or more; a sentence is good."
              autoComplete="new-password"
              required
              withAsterisk={false}
              minLength={12}
              value={wanted}
              onChange={(event) => setWanted(event.currentTarget.value)}
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the new password' }}
            />
            <Text size="xs" c="dimmed">
              Every other session of yours ends with it.
            </Text>
            <div>
              <Button type="submit" loading={change.isPending}>
                Change it
              </Button>
            </div>
          </Stack>
        </form>
      </Section>
    </Page>
  );
}
