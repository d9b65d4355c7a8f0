/** One connection: how changes are noticed, settings of both sides, checks, history, and taking it away. */
import { Alert, Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { ConnectionView } from '../../../src/api/contract.ts';
import type { ConnectionFields } from '../../../src/api/contract-connections.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatCount } from '../format.ts';
import { AlertsForm } from '../parts/alerts-form.tsx';
import { BackfillProgress } from '../parts/backfill-progress.tsx';
import { BlockNotes } from '../parts/blocks.tsx';
import { Checks, useChecks } from '../parts/checks.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { FieldInputs, type Values } from '../parts/field-inputs.tsx';
import { Loaded, Page, Section } from '../parts/page.tsx';
import { PauseSwitch } from '../parts/pause-switch.tsx';
import { PoliciesForm } from '../parts/policies-form.tsx';
import { ScheduleForm } from '../parts/schedule-form.tsx';
import { useMay } from '../session.tsx';

type Full = ConnectionView & ConnectionFields;
type Side = 'source' | 'destination';

function SideForm({ connection, side, disabled }: { connection: Full; side: Side; disabled: boolean }) {
  const [values, change] = useState<Values>({});
  const save = useAct(() => api.setConnection(connection.id, { values: { [side]: values } }), {
    failed: 'Nothing was changed',
    done: () => 'Saved.',
    after: () => change({}),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <FieldInputs fields={connection.fields[side]} values={values} change={change} disabled={disabled} />
        {!disabled && (
          <div>
            <Button
              type="submit"
              variant="default"
              loading={save.isPending}
              disabled={Object.keys(values).length === 0}
            >
              Save
            </Button>
          </div>
        )}
      </Stack>
    </form>
  );
}

function PathsRow({ connection }: { connection: Full }) {
  const rotate = useAct(() => api.rotatePaths(connection.id), {
    failed: 'The paths stay as they are',
    done: ({ callbacks, waits }) =>
      `${formatCount(callbacks)} webhooks get new paths${waits ? ' when the connection is resumed' : ''}.`,
  });
  return (
    <Group gap="xs">
      <Text size="sm">The webhooks’ paths are secrets. If one may have become known, replace them.</Text>
      <ConfirmButton
        label="Replace the paths"
        about={connection.name}
        question="The old paths are served until the new ones are verified: nothing is missed."
        act={rotate}
      />
    </Group>
  );
}

function ChecksSection({ connection }: { connection: Full }) {
  const [asked, setAsked] = useState(false);
  const checks = useChecks(connection.id, { enabled: asked });
  const labels = { source: connection.sourceLabel, destination: connection.destinationLabel };
  return (
    <Section title="Would both systems work?">
      {asked ? (
        <Checks checks={checks} labels={labels} />
      ) : (
        <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
          Check both systems
        </Button>
      )}
    </Section>
  );
}

function HistorySection({ connection }: { connection: Full }) {
  const [since, setSince] = useState('');
  const [backfillId, setBackfillId] = useState<string>();
  const start = useAct(() => api.startBackfill(connection.id, since === '' ? undefined : since), {
    failed: 'History is not copied',
    after: ({ id }) => setBackfillId(id),
  });
  return (
    <Section title="Copy history">
      <Stack gap="sm">
        <Text size="sm">
          Every document is looked at once more and copied where it is missing; what is there already stays as
          it is.
        </Text>
        <Group align="flex-end" gap="xs">
          <TextInput
            label="Changed since"
            description="Everything when left empty."
            type="date"
            value={since}
            onChange={(event) => setSince(event.currentTarget.value)}
          />
          <Button variant="default" loading={start.isPending} onClick={() => start.mutate()}>
            Copy history
          </Button>
        </Group>
        {backfillId !== undefined && <BackfillProgress backfillId={backfillId} />}
      </Stack>
    </Section>
  );
}

function RemoveSection({ connection }: { connection: Full }) {
  const navigate = useNavigate();
  const plan = useQuery({
    queryKey: ['removal', connection.id],
    queryFn: () => api.removeConnection(connection.id, { dryRun: true, force: false }),
    retry: false,
  });
  const words = {
    failed: 'Not removed',
    done: ({ name }: { name: string }) => `${name} is removed.`,
    after: () => navigate({ to: '/connections' }),
  };
  const remove = useAct(() => api.removeConnection(connection.id, { dryRun: false, force: false }), words);
  const force = useAct(() => api.removeConnection(connection.id, { dryRun: false, force: true }), words);
  return (
    <Section title="Take it away">
      <Loaded query={plan}>
        {({ callbacks, recordsKept, unsettled }) => (
          <Stack gap="sm" align="flex-start">
            <Text size="sm">
              {callbacks.length} callbacks and the tokens are given back, the secrets are forgotten.{' '}
              {formatCount(recordsKept)} records and their history stay.
              {unsettled > 0 && ` ${formatCount(unsettled)} records are still under way and would stay so.`}
            </Text>
            <ConfirmButton
              label="Remove"
              about={connection.name}
              question={`Nothing is copied for ${connection.name} any more. This cannot be taken back.`}
              act={remove}
            />
            {remove.isError && (
              <ConfirmButton
                label="Remove all the same"
                about={connection.name}
                question="The source did not take everything back: what is left there has to be taken away by hand."
                act={force}
              />
            )}
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

function Connection({ connection }: { connection: Full }) {
  const [mayOperate, maySetUp] = [useMay('operator'), useMay('admin')];
  return (
    <Page
      title={connection.name}
      note={`${connection.sourceLabel} to ${connection.destinationLabel}`}
      actions={<PauseSwitch connection={connection} />}
    >
      {connection.pauseReason !== null && (
        <Alert color="orange" variant="light" title="Paused">
          <Text size="sm">{connection.pauseReason}</Text>
          {maySetUp && (
            <Button
              renderRoot={(props) => <Link to="/connect" search={{ connection: connection.id }} {...props} />}
              size="compact-sm"
              variant="default"
              mt="xs"
            >
              Go through the set-up again
            </Button>
          )}
        </Alert>
      )}
      <BlockNotes blocks={connection.blocks} />
      <Section title="How changes are noticed">
        <Stack gap="md">
          <ScheduleForm connection={connection} disabled={!maySetUp} />
          {maySetUp && connection.webhooksEnabled && <PathsRow connection={connection} />}
        </Stack>
      </Section>
      <Section title="Policies">
        <PoliciesForm connectionId={connection.id} policies={connection.policies} disabled={!maySetUp} />
      </Section>
      <Section title="Who is told">
        <AlertsForm connectionId={connection.id} alerts={connection.alerts} disabled={!maySetUp} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Section title={`Settings of ${connection.sourceLabel}`}>
          <SideForm connection={connection} side="source" disabled={!maySetUp} />
        </Section>
        <Section title={`Settings of ${connection.destinationLabel}`}>
          <SideForm connection={connection} side="destination" disabled={!maySetUp} />
        </Section>
      </SimpleGrid>
      <ChecksSection connection={connection} />
      {mayOperate && <HistorySection connection={connection} />}
      {maySetUp && <RemoveSection connection={connection} />}
    </Page>
  );
}

export function ConnectionPage() {
  const { connectionId = '' } = useParams({ strict: false });
  const connection = useQuery({
    queryKey: ['data', 'connection', connectionId],
    queryFn: () => api.connection(connectionId),
  });
  return (
    <Loaded query={connection} height={320}>
      {(loaded) => <Connection connection={loaded} />}
    </Loaded>
  );
}
