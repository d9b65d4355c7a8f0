/** The very first visit: whoever has the code from the start makes the owner's account. */
import { Alert, Button, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api.ts';

/** After "#", so that it never reaches a server's log. */
function codeOfAddress(): string {
  return /#setup=([\w-]+)/.exec(globalThis.location.hash)?.[1] ?? '';
}

export function SetUpPage() {
  const client = useQueryClient();
  const [code, setCode] = useState(codeOfAddress);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const setUp = useMutation({
    mutationFn: api.setUp,
    onSuccess: (session) => {
      globalThis.history.replaceState(null, '', '/');
      client.setQueryData(['session'], session);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUp.mutate({ code, email, password });
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <form className="surface entry" onSubmit={submit}>
        <Stack gap="md">
          <div>
            <Title order={1} size="h3">
              Welcome
            </Title>
            <Text c="dimmed" size="sm">
              Nobody has an account here yet. Yours will be the owner’s: it may set up connections and invite
              others.
            </Text>
          </div>
          {setUp.isError && (
            <Alert color="red" variant="light" role="alert">
              {setUp.error.message}
            </Alert>
          )}
          <TextInput
            label="Set-up code"
            description="The service shows it when it starts."
            required
            withAsterisk={false}
            autoComplete="off"
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <TextInput
            label="Your e-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description="12 characters or more; a sentence is good."
            autoComplete="new-password"
            required
            withAsterisk={false}
            minLength={12}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          />
          <Button type="submit" loading={setUp.isPending}>
            Make my account
          </Button>
        </Stack>
      </form>
    </Center>
  );
}
