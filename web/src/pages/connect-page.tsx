/** The wizard for a new connection: systems, consent, checks, a look at what would be written, on. */
import { Button, Group, Stack, Stepper, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { ConnectorsView } from '../../../src/api/contract-connections.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { Checks, useChecks } from '../parts/checks.tsx';
import { ConsentStep } from '../parts/consent-step.tsx';
import { NewConnectionForm, SandboxOffer } from '../parts/new-connection-form.tsx';
import { Loaded, Page, Section } from '../parts/page.tsx';
import { PreviewList } from '../parts/preview-list.tsx';
import { SwitchOnStep } from '../parts/switch-on-step.tsx';
import { useMay } from '../session.tsx';

const STEPS = { systems: 0, consent: 1, checks: 2, preview: 3, on: 4 } as const;

function Start({ made }: { made: (id: string, needsConsent: boolean) => void }) {
  const connectors = useQuery({ queryKey: ['connectors'], queryFn: api.connectors });
  return (
    <Loaded query={connectors} height={320}>
      {({ systems }: ConnectorsView) => (
        <Stack gap="md">
          {systems.every(({ hasSandbox }) => hasSandbox) && <SandboxOffer made={made} />}
          <NewConnectionForm systems={systems} made={made} />
        </Stack>
      )}
    </Loaded>
  );
}

/** Where consent opens several books, a person says which. */
function AccountChoice({ connectionId, saved }: { connectionId: string; saved: () => void }) {
  const [accountId, setAccountId] = useState('');
  const save = useAct(() => api.setConnection(connectionId, { values: { source: { accountId } } }), {
    failed: 'The account is as it was',
    after: saved,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label="Account"
          description="One of those that the check names."
          required
          withAsterisk={false}
          value={accountId}
          onChange={(event) => setAccountId(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending}>
          Take this account
        </Button>
      </Group>
    </form>
  );
}

type Labels = Record<'source' | 'destination', string>;

function ChecksStep({
  connectionId,
  labels,
  next,
}: {
  connectionId: string;
  labels: Labels;
  next: () => void;
}) {
  const checks = useChecks(connectionId);
  const all = checks.data?.sides.flatMap((side) => side.checks) ?? [];
  const account = all.find(({ name, ok }) => name === 'account' && !ok);
  return (
    <Stack gap="md">
      <Checks checks={checks} labels={labels} only={({ name }) => !name.startsWith('Callback')} />
      {account && <AccountChoice connectionId={connectionId} saved={() => void checks.refetch()} />}
      <Group justify="flex-end">
        <Button onClick={next} disabled={all.length === 0}>
          Go on
        </Button>
      </Group>
    </Stack>
  );
}

type StepsProps = { connectionId: string; step: number; setStep: (step: number) => void };

function Steps({ connectionId, step, setStep }: StepsProps) {
  const connection = useQuery({
    queryKey: ['data', 'connection', connectionId],
    queryFn: () => api.connection(connectionId),
  });
  return (
    <Loaded query={connection}>
      {({ sourceLabel, destinationLabel }) => {
        const labels = { source: sourceLabel, destination: destinationLabel };
        switch (step) {
          case STEPS.consent:
            return (
              <ConsentStep
                connectionId={connectionId}
                label={sourceLabel}
                next={() => setStep(STEPS.checks)}
              />
            );
          case STEPS.checks:
            return (
              <ChecksStep connectionId={connectionId} labels={labels} next={() => setStep(STEPS.preview)} />
            );
          case STEPS.preview:
            return (
              <Stack gap="md">
                <PreviewList connectionId={connectionId} />
                <Group justify="flex-end">
                  <Button onClick={() => setStep(STEPS.on)}>Go on</Button>
                </Group>
              </Stack>
            );
          default:
            return <SwitchOnStep connectionId={connectionId} labels={labels} />;
        }
      }}
    </Loaded>
  );
}

const TITLES = ['Two systems', 'Consent', 'Checks', 'What would be written', 'Switch on'];

export function ConnectPage() {
  const { connection }: { connection?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [step, setStep] = useState<number>(connection === undefined ? STEPS.systems : STEPS.checks);
  const made = (id: string, needsConsent: boolean) => {
    setStep(needsConsent ? STEPS.consent : STEPS.checks);
    void navigate({ to: '/connect', search: { connection: id } });
  };
  const mayConnect = useMay('admin');
  return (
    <Page title="Connect two systems" note="Nothing is written before the last step.">
      {!mayConnect && <Text>An admin can make a connection.</Text>}
      {mayConnect && (
        <>
          <Stepper
            active={step}
            size="sm"
            allowNextStepsSelect={false}
            onStepClick={(to) => connection !== undefined && to > 0 && setStep(to)}
          >
            {TITLES.map((title) => (
              <Stepper.Step key={title} label={title} />
            ))}
          </Stepper>
          {connection === undefined ? (
            <Start made={made} />
          ) : (
            <Section title={TITLES[step] ?? ''}>
              <Steps connectionId={connection} step={step} setStep={setStep} />
            </Section>
          )}
        </>
      )}
    </Page>
  );
}
