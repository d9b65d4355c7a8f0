/** The first step of a new connection: the sandbox, or both systems with their credentials. */
import { Button, Code, Group, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconFlask } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import type { ConnectorsView } from '../../../src/api/contract-connections.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { FieldInputs, type Values } from './field-inputs.tsx';
import { Section } from './page.tsx';

type System = ConnectorsView['systems'][number];
type Made = (connectionId: string, needsConsent: boolean) => void;

const POLL_SECONDS = 300;

export function SandboxOffer({ made }: { made: Made }) {
  const sandbox = useAct(api.addSandbox, {
    failed: 'The sandbox did not start',
    done: ({ name }) => `The sandbox is running, connected as “${name}”.`,
    after: ({ id }) => made(id, false),
  });
  return (
    <Section title="Try the sandbox">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          Simulators of both systems with a small made-up company: no credentials, nothing real, gone when the
          service stops. The steps are the same as for a real connection.
        </Text>
        <Button
          leftSection={<IconFlask size={16} aria-hidden />}
          loading={sandbox.isPending}
          onClick={() => sandbox.mutate()}
        >
          Try the sandbox
        </Button>
      </Stack>
    </Section>
  );
}

type SideProps = {
  systems: System[];
  chosen: string;
  choose: (id: string) => void;
  values: Values;
  change: (values: Values) => void;
};

function SideForm({ systems, chosen, choose, values, change }: SideProps) {
  const system = systems.find(({ id }) => id === chosen);
  if (!system) return null;
  const preset = system.redirectUri === null ? {} : { redirectUri: system.redirectUri };
  return (
    <Section title={system.side === 'source' ? `From: ${system.label}` : `To: ${system.label}`}>
      <Stack gap="sm">
        {systems.length > 1 && (
          <Select
            label="System"
            data={systems.map(({ id, label }) => ({ value: id, label }))}
            value={chosen}
            allowDeselect={false}
            onChange={(id) => choose(id ?? chosen)}
          />
        )}
        {system.redirectUri !== null && (
          <Text size="sm">
            Register this address in the system as the one it comes back to: <Code>{system.redirectUri}</Code>
            . It has to begin with https: on a laptop any https address of yours will do, such as{' '}
            <Code>https://localhost/cb</Code>, entered below as well.
          </Text>
        )}
        <FieldInputs fields={system.fields} values={{ ...preset, ...values }} change={change} />
      </Stack>
    </Section>
  );
}

function useSide(systems: System[]) {
  const [chosen, choose] = useState(systems[0]?.id ?? '');
  const [values, change] = useState<Values>({});
  return { systems, chosen, choose, values, change };
}

export function NewConnectionForm({ systems, made }: { systems: System[]; made: Made }) {
  const source = useSide(systems.filter(({ side }) => side === 'source'));
  const destination = useSide(systems.filter(({ side }) => side === 'destination'));
  const [name, setName] = useState('main');
  const [webhooksEnabled, setWebhooks] = useState(true);
  const redirectUri = source.systems.find(({ id }) => id === source.chosen)?.redirectUri;
  const preset = redirectUri === null || redirectUri === undefined ? {} : { redirectUri };
  const add = useAct(
    () =>
      api.addConnection({
        name,
        source: { connector: source.chosen, values: { ...preset, ...source.values } },
        destination: { connector: destination.chosen, values: destination.values },
        webhooksEnabled,
        pollIntervalSeconds: POLL_SECONDS,
      }),
    { failed: 'Not added', after: ({ id, needsConsent }) => made(id, needsConsent) },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <SideForm {...source} />
          <SideForm {...destination} />
        </SimpleGrid>
        <Section title="How it is called, and how changes are noticed">
          <Stack gap="sm" maw={520}>
            <TextInput
              label="Name"
              required
              withAsterisk={false}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Switch
              label="Let the source call us at once when something changes (webhooks)"
              description="Needs an https address that the internet reaches. Without it we look every five minutes."
              checked={webhooksEnabled}
              onChange={(event) => setWebhooks(event.currentTarget.checked)}
            />
          </Stack>
        </Section>
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            Save and go on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
