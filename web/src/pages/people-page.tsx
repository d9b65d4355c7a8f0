/** Who may sign in and as what, and the tokens of programs. */
import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Page } from '../parts/page.tsx';
import { Tokens } from '../parts/tokens.tsx';
import { Users } from '../parts/users.tsx';

export type Secret = { title: string; note: string; text: string };

function Shown({ secret, close }: { secret: Secret | undefined; close: () => void }) {
  return (
    <Modal opened={secret !== undefined} onClose={close} title={secret?.title}>
      {secret && (
        <Stack>
          <Text size="sm">{secret.note}</Text>
          <Code block>{secret.text}</Code>
          <Alert variant="light" color="orange">
            It is shown only now.
          </Alert>
          <Group justify="flex-end">
            <CopyButton value={secret.text}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

export function PeoplePage(): ReactNode {
  const [secret, setSecret] = useState<Secret>();
  return (
    <Page title="People" note="Viewers look, operators replay and decide, admins also set up.">
      <Users show={setSecret} />
      <Tokens show={setSecret} />
      <Shown secret={secret} close={() => setSecret(undefined)} />
    </Page>
  );
}
