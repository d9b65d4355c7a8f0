/** The source's consent: where a person gives it, and how the answer comes back to a laptop or a server. */
import { Alert, Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { Loaded } from './page.tsx';

export function ConsentStep({
  connectionId,
  label,
  next,
}: {
  connectionId: string;
  label: string;
  next: () => void;
}) {
  const consent = useQuery({
    queryKey: ['consent', connectionId],
    queryFn: () => api.startConsent(connectionId),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const [returnedUrl, setReturnedUrl] = useState('');
  const finish = useAct(() => api.finishConsent(connectionId, returnedUrl), {
    failed: 'Not connected',
    done: ({ account }) => (account === undefined ? 'Connected.' : `Connected to account ${account}.`),
    after: next,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    finish.mutate();
  };
  return (
    <Loaded query={consent}>
      {({ url, redirectUri }) => (
        <Stack gap="md">
          <Text size="sm">
            Somebody with access to the books opens {label}’s own page and allows this service to read them.
            The link is good for 30 minutes.
          </Text>
          <Group>
            <Button component="a" href={url} target="_blank" rel="noreferrer">
              Open {label} and allow
            </Button>
            <Button variant="default" onClick={next}>
              I have allowed it
            </Button>
          </Group>
          <Alert variant="light" title="On a server, and on a laptop">
            <Text size="sm">
              {label} sends the browser back to <code>{redirectUri}</code>. Where this is an address of this
              service that begins with https, nothing else is to do. On a laptop the browser ends at a page
              that does not load: copy the whole address of that page and paste it here.
            </Text>
          </Alert>
          <form onSubmit={submit}>
            <Group align="flex-end" gap="xs">
              <TextInput
                label="The address the browser ended at"
                placeholder="https://…?code=…&state=…"
                flex="1 1 260px"
                value={returnedUrl}
                onChange={(event) => setReturnedUrl(event.currentTarget.value)}
              />
              <Button
                type="submit"
                variant="default"
                loading={finish.isPending}
                disabled={returnedUrl === ''}
              >
                Finish
              </Button>
            </Group>
          </form>
          <Anchor component="button" type="button" size="sm" ta="left" onClick={() => void consent.refetch()}>
            Make a new link
          </Anchor>
        </Stack>
      )}
    </Loaded>
  );
}
