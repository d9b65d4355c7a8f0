/** E-mail and password. */
import { Alert, Button, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api.ts';

export function SignInPage() {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: api.signIn,
    onSuccess: (session) => {
      client.removeQueries({ queryKey: ['data'] });
      client.setQueryData(['session'], session);
    },
    onError: () => setPassword(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email, password });
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <form className="surface entry" onSubmit={submit}>
        <Stack gap="md">
          <div>
            <Title order={1} size="h3">
              ml-connector
            </Title>
            <Text c="dimmed" size="sm">
              Sign in to see what has been copied, and what waits for you.
            </Text>
          </div>
          {signIn.isError && (
            <Alert color="red" variant="light" role="alert">
              {signIn.error.message}
            </Alert>
          )}
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          />
          <Button type="submit" loading={signIn.isPending}>
            Sign in
          </Button>
          <Text c="dimmed" size="xs">
            No account, or the password is lost? Whoever runs this service can help with a command.
          </Text>
        </Stack>
      </form>
    </Center>
  );
}
